import { systemClock } from "../../src/std/clock.ts";
import { cpuUs, type Figures, peakMb } from "./case.ts";

/** Watches one long run: what it takes in all, and what a longer history adds to a step. */
export interface Growth {
  /** To be called after each step, numbered from 1. */
  mark(this: void, step: number): void;
  figures(): Figures;
}

/**
 * Compares the second tenth of the steps with the last: the first is still being compiled.
 * `slopeUs` is CPU time a step takes more for each step that lies before it.
 */
export function growthOf(steps: number): Growth {
  const start = systemClock.elapsed();
  const tenth = Math.floor(steps / 10);
  const at = new Map<number, number>();
  const marks = [2 * tenth, 4 * tenth, steps - 2 * tenth, steps];
  return {
    mark: (step) => {
      if (marks.includes(step)) at.set(step, cpuUs());
    },
    figures: () => {
      const [a = 0, b = 0, c = 0, d = 0] = marks.map((step) => at.get(step) ?? Number.NaN);
      const [early, late] = [(b - a) / (2 * tenth), (d - c) / (2 * tenth)];
      const between = steps - 4 * tenth;
      return {
        totalMs: systemClock.elapsed() - start,
        earlyUs: early,
        lateUs: late,
        slopeUs: (late - early) / between,
        peakMb: peakMb(),
      };
    },
  };
}
