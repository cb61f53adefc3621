import { describe, expect, test } from "bun:test";
import { fakeClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { sleepUntil } from "./local.ts";

describe("a sleep of a step", () => {
  const going = new AbortController().signal;

  test("lasts until its time, and holds no process for a long one", async () => {
    const clock = fakeClock();
    const from = clock.now();
    expect(await sleepUntil(clock, from + LIMITS.sleepHereMs, going)).toBe(true);
    expect(clock.now()).toBe(from + LIMITS.sleepHereMs);
    expect(await sleepUntil(clock, clock.now() + LIMITS.sleepHereMs + 1, going)).toBe(false);
    expect(await sleepUntil(clock, from, going)).toBe(true);
    expect(clock.now()).toBe(from + LIMITS.sleepHereMs);
  });
});
