import { expect, test } from "bun:test";
import { fakeClock, systemClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { type Living, openLiving } from "./living.ts";

/** What of a process its keeping touches, with what was ended by name. */
function processes(): { readonly ended: string[]; one(name: string): Living } {
  const ended: string[] = [];
  const one = (name: string): Living => {
    const link = { broken: null, stop: async () => void ended.push(name) };
    return { link } as unknown as Living;
  };
  return { ended, one };
}

test("one is had once, by the place it is kept for", async () => {
  const { ended, one } = processes();
  const living = openLiving(systemClock);
  const a = one("a");
  await living.keep("here", a);
  expect([living.take("there"), living.take(null)]).toEqual([null, null]);
  expect(living.take("here")).toBe(a);
  expect(living.take("here")).toBeNull();
  await living.keep(null, a);
  expect(ended).toEqual(["a"]);
});

test("so many wait, the longest of them makes room, and all end with the host", async () => {
  const { ended, one } = processes();
  const living = openLiving(systemClock);
  const names = Array.from({ length: LIMITS.agentsIdle + 1 }, (_, at) => `p${at}`);
  for (const name of names) await living.keep(name, one(name));
  expect(ended).toEqual(["p0"]);
  await living.close();
  expect(ended.toSorted()).toEqual(names);
  await living.keep("late", one("late"));
  expect(ended).toContain("late");
});

test("one that nobody asks again ends by itself", async () => {
  const { ended, one } = processes();
  const clock = fakeClock();
  const living = openLiving(clock);
  await living.keep("here", one("a"));
  await Promise.resolve();
  await Promise.resolve();
  expect(ended).toEqual(["a"]);
  expect(clock.elapsed()).toBe(LIMITS.agentIdleMs);
  expect(living.take("here")).toBeNull();
});
