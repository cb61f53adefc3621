import type { MissionNumbers } from "../contracts/stage.ts";
import type { Trace, TraceStep } from "../contracts/trace.ts";
import type { Journal } from "../journal/journal.ts";
import { traceOf } from "../kernel/views/trace.ts";
import { missionLine } from "../missions/views.ts";
import { NanosError } from "../std/error.ts";
import { plainText } from "../std/text.ts";

/**
 * A mission in numbers: a pure function of its record, the runs it delegated to included. Nothing in
 * it is an opinion.
 */
export function numbersOf(trace: Trace): MissionNumbers {
  const steps = allSteps(trace);
  const tally = (of: (step: TraceStep) => string | readonly string[] | null): Tally =>
    tallied(steps.flatMap((step) => of(step) ?? []));
  const tasks = steps.flatMap(({ task }) => (task ? [task] : []));
  const ended = tasks.flatMap((task) => (task.ended ? [task.ended] : []));
  const { end } = trace;
  return {
    run: trace.run,
    outcome: end?.outcome ?? null,
    steps: { all: steps.length, kinds: tally(({ kind }) => kind) },
    verdicts: tally(({ decision }) => decision?.verdict ?? null),
    failures: tally(({ outcome }) =>
      outcome && outcome.status !== "done" ? outcome.failure.code : null,
    ),
    asked: {
      all: steps.reduce((sum, { asks }) => sum + asks.length, 0),
      about: tally(({ asks }) => asks.map(({ name }) => name)),
      answers: tally(({ answers }) => answers.map(({ verdict }) => verdict)),
    },
    tasks: tallied(ended.map(({ status }) => status)),
    checks: tallied(ended.flatMap(({ checks }) => checks.map(({ status }) => status))),
    recoveries: tallied(tasks.flatMap(({ recovered }) => recovered.map(({ how }) => how))),
    ms: {
      worked: end?.usage.ms ?? null,
      effects: tallyOf(steps, ({ kind, ms }) => [kind, ms ?? 0]),
    },
    tokens: end ? end.usage.input + end.usage.output : null,
    cost: end?.usage.cost ?? null,
  };
}

type Tally = Readonly<Record<string, number>>;

/** Every step, those of delegated runs after the step that handed the work on. */
function allSteps({ steps }: Trace): readonly TraceStep[] {
  return steps.flatMap((step) => [step, ...(step.child ? allSteps(step.child) : [])]);
}

function tallied(names: readonly string[]): Tally {
  return tallyOf(names, (name) => [name, 1]);
}

/** Sums by name, names in their order. */
function tallyOf<T>(all: readonly T[], of: (one: T) => readonly [string, number]): Tally {
  const sums = new Map<string, number>();
  for (const one of all) {
    const [name, n] = of(one);
    sums.set(name, (sums.get(name) ?? 0) + n);
  }
  return Object.fromEntries([...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** @throws NanosError `mission.unknown`. */
export function missionNumbers(journal: Journal, mission: string): MissionNumbers {
  if (missionLine(journal, mission) === null) throw unknownMission(mission);
  return numbersOf(traceOf(journal, mission));
}

export function unknownMission(mission: string): NanosError {
  const message = `There is no mission ${plainText(mission)}.`;
  return new NanosError("mission.unknown", message, "See `nanos mission list`.");
}
