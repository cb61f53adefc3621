import type { Label } from "../contracts/label.ts";
import type { CallPart } from "../contracts/message.ts";
import type { Failure, Outcome } from "../contracts/outcome.ts";
import type { Ask, RunEnd, RunOutcome } from "../contracts/run.ts";
import { isInside } from "../gate/scopes.ts";
import { ruleStatuses } from "../gate/policy.ts";
import type { Settled } from "./commit-all.ts";
import { REQUEST_LABEL } from "../gate/labels.ts";
import type { Json } from "../std/json.ts";
import { askedWith, keepTexts, tell } from "./flow/flow.ts";
import type { Frame } from "./frame.ts";
import { spendChild, spendTurn, spendUsed } from "./spend.ts";
import { EMBED } from "./vectors/name.ts";
import { DELEGATE } from "./wants/delegate.ts";

/** A run goes no further in this process. */
export interface Waits {
  readonly state: "waiting";
  readonly asks: readonly Ask[];
  /** When it goes on by itself, milliseconds since 1970. */
  readonly until?: number;
}

/** What a run's work came to, or that it waits. */
export type Worked =
  | Waits
  | {
      readonly state: "done";
      readonly outcome: RunOutcome;
      readonly text: string;
      readonly failure?: Failure;
      /** Calls that its client carries out. */
      readonly calls?: readonly CallPart[];
    };

/** Keeps of a call what the end of the run will say, and whose hand was in it. */
export function note(
  frame: Frame,
  { name, args }: { readonly name: string; readonly args: Json },
  { step, outcome, label }: Settled,
): void {
  const tried = frame.tried.get(name) ?? { done: 0, failed: 0, denied: 0, degraded: 0 };
  frame.tried.set(name, tried);
  if (label) hear(frame, { name, args }, { step, outcome, label });
  const tool = frame.facts.tools.find(({ manifest }) => manifest.name === name);
  if (outcome.status === "denied") {
    tried.denied += 1;
    return;
  }
  if (tool?.agent !== undefined) spendUsed(frame, outcome.used);
  if (name === EMBED) spendTurn(frame, outcome.used, 0);
  if (outcome.child) spendChild(frame, outcome.child);
  for (const host of outcome.hosts ?? []) frame.hosts.add(host);
  if (tool?.unconfined && step !== null) frame.unconfined.add(name);
  if (outcome.status !== "done") {
    tried.failed += 1;
    return;
  }
  tried.done += 1;
  if (outcome.degraded) tried.degraded += 1;
}

/** What came back joins the conversation, in the words and under the label it came with. */
function hear(
  frame: Frame,
  { name, args }: { readonly name: string; readonly args: Json },
  { step, outcome, label }: Settled & { readonly label: Label },
): void {
  const skill = frame.facts.tools.find(({ manifest }) => manifest.name === name)?.skill ?? null;
  const isDone = outcome.status === "done";
  const own = (isDone ? outcome.own : undefined) ?? label;
  const output = isDone ? outcome.output : outcome.failure.message;
  // Data keeps a secret and where it is from, but it is nobody's words.
  const joined =
    isDone && outcome.released ? { ...label, integrity: REQUEST_LABEL.integrity } : label;
  const asked = askedWith(frame, args);
  const told = { label: own, from: placeOf(name, own), skill, step, ...asked };
  tell(frame, output, told, joined);
  if (isDone && outcome.texts) keepTexts(frame, outcome.texts, told);
}

/** `web_fetch (example.org:443)`, or for another agent what it was and read. */
function placeOf(name: string, { sources }: Label): string {
  const all = new Set(sources.map((source) => source.replace(/^tool:/u, "")));
  all.delete(name);
  const others = [...all].join(", ");
  if (name === DELEGATE) return others;
  return others === "" ? name : `${name} (${others})`;
}

/** One action was the whole run, and it was done. */
export function told(outcome: Extract<Outcome, { status: "done" }>, text: string): Worked {
  return outcome.degraded
    ? { state: "done", outcome: "degraded", text, failure: PART_FAILED }
    : { state: "done", outcome: "succeeded", text };
}

