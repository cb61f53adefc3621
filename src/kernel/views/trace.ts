import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { Trace, TraceStep } from "../../contracts/trace.ts";
import type { AskedOnce } from "../../contracts/question.ts";
import type { Answer, RunEnd } from "../../contracts/run.ts";
import type { Journal } from "../../journal/journal.ts";
import { explain } from "../../gate/words/explain.ts";
import type { Facts } from "../world.ts";
import { topRun } from "./traces.ts";

/** The call tree of one run, with the runs it delegated to inside their steps. */
export function traceOf(journal: Journal, run: string): Trace {
  const recorded = [...journal.chain(run)];
  const first = recorded[0];
  if (first === undefined || first.event.kind !== "run.started") {
    throw new NanosError("run.unknown", `There is no run ${run}.`, "See `nanos trace list`.");
  }
  const started = first.body?.kind === "run.started" ? first.body : null;
  const end = endOf(recorded);
  return {
    run,
    agent: started?.agent ?? "(erased)",
    request: started?.request ?? "(erased)",
    model: started?.model.name ?? "(erased)",
    tools: started?.model.tools ?? true,
    ...(started?.model.dialect && { dialect: started.model.dialect }),
    ...offeredIn(recorded),
    at: first.event.at,
    state: stateOf(journal, run, recorded, end),
    end,
    ...(started?.rehearsal ? { rehearsal: true as const } : {}),
    ...(started?.fork ? { fork: started.fork } : {}),
    steps: started?.mission ? byTask(stepsOf(journal, recorded)) : stepsOf(journal, recorded),
    head: recorded.at(-1)?.event.hash ?? "",
    events: recorded.length,
  };
}

/**
 * One step by its id, with the sentences that say why it was decided so, by the rules that were in
 * force then.
 */
export function whyOf(
  journal: Journal,
  recall: (hash: string) => Facts | null,
  id: string,
): TraceStep & { readonly explanation: readonly string[] } {
  const run = id.split(".", 1)[0] ?? id;
  const step = traceOf(journal, run).steps.find((one) => one.step === id);
  if (!step)
    throw new NanosError(
      "step.unknown",
      `There is no step ${id}.`,
      `See \`nanos trace show ${run}\`.`,
    );
  const recorded = [...journal.chain(run)];
  const proposed = recorded.find(
    ({ event, body }) => event.step === id && body?.kind === "action.proposed",
  )?.body;
  const started = recorded[0]?.body;
  const facts = started?.kind === "run.started" ? recall(started.facts) : null;
  const explanation =
    step.decision && proposed?.kind === "action.proposed"
      ? explain(proposed.action, step.decision, facts?.rules)
      : [step.decision ? "What was proposed was erased." : "It has not been judged."];
  return { ...step, explanation };
}

function offeredIn(recorded: readonly Recorded[]): Pick<Trace, "offered"> {
  const body = recorded.findLast(({ event }) => event.kind === "tools.chosen")?.body;
  return body?.kind === "tools.chosen" ? { offered: { most: body.most, of: body.of } } : {};
}

function endOf(recorded: readonly Recorded[]): RunEnd | null {
  const last = recorded.at(-1)?.body;
  return last?.kind === "run.ended" ? last.end : null;
}

function stateOf(
  journal: Journal,
  run: string,
  recorded: readonly Recorded[],
  end: RunEnd | null,
): Trace["state"] {
  if (end || recorded.at(-1)?.event.kind === "run.ended") return "ended";
  if (recorded.at(-1)?.event.kind === "run.waiting") return "waiting";
  return journal.carried(topRun(run)) ? "running" : "interrupted";
}

type Building = { -readonly [K in keyof TraceStep]: TraceStep[K] } & {
  asked?: AskedOnce[];
  asks: TraceStep["asks"][number][];
  answers: TraceStep["answers"][number][];
};

/** The steps of what is recorded, with the runs they delegated to. */
export function stepsOf(journal: Journal, recorded: readonly Recorded[]): readonly TraceStep[] {
  const steps = new Map<string, Building>();
  for (const { event, body } of recorded) {
    if (event.step === null) continue;
    let step = steps.get(event.step);
    if (!step) {
      step = emptyStep(event.step, event.at);
      steps.set(event.step, step);
    }
    if (body) add(journal, step, { event, body });
  }
  return [...steps.values()];
}

