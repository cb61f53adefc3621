import { NanosError } from "../../std/error.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { Trace, TraceStep } from "../../contracts/nanos.ts";
import type { RunEnd } from "../../contracts/run.ts";
import type { Journal } from "../../journal/journal.ts";
import { explain } from "../../gate/explain.ts";
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
    at: first.event.at,
    state: stateOf(journal, run, recorded, end),
    end,
    steps: stepsOf(journal, recorded),
    head: recorded.at(-1)?.event.hash ?? "",
    events: recorded.length,
  };
}

/** One step by its id, with the sentences that say why it was decided so. */
export function whyOf(
  journal: Journal,
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
  const proposed = [...journal.chain(run)].find(
    ({ event, body }) => event.step === id && body?.kind === "action.proposed",
  )?.body;
  const explanation =
    step.decision && proposed?.kind === "action.proposed"
      ? explain(proposed.action, step.decision)
      : [step.decision ? "What was proposed was erased." : "It has not been judged."];
  return { ...step, explanation };
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
  asks: TraceStep["asks"][number][];
  answers: TraceStep["answers"][number][];
};

function stepsOf(journal: Journal, recorded: readonly Recorded[]): readonly TraceStep[] {
  const steps = new Map<string, Building>();
  for (const { event, body } of recorded) {
    if (event.step === null) continue;
    let step = steps.get(event.step);
    if (!step) {
      step = emptyStep(event.step);
      steps.set(event.step, step);
    }
    if (body) add(journal, step, { event, body });
  }
  return [...steps.values()];
}

function emptyStep(step: string): Building {
  return {
    step,
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
    case "approval.asked":
      step.asks.push(body.ask);
      step.status = "waiting";
      break;
    case "approval.used":
      step.answers.push(body.answer);
      step.status = "open";
      break;
    case "action.settled":
      step.outcome = body.outcome;
      step.status = body.outcome.status;
      step.ms = body.ms;
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
    default:
      break;
  }
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
