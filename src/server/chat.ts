import type { ChatMessage, ChatReceipt, ChatUsage } from "../contracts/http/openai.ts";
import type { AgentChat } from "../contracts/http/seeds.ts";
import type { Message } from "../contracts/message.ts";
import type { RunHandle, RunHooks } from "../contracts/nanos.ts";
import type { Ask, RunEnd, RunState } from "../contracts/run.ts";
import type { Trace, TraceStep } from "../contracts/trace.ts";
import type { Clock } from "../std/clock.ts";
import { assert, NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { AGENT_PREFIX } from "./agents.ts";
import { askerOf } from "./door/asker.ts";
import { Refusal } from "./refusal.ts";
import type { Call } from "./route.ts";

/** What a client of OpenAI sends, as a request of a run: the last message, and what was before it. */
export interface Conversation {
  readonly text: string;
  readonly earlier: readonly Message[];
}

/** @throws Refusal `chat.no_request`, `chat.too_many`, `http.not_supported`. */
export function conversationOf(asked: AgentChat): Conversation {
  checkKept(asked);
  const { messages } = asked;
  if (messages.length > LIMITS.earlierMessages) {
    const message = `A conversation has at most ${LIMITS.earlierMessages} messages.`;
    throw new Refusal("chat.too_many", message, "Send the newest.", { param: "messages" });
  }
  const last = messages.at(-1);
  const text = last?.role === "user" ? textOf(last.content) : "";
  if (text.trim() === "") {
    const message = "The last message is not something a user asks.";
    throw new Refusal("chat.no_request", message, "End with a message of role user.", {
      param: "messages",
    });
  }
  return { text, earlier: messages.slice(0, -1).map(messageOf) };
}

/**
 * A field may be let pass where an answer without it is still an answer. One that changes what the
 * client has to do with the answer, or can read of it, is refused while nothing is made of it.
 */
function checkKept(asked: AgentChat): void {
  for (const [param, { means, next }] of Object.entries(NOT_SUPPORTED)) {
    if (!means(asked[param])) continue;
    const message = `${param} is not supported here yet.`;
    throw new Refusal("http.not_supported", message, next, { param });
  }
}

const isSaid = (given: unknown): boolean => given !== undefined && given !== null;
const isFull = (given: unknown): boolean =>
  isSaid(given) && !(Array.isArray(given) && given.length === 0);
const isForced = (given: unknown): boolean => isSaid(given) && given !== "none" && given !== "auto";
const TOOLS_STAY =
  "Leave it out: an agent has the tools its own file names, and calls them itself.";

/** What is refused: when a value asks for something, and what to do instead. */
const NOT_SUPPORTED: Readonly<
  Record<string, { readonly means: (given: unknown) => boolean; readonly next: string }>
> = {
  tools: { means: isFull, next: TOOLS_STAY },
  functions: { means: isFull, next: TOOLS_STAY },
  tool_choice: { means: isForced, next: TOOLS_STAY },
  function_call: { means: isForced, next: TOOLS_STAY },
  response_format: {
    means: (given) => isSaid(given) && (given as { type?: unknown }).type !== "text",
    next: "Leave it out, or ask for text; say in the request what the answer is to look like.",
  },
};

function messageOf(message: ChatMessage): Message {
  const text = textOf(message.content);
  switch (message.role) {
    case "assistant":
      return { role: "assistant", parts: [{ type: "text", text }] };
    case "user":
      return { role: "user", parts: [{ type: "text", text }] };
    // What the agent is stands in its own file; a client's wishes are words of the client.
    case "system":
    case "developer":
      return { role: "user", parts: [{ type: "text", text: `The client says first: ${text}` }] };
  }
}

function textOf(content: ChatMessage["content"]): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((item) => item.text).join("\n");
}

/** Begins a run for the key of a call, held to what that key reaches. */
export function begin(
  { nanos, key }: Pick<Call<unknown>, "nanos" | "key">,
  asked: Conversation & { readonly agent: string },
  hooks: RunHooks,
): Promise<RunHandle> {
  const { text, agent, earlier } = asked;
  const before = earlier.length === 0 ? {} : { earlier };
  return nanos.run({ text, agent, ...askerOf(key), ...before, ...hooks });
}