function emptyStep(step: string, at: number): Building {
  return {
    step,
    at,
    kind: "?",
    name: "?",
    agent: "?",
    args: null,
    decision: null,
    status: "open",
    outcome: null,
    isolation: null,
    ms: null,
    usage: null,
    asks: [],
    answers: [],
    child: null,
  };
}

function add(journal: Journal, step: Building, { event, body }: Recorded): void {
  switch (body?.kind) {
    case "action.proposed": {
      const { kind, name, agent, args } = body.action;
      Object.assign(step, { kind, name, agent, args });
      if (kind === "agent") step.child = childOf(journal, event.step);
      break;
    }
    case "action.judged":
      step.decision = body.decision;
      break;
    case "action.settled":
      step.outcome = body.outcome;
      step.status = body.outcome.status;
      step.ms = body.ms;
      if (step.kind === "model" && body.outcome.status === "done") {
        step.usage = body.outcome.used ?? null;
      }
      step.isolation = event.isolation;
      if (body.held) step.held = body.held;
      break;
    case "model.answered":
      step.status = body.failure ? (body.finish === "cancelled" ? "cancelled" : "failed") : "done";
      step.outcome =
        body.failure && step.status !== "done"
          ? { status: step.status, failure: body.failure }
          : { status: "done", output: answerText(body.message) };
      step.ms = body.ms;
      step.usage = body.usage ?? null;
      break;
    case "recovery.taken":
      step.fallback = body.to;
      break;
    case "task.recovered": {
      const { kind: _, ...recovered } = body;
      step.task = { ended: null, recovered: [...(step.task?.recovered ?? []), recovered] };
      break;
    }
    case "task.ended":
      // One that was passed over has no step of its own.
      if (step.decision === null) Object.assign(step, { kind: "task", name: body.task });
      step.task = { recovered: step.task?.recovered ?? [], ended: body };
      break;
    default:
      addAsk(step, { event, body });
  }
}

/** The steps of tasks that ran side by side, each with its task. */
function byTask(steps: readonly TraceStep[]): readonly TraceStep[] {
  const numbers = (step: string): readonly number[] => step.split(".").slice(1).map(Number);
  const placed = steps.map((one): TraceStep => {
    const [own = 0] = numbers(one.step);
    const first = own - (own % LIMITS.taskSteps) + 1;
    const within = `${one.step.split(".", 1)[0]}.${first}`;
    return own < LIMITS.taskSteps || within === one.step ? one : { ...one, within };
  });
  return placed.toSorted((a, b) => {
    const [left, right] = [numbers(a.step), numbers(b.step)];
    const at = left.findIndex((number, i) => number !== right[i]);
    return at < 0 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? 0);
  });
}

function addAsk(step: Building, { event: { at }, body }: Recorded): void {
  const asked = step.asked ?? [];
  switch (body?.kind) {
    case "approval.asked":
      step.asks.push(body.ask);
      step.status = "waiting";
      step.asked = [...asked, { id: body.ask.id, at, came: null, ms: null, by: null }];
      break;
    case "approval.used":
      step.answers.push(body.answer);
      step.status = "open";
      step.asked = answeredIn(asked, at, body.answer);
      break;
    case "approval.expired":
      step.asked = asked.map((one) => (one.id === body.id ? { ...one, came: "expired" } : one));
      break;
    default:
      break;
  }
}

/** The asks with this answer in its place; one given beforehand was never asked for. */
function answeredIn(asked: readonly AskedOnce[], at: number, answer: Answer): AskedOnce[] {
  const { id, verdict: came, by } = answer;
  const ask = asked.find((one) => one.id === id);
  if (!ask) return [...asked, { id, at, came, ms: null, by }];
  const ms = Math.max(0, answer.at - ask.at);
  return asked.map((one) => (one.id === id ? { ...one, came, ms, by } : one));
}

function childOf(journal: Journal, step: string | null): Trace | null {
  if (step === null) return null;
  const run = step.replaceAll(".", "_");
  return journal.head(run) ? traceOf(journal, run) : null;
}

function answerText(
  message: Extract<NonNullable<Recorded["body"]>, { kind: "model.answered" }>["message"],
): string {
  return message.parts
    .map((part) =>
      part.type === "text" ? part.text : part.type === "call" ? `→ ${part.name}` : "",
    )
    .filter((text) => text !== "")
    .join("\n");
}
