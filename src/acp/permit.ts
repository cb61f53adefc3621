import type { Nanos } from "../contracts/nanos.ts";
import type { AskReply, AskView } from "../contracts/question.ts";
import type { Ask } from "../contracts/run.ts";
import { isObject, type Json, type JsonObject } from "../std/json.ts";
import type { Peer } from "../std/rpc.ts";
import { clip, plainJson, plainText } from "../std/text.ts";
import { diffContent } from "./diff.ts";

/**
 * Puts an ask to whoever sits at the editor. The editor is the operator's own: they started it, and
 * it started this process, as a shell does. Only an option that was offered for this very ask
 * answers it; what a prompt says never does.
 */
export function permitting(
  { approvals }: Nanos,
  sessionId: string,
  peer: Peer,
): (ask: Ask, signal: AbortSignal) => Promise<AskReply | null> {
  return async (ask, signal) => {
    const view = approvals.show(ask.id);
    const options = optionsFor(view);
    const toolCall = {
      toolCallId: ask.step,
      title: clip(plainText(ask.what), 300),
      status: "pending",
      rawInput: plainJson(view.action),
      content: [said(why(view)), ...diffContent(view.changes ?? [])],
    };
    const wanted = options.map(({ reply: _, ...shown }) => shown);
    const params = { sessionId, toolCall, options: wanted } as unknown as JsonObject;
    const came = await peer.request("session/request_permission", params, signal);
    const outcome = isObject(came) && isObject(came["outcome"]) ? came["outcome"] : {};
    if (outcome["outcome"] !== "selected") return null;
    return options.find(({ optionId }) => optionId === outcome["optionId"])?.reply ?? null;
  };
}

interface Option {
  readonly optionId: string;
  readonly name: string;
  readonly kind: "allow_once" | "allow_always" | "reject_once";
  readonly reply: AskReply;
}

/** What rank S takes, the action's name as it is typed, no editor asks for: it is offered a no. */
function optionsFor({ question }: AskView): readonly Option[] {
  const deny: Option = {
    ...{ optionId: "deny", name: "Deny", kind: "reject_once" },
    reply: { verdict: "deny", reach: "once" },
  };
  if (question?.rank === "S") return [deny];
  const once: Option = {
    ...{ optionId: "once", name: "Allow this once", kind: "allow_once" },
    reply: { verdict: "allow", reach: "once" },
  };
  const covers = question?.covers ?? null;
  if (covers === null) return [once, deny];
  const all: Option = {
    ...{ optionId: "run", name: clip(plainText(`Allow ${covers}`), 100), kind: "allow_always" },
    reply: { verdict: "allow", reach: "run" },
  };
  return [once, all, deny];
}

function why({ id, question, what, earlier }: AskView): string {
  if (question === null) return what;
  const { rank, why: because, cost } = question;
  const typed = rank === "S" ? ` A yes is typed in a terminal: nanos approvals approve ${id}` : "";
  const before = earlier ? `\nBefore: ${earlier.says}.` : "";
  return `${what}\nAsked because ${because}.\nRank ${rank}: ${cost}.${typed}${before}`;
}

/** Text as content of a tool call. */
export function said(text: string): Json {
  return { type: "content", content: { type: "text", text: plainText(text) } };
}
