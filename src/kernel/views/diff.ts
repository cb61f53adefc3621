import { canonical } from "../../std/canonical.ts";
import type { Json } from "../../std/json.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { StepDiff, StepSide, TraceDiff, TraceStep } from "../../contracts/trace.ts";
import type { Journal } from "../../journal/journal.ts";
import { recordedOf } from "../drive/line.ts";
import { stepsOf, traceOf } from "./trace.ts";

/**
 * Two runs beside each other, step by step: what was wanted, what the gate said, what came of it and
 * what it cost. Of a fork the steps it shares count as its own. Time is not looked at.
 *
 * @throws NanosError `run.unknown`.
 */
export function diffOf(journal: Journal, a: string, b: string): TraceDiff {
  const sides = [a, b].map((run) => {
    const { end, state } = traceOf(journal, run);
    return { outcome: end?.outcome ?? state, placed: placed(journal, run) };
  });
  const [left, right] = sides.map(({ placed: steps }) => steps);
  const places = new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])]);
  const steps = [...places]
    .toSorted(byPlace)
    .map((place) => compared(place, left?.get(place) ?? null, right?.get(place) ?? null));
  const parts = steps.find(({ is }) => is !== "shared" && is !== "same")?.place ?? null;
  return { a, b, parts, steps, outcome: [sides[0]?.outcome ?? "", sides[1]?.outcome ?? ""] };
}

/** A step, with the names of its run and of those before it taken out of what it says. */
interface Placed {
  readonly step: TraceStep;
  readonly text: (value: unknown) => string;
}

function placed(journal: Journal, run: string): ReadonlyMap<string, Placed> {
  const recorded = recordedOf(journal, run);
  const runs = [...new Set(recorded.map(({ event }) => event.run))];
  const text = (value: unknown): string =>
    runs.reduce((all, one) => all.replaceAll(one, "RUN"), canonical((value ?? null) as Json));
  const all = new Map<string, Placed>();
  const walk = (steps: readonly TraceStep[], above: string): void => {
    for (const step of steps) {
      const place = `${above}${step.step.slice(step.step.indexOf(".") + 1)}`;
      all.set(place, { step, text });
      walk(step.child?.steps ?? [], `${place}/`);
    }
  };
  walk(stepsOf(journal, recorded), "");
  return all;
}

function compared(place: string, a: Placed | null, b: Placed | null): StepDiff {
  const sides = { a: a && sideOf(a.step), b: b && sideOf(b.step) };
  if (!a || !b) return { place, is: a ? "only a" : "only b", differs: [], ...sides };
  if (a.step.step === b.step.step) return { place, is: "shared", differs: [], ...sides };
  const differs = ASPECTS.flatMap(([name, of]) =>
    a.text(of(a.step)) === b.text(of(b.step)) ? [] : [name],
  );
  return { place, is: differs.length === 0 ? "same" : "changed", differs, ...sides };
}

/** What of a step is compared, by the name it has where it differs. */
const ASPECTS: readonly (readonly [StepDiff["differs"][number], (step: TraceStep) => unknown])[] = [
  ["action", ({ kind, name, agent }) => [kind, name, agent]],
  ["arguments", ({ args }) => args],
  ["decision", ({ decision }) => decision && { ...decision, policy: "", inputs: "" }],
  ["outcome", ({ status, outcome }) => [status, outcome && cameTo(outcome)]],
  ["cost", ({ usage }) => usage],
];

/** Without what is of one run alone: the head of a delegated run's chain, its time. */
function cameTo(outcome: Outcome): unknown {
  const { status } = outcome;
  if (status !== "done") return { status, failure: outcome.failure };
  const { output, staged, files } = outcome;
  return { status, output, ...(staged && { staged }), ...(files && { files }) };
}

function sideOf({ step, kind, name, decision, status, usage }: TraceStep): StepSide {
  const decided = decision === null ? "" : `${decision.verdict} ${decision.rank}`;
  const reason = decision?.reason ?? null;
  return { step, kind, name, decided, reason, status, cost: usage?.cost ?? null };
}

/** `2`, `2.1`, `2/1`, `10`: by number, part for part. */
function byPlace(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? -1) - (right[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : 1;
}

function partsOf(place: string): readonly number[] {
  return place.split(/[./]/u).map(Number);
}
