import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/std/clock.ts";
import { findSensitive } from "../../src/std/sensitive/sensitive.ts";
import { storedMatcher } from "../../src/std/sensitive/stored.ts";
import { type Case, repeat } from "./case.ts";

/** Microseconds that looking through a KB of ordinary text takes: by shapes, and for stored values. */
export const texts: Case = ({ quick }) => {
  const root = join(import.meta.dirname, "../..");
  const text = ["ARCHITECTURE.md", "STYLE.md", "package-lock.json"]
    .map((name) => readFileSync(join(root, name), "utf8"))
    .join("\n");
  const stored = storedMatcher(
    Array.from({ length: 50 }, (_, i) => ({ name: `s${i}`, value: `a stored value, number ${i}` })),
  );
  const usPerKb = (act: () => unknown): number => {
    const start = systemClock.elapsed();
    act();
    return ((systemClock.elapsed() - start) * 1_000) / (text.length / 1_024);
  };
  return repeat(quick ? 2 : 9, () => ({
    sensitiveUs: usPerKb(() => findSensitive(text)),
    storedUs: usPerKb(() => stored.find(text)),
  }));
};