/** What is the same in all that is sent of one answer. */
export interface Common {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
}

export function commonOf(run: string, agent: string, clock: Clock): Common {
  const created = Math.floor(clock.now() / 1000);
  return { id: `chatcmpl-${run}`, created, model: AGENT_PREFIX + agent };
}

/** A whole answer of an agent, as a chat completion. */
export async function completion(
  call: Pick<Call<unknown>, "nanos" | "key" | "signal" | "clock" | "id">,
  agent: string,
  asked: AgentChat,
): Promise<{ readonly headers: Said["headers"]; readonly body: object }> {
  const { nanos, signal, clock, id } = call;
  // Whoever goes away reads no answer: what they asked for is stopped.
  const handle = await begin(call, { ...conversationOf(asked), agent }, { signal });
  const { text, finish, headers } = saidBy(await handle.done);
  const trace = nanos.traces.show(handle.run);
  const message = { role: "assistant", content: text, refusal: null };
  const body = {
    ...{ ...commonOf(handle.run, agent, clock), object: "chat.completion" },
    choices: [{ index: 0, message, finish_reason: finish, logprobs: null }],
    usage: usageOf(trace),
    ...receiptOf(id, trace),
  };
  return { headers, body };
}

/** What a run came to, for a client that knows nothing of runs. */
export interface Said {
  readonly text: string;
  readonly finish: "stop" | "length";
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The answer of a run; for one that waits, what it waits for.
 *
 * @throws NanosError with the code of the failure, where there is no answer.
 */
export function saidBy(state: RunState): Said {
  assert(state.state !== "running", "a run that is done does not run");
  const run = { "x-nanos-run": state.run };
  if (state.state === "waiting") {
    const ids = state.asks.map(({ id }) => id).join(", ");
    const headers = { ...run, ...(ids === "" ? {} : { "x-nanos-approval": ids }) };
    return { text: waitingText(state.run, state.asks), finish: "stop", headers };
  }
  const { text, failure, outcome } = state.ended;
  if (text === "" && outcome !== "succeeded") throw failureIn(state.ended);
  const finish = failure?.code === "run.cut" ? "length" : "stop";
  return { text, finish, headers: { ...run, "x-nanos-outcome": outcome } };
}

function failureIn({ outcome, failure }: RunEnd): NanosError {
  const {
    code,
    message,
    next = "",
  } = failure ?? {
    code: `run.${outcome}`,
    message: `The run ${outcome}.`,
  };
  return new NanosError(code, message, next);
}

function waitingText(run: string, asks: readonly Ask[]): string {
  const lines = asks.map(({ id, what }) => `- ${what} (approval ${id})`);
  return [
    "This waits for the operator, who has to say yes first:",
    ...lines,
    `They answer with nanos approvals show ID, and go on with nanos resume ${run}.`,
  ].join("\n");
}

/** Tokens of all its model calls, children's included. */
export function usageOf(trace: Trace): ChatUsage {
  const all = stepsOf(trace).flatMap(({ usage }) => usage ?? []);
  const input = all.reduce((sum, one) => sum + one.input, 0);
  const output = all.reduce((sum, one) => sum + one.output, 0);
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

/** What stands behind an answer, in the words of the seeds. */
export function receiptOf(request: string, trace: Trace): ChatReceipt {
  const last = (fits: (step: TraceStep) => boolean): TraceStep | undefined =>
    trace.steps.findLast(fits);
  const note = last(({ kind }) => kind === "note");
  const tool = last(({ kind }) => kind === "tool");
  const model = last(({ kind }) => kind === "model");
  const output = tool?.outcome?.status === "done" ? tool.outcome.output : null;
  return {
    request_id: request,
    memory_decision: note?.decision?.reason ?? null,
    route_decision: last(({ kind }) => kind === "run")?.name ?? null,
    model_decision: model?.fallback ?? model?.name ?? null,
    tool_result: output,
  };
}

function stepsOf(trace: Trace): readonly TraceStep[] {
  return trace.steps.flatMap((step) => [step, ...(step.child ? stepsOf(step.child) : [])]);
}
