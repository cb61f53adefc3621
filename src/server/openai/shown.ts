import type { OutputItem, OutputText, ResponseShown } from "../../contracts/http/responses.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { CallPart } from "../../contracts/message.ts";
import type { Trace } from "../../contracts/trace.ts";
import { AGENT_PREFIX } from "../agents.ts";
import type { Call } from "../route.ts";
import { asksFor } from "../runs.ts";
import { type Addressed, receiptOf, usageOf, waitingText } from "./chat.ts";
import { RESPONSE } from "./response.ts";

/** What one run is as a response, read from its record: the same to whoever asked and whoever looks. */
export function responseShown(
  call: Pick<Call<unknown>, "nanos" | "key" | "id"> & Addressed,
  { run, started }: { readonly run: string; readonly started: RunStarted },
): ResponseShown {
  const trace = call.nanos.traces.show(run);
  const { end, state } = trace;
  const asks = state === "waiting" ? asksFor(call).filter((ask) => ask.run.startsWith(run)) : [];
  const text = state === "waiting" ? waitingText(run, asks, call) : (end?.text ?? "");
  const { sampling = {}, user, metadata } = started.wish ?? {};
  return {
    ...headOf(run, trace),
    ...stateOf(trace),
    ...{
      instructions: started.wish?.instructions ?? null,
      output: outputOf(run, text, end?.calls),
    },
    ...toolsShown(started),
    previous_response_id: previousOf(started),
    max_output_tokens: sampling.maxTokens ?? null,
    ...{ temperature: sampling.temperature ?? null, top_p: sampling.topP ?? null },
    text: { format: formatOf(started) },
    ...{ store: true, truncation: "disabled", user: user ?? null, metadata: metadata ?? {} },
    usage: state === "running" ? null : usageShown(trace),
    ...receiptOf(call.id, trace),
  };
}

function headOf(run: string, { agent, at }: Trace) {
  const created_at = Math.floor(at / 1000);
  return {
    id: `${RESPONSE}${run}`,
    object: "response" as const,
    created_at,
    model: AGENT_PREFIX + agent,
  };
}

type State = Pick<ResponseShown, "status" | "error" | "incomplete_details">;

function stateOf({ state, end }: Trace): State {
  const open = { error: null, incomplete_details: null };
  // What waits for the operator has said so, which is all there is to be had for now.
  if (end === null) return { status: state === "waiting" ? "completed" : "in_progress", ...open };
  const { failure, outcome, text } = end;
  if (failure?.code === "run.cut") {
    return {
      status: "incomplete",
      error: null,
      incomplete_details: { reason: "max_output_tokens" },
    };
  }
  if (outcome === "cancelled") return { status: "cancelled", ...open };
  if (text !== "" || outcome === "succeeded") return { status: "completed", ...open };
  const { code = `run.${outcome}`, message = "There is no answer." } = failure ?? {};
  return { status: "failed", error: { code, message }, incomplete_details: null };
}

/** What was said, where anything was, and then each call. */
export function outputOf(run: string, text: string, calls: readonly CallPart[] = []): OutputItem[] {
  const said = text === "" ? [] : [messageItem(run, [outputText(text)], "completed")];
  return [...said, ...calls.map((call) => callItem(call, JSON.stringify(call.args), "completed"))];
}

type Status = OutputItem["status"];

export function messageItem(run: string, content: OutputText[], status: Status): OutputItem {
  return { id: `msg_${run}`, type: "message", status, role: "assistant", content };
}

export function outputText(text: string): OutputText {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

export function callItem({ id, name }: CallPart, args: string, status: Status): OutputItem {
  return { id: `fc_${id}`, type: "function_call", status, call_id: id, name, arguments: args };
}

function toolsShown({ wish = {} }: RunStarted) {
  const { tools = [], must, single } = wish;
  const named = typeof must === "string" ? { type: "function", name: must } : "required";
  return {
    tools: tools.map(({ name, description, input }) => ({
      ...{ type: "function", name, description, parameters: input, strict: true },
    })),
    tool_choice: must === undefined ? "auto" : named,
    parallel_tool_calls: single !== true,
  };
}

function formatOf({ wish }: RunStarted): { readonly type: string } {
  const { form } = wish ?? {};
  if (form === undefined) return { type: "text" };
  if (form.schema === null) return { type: "json_object" };
  return { type: "json_schema", ...{ name: "answer", schema: form.schema, strict: true } };
}

/** The response it goes on from: the one whose calls it brings results of, else the turn before. */
function previousOf({ since = [], after }: RunStarted): string | null {
  const asked = since.findLast(({ role }) => role === "assistant");
  const id = asked?.parts.flatMap((part) => (part.type === "call" ? [part.id] : [])).at(0);
  const run = id?.split(".", 1)[0] ?? after.at(-1);
  return run === undefined ? null : `${RESPONSE}${run}`;
}

function usageShown(trace: Trace): ResponseShown["usage"] {
  const { prompt_tokens, completion_tokens, total_tokens } = usageOf(trace);
  return {
    ...{ input_tokens: prompt_tokens, output_tokens: completion_tokens, total_tokens },
    input_tokens_details: { cached_tokens: trace.end?.usage.cached ?? 0 },
    output_tokens_details: { reasoning_tokens: 0 },
  };
}