const PART_FAILED: Failure = {
  // run.part_failed -> See which part: nanos trace show RUN.
  code: "run.part_failed",
  message: "A delegated part came to less than was asked for.",
};

/** The model's last word. It counts as less when something was denied or never came to anything. */
export function spoken(frame: Frame, text: string, cut: boolean): Worked {
  const never = [...frame.tried].find(([, tried]) => tried.done === 0 || tried.denied > 0);
  const part = [...frame.tried].some(([, tried]) => tried.degraded > 0);
  const failure: Failure | undefined = cut
    ? // run.cut -> Ask for less at once, or raise maxTokens of the model.
      { code: "run.cut", message: "The answer was cut short by a limit." }
    : never
      ? {
          // run.denied_part: What the run needed was denied, and nothing else took its place. -> See why: nanos trace show RUN, then nanos why STEP.
          // run.tool_failed: A tool was called and never succeeded. -> See what it said: nanos trace show RUN.
          code: never[1].denied > 0 ? "run.denied_part" : "run.tool_failed",
          message: never[1].denied > 0 ? `${never[0]} was denied.` : `${never[0]} never succeeded.`,
        }
      : part
        ? PART_FAILED
        : undefined;
  return failure
    ? { state: "done", outcome: "degraded", text, failure }
    : { state: "done", outcome: "succeeded", text };
}

/** The run cannot go on: what stopped it decides what it counts as. */
export function stopped(frame: Frame, outcome: Exclude<Outcome, { status: "done" }>): Worked {
  const { failure } = outcome;
  if (outcome.status === "cancelled") {
    // Out of time is a limit reached, not the operator's wish: what there is counts as partial.
    const limit = failure.code === "run.time";
    const partial = limit ? (frame.spent.turns > 0 ? "degraded" : "failed") : "cancelled";
    return { state: "done", outcome: partial, text: lastText(frame), failure };
  }
  if (outcome.status === "denied") {
    const isLimit = /^deny:(?:budget_|unknown_price)/u.test(failure.code);
    const spent = isLimit && frame.spent.turns > 0;
    // run.budget: What the run may use is used up; it ends with what it has. -> Give it more: --max-cost, --max-calls, or limits in the agent's file.
    // run.denied: The gate did not let it begin or go on. -> See which rule: nanos trace show RUN, then nanos why STEP.
    const code = spent ? "run.budget" : "run.denied";
    const told = { ...failure, code, message: failure.message };
    return {
      state: "done",
      outcome: spent ? "degraded" : "failed",
      text: lastText(frame),
      failure: told,
    };
  }
  return { state: "done", outcome: "failed", text: lastText(frame), failure };
}

/** What the model last said. */
export function lastText(frame: Frame): string {
  const last = frame.messages.findLast((message) => message.role === "assistant");
  if (last?.role !== "assistant") return "";
  return last.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

/** What the run says of itself. */
export function endOf(frame: Frame, worked: Extract<Worked, { state: "done" }>): RunEnd {
  return {
    run: frame.drive.run,
    outcome: worked.outcome,
    text: worked.text,
    ...(worked.failure ? { failure: worked.failure } : {}),
    ...(worked.calls ? { calls: [...worked.calls] } : {}),
    usage: usageOf(frame),
    asks: frame.asks,
    hosts: [...frame.hosts].toSorted(),
    files: [...frame.files].flatMap(([path, kind]) =>
      // What was done to a copy is in its patch.
      frame.scratch && isInside(frame.workspace, path) ? [] : [{ path, kind }],
    ),
    ...(frame.patches.length > 0 && { patches: [...frame.patches] }),
    ...(frame.unconfined.size > 0 && { unconfined: [...frame.unconfined].toSorted() }),
    rules: ruleStatuses(
      frame.facts.rules.filter(({ id }) => frame.started.rules.includes(id)),
      frame.decisions,
    ),
    ...(frame.session && { session: frame.session }),
  };
}

/** What was used, in the words of a person. */
export function usageOf({ spent, usage, calls }: Frame): RunEnd["usage"] {
  const { turns, ms, cost, unpriced } = spent;
  return { ...usage, cost: unpriced ? null : cost, turns, calls, actions: spent.calls, ms };
}
