import type { ChatReceipt, ChatUsage, ToolCall } from "../../contracts/http/openai.ts";
import type { CallPart } from "../../contracts/message.ts";
import type { RunHandle, RunHooks } from "../../contracts/nanos.ts";
import type { Ask, RunEnd, RunState } from "../../contracts/run.ts";
import type { Trace, TraceStep } from "../../contracts/trace.ts";
import type { Clock } from "../../std/clock.ts";
import { assert, NanosError } from "../../std/error.ts";
import { AGENT_PREFIX } from "../agents.ts";
import { askerOf } from "../door/asker.ts";
import { waitedFor } from "../live.ts";
import { ownAddress } from "../door/guard.ts";
import { Refusal } from "../refusal.ts";
import type { Call } from "../route.ts";
import type { Asked } from "./asked.ts";
import { type Param, paramOf } from "./params.ts";

/**
 * Begins a run for the key of a call, held to what that key reaches. Its client waits for it, where
 * nothing else is said.
 *
 * @throws Refusal with the field that cannot be had as `param`, and as `run` does.
 */
export async function begin(
  call: Pick<Call<unknown>, "nanos" | "key" | "signal" | "leaves">,
  {
    agent,
    params,
    ...asked
  }: Asked & { readonly agent: string; readonly params: readonly Param[] },
  hooks: Pick<RunHooks, "on"> & { readonly waits?: false },
): Promise<RunHandle> {
  const { nanos, key } = call;
  const { waits = true, ...rest } = hooks;
  const run = (more: RunHooks): Promise<RunHandle> =>
    nanos.run({ ...asked, agent, ...askerOf(key), ...rest, ...more });
  try {
    return await (waits ? waitedFor(call, (signal) => run({ signal })) : run({}));
  } catch (error) {
    const param = error instanceof NanosError ? paramOf(params, error.code) : undefined;
    if (!(error instanceof NanosError) || param === undefined) throw error;
    throw new Refusal(error.code, error.message, error.next, { param });
  }
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
  call: Pick<Call<unknown>, "nanos" | "key" | "signal" | "leaves" | "clock" | "id"> & Addressed,
  agent: string,
  asked: Asked & { readonly params: readonly Param[] },
): Promise<{ readonly headers: Said["headers"]; readonly body: object }> {
  const { nanos, clock, id } = call;
  const handle = await begin(call, { ...asked, agent }, {});
  const { text, finish, headers, calls } = saidBy(await handle.done, call);
  const trace = nanos.traces.show(handle.run);
  const called = calls.length === 0 ? {} : { tool_calls: calls.map(toolCallOf) };
  const content = text === "" && calls.length > 0 ? null : text;
  const message = { role: "assistant", content, refusal: null, ...called };
  const body = {
    ...{ ...commonOf(handle.run, agent, clock), object: "chat.completion" },
    choices: [{ index: 0, message, finish_reason: finish, logprobs: null }],
    usage: usageOf(trace),
    ...receiptOf(id, trace),
  };
  return { headers, body };
}

/** A call that the client carries out, as chat completions say it. */
export function toolCallOf({ id, name, args }: CallPart): ToolCall {
  return { id, type: "function", function: { name, arguments: JSON.stringify(args) } };
}

/** What a run came to, for a client that knows nothing of runs. */
export interface Said {
  readonly text: string;
  readonly finish: "stop" | "length" | "tool_calls";
  /** What the client is to do. */
  readonly calls: readonly CallPart[];
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The answer of a run; for one that waits, what it waits for.
 *
 * @throws NanosError with the code of the failure, where there is no answer.
 */
export function saidBy(state: RunState, to: Addressed): Said {
  assert(state.state !== "running", "a run that is done does not run");
  const run = { "x-nanos-run": state.run };
  if (state.state === "waiting") {
    const ids = state.asks.map(({ id }) => id).join(", ");
    const headers = { ...run, ...(ids === "" ? {} : { "x-nanos-approval": ids }) };
    return { text: waitingText(state.run, state.asks, to), finish: "stop", headers, calls: [] };
  }
  const { text, failure, outcome, calls = [] } = state.ended;
  if (text === "" && outcome !== "succeeded") throw failureIn(state.ended);
  const said = failure?.code === "run.cut" ? "length" : "stop";
  const finish = calls.length > 0 ? "tool_calls" : said;
  return { text, finish, calls, headers: { ...run, "x-nanos-outcome": outcome } };
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

/** How the client has addressed this server. */
export type Addressed = Pick<Call<unknown>, "names" | "headers">;

/**
 * What is said where a run waits for the operator: with the page of their browser that shows what is
 * asked, which shows it to nobody else.
 */
export function waitingText(run: string, asks: readonly Ask[], to: Addressed): string {
  const page = `${ownAddress(to)}/organism#/approvals/`;
  const lines = asks.map(({ id, what }) => `- ${what} (approval ${id}): ${page}${id}`);
  return [
    "This waits for the operator, who has to say yes first:",
    ...lines,
    `They answer there or with nanos approvals show ID, and go on with nanos resume ${run}.`,
  ].join("\n");
}

/** What of an answer was not said while it was made: all that no model said. */
export function restOf(said: string, text: string): string {
  if (text === "" || said.trimEnd().endsWith(text.trimEnd())) return "";
  return said === "" ? text : `\n\n${text}`;
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
