import { afterAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { systemClock } from "../std/clock.ts";
import { LIMITS } from "../std/limits.ts";
import { membersOf } from "./process/watch.ts";
import type { Boxed } from "./sandbox.ts";
import { forced, LIMITS_OF_TESTS, start } from "./testing/ground.ts";
import { TIERS } from "./testing/tiers.ts";
import { boxUser, THREADS_EACH } from "./user.ts";

/** What the kernel says it holds the process in the box to, read from outside. */
async function limitsOf(boxed: Boxed): Promise<Record<string, readonly [string, string]>> {
  for (let i = 0; i < 500; i++) {
    const inner = membersOf(boxed.pid).at(-1)?.pid ?? boxed.pid;
    const found: Record<string, readonly [string, string]> = {};
    for (const line of readFileSync(`/proc/${inner}/limits`, "utf8").split("\n")) {
      const [, name = "", soft = "", hard = ""] = /^(.*?) {2,}(\S+) +(\S+)/u.exec(line) ?? [];
      found[name] = [soft, hard];
    }
    // The last one to be set, of a program just before it takes its place: then all are.
    if (found["Max address space"]?.[0] !== "unlimited") return found;
    await systemClock.sleep(20);
  }
  throw new Error("the limits were never set");
}

const limits = { ...LIMITS_OF_TESTS, cpuSeconds: 9, stageBytes: 1024 ** 2, processes: 5 };
const same = (value: number): readonly [string, string] => [String(value), String(value)];

for (const tier of TIERS) {
  const sandbox = forced(tier);
  afterAll(() => sandbox.close());
  for (const kind of ["host", "program"] as const) {
    test(`${tier}: the limits a ${kind} has are those of its box, and none is left open`, async () => {
      const run =
        kind === "host"
          ? { attack: ["rest"] }
          : { program: ["/bin/sleep", "20"], exec: ["/bin/sh"] };
      const boxed = await start(sandbox, { ...run, limits });
      const found = await limitsOf(boxed);
      await boxed.stop();
      expect(found).toMatchObject({
        "Max cpu time": ["9", "10"],
        "Max file size": same(1024 ** 2),
        "Max core file size": same(0),
        "Max open files": same(LIMITS.toolFiles),
      });
      const [address = "", hard] = found["Max address space"] ?? [];
      expect(address).toBe(hard ?? "");
      expect(address).toMatch(/^\d+$/u);
      // A host starts nothing, so that an ordinary user's needs no count without walls.
      if (tier === "landlock" && kind === "host" && boxUser().kind !== "own") return;
      const threads = (limits.processes + 2) * THREADS_EACH;
      const [processes = ""] = found["Max processes"] ?? [];
      if (boxUser().kind === "own" || tier === "bwrap") expect(processes).toBe(String(threads));
      else expect(Number(processes)).toBeGreaterThanOrEqual(threads);
    });
  }
}
