import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../std/clock.ts";
import { watchOver } from "./process/boxed.ts";
import { startChild } from "./process/child.ts";
import { openSandbox } from "./open.ts";
import { probeSandbox } from "./probe.ts";
import { ATTACKS } from "./probing/attacks/list.ts";
import { runtimeArgv } from "./runtime.ts";
import type { Boxed, ProcessSpec, Sandbox } from "./sandbox.ts";
import { openCensus } from "./process/watch.ts";
import { LIMITS_OF_TESTS } from "./testing/ground.ts";
import { TIERS } from "./testing/tiers.ts";

// The whole suite in every tier, and its table, is a story: test/escape.test.ts.

const PROBE_MS = 60_000;

/** What an attack that gets through looks like: the judge must see it. */
describe("without a box they get through, and the verdict says so", () => {
  const free = ATTACKS.filter(
    ({ aim, source, boxedOnly }) =>
      aim !== "exhaust" && source === undefined && boxedOnly === undefined,
  );
  for (const { name, kinds } of free) {
    test(
      name,
      async () => {
        const kind = kinds?.[0] ?? "host";
        const results = await probeSandbox(unboxed(), (each, of) => each === name && of === kind);
        expect(results).toMatchObject([{ held: false }]);
      },
      PROBE_MS,
    );
  }
});

if (TIERS.includes("landlock")) {
  // What old kernels lack is made up for by the system call filter. Not the file rights they lack:
  // those are in the filter's tests, as this kernel would have them anyway.
  for (const abi of [1, 2, 3, 5]) {
    test(
      `Landlock as of version ${abi} holds every attack on files and processes`,
      async () => {
        const sandbox = openSandbox({ clock: systemClock, forbid: ["bwrap"], landlockAtMost: abi });
        const aims = new Set(["read", "write", "metadata", "signal"]);
        const names = new Set(ATTACKS.flatMap(({ name, aim }) => (aims.has(aim) ? [name] : [])));
        const results = await probeSandbox(
          sandbox,
          (name, kind) => kind === "host" && names.has(name),
        );
        await sandbox.close();
        expect(results.length).toBeGreaterThan(30);
        expect(results.filter(({ held }) => !held)).toEqual([]);
      },
      PROBE_MS,
    );
  }
}

test("a machine without a tier holds nothing, and says so", async () => {
  const none = openSandbox({ clock: systemClock, forbid: ["bwrap", "landlock", "wasm"] });
  expect(await probeSandbox(none)).toEqual([]);
});

test("each attack has a name of its own that fits the table", () => {
  const names = ATTACKS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => name.length > 42)).toEqual([]);
});

/** The same attacks with the same limits, and no walls at all. */
function unboxed(): Sandbox {
  return {
    ...{ tier: () => "none" as const, started: () => 0 },
    start: (spec) => startBare(spec),
    close: async () => undefined,
  };
}

async function startBare(spec: ProcessSpec): Promise<Boxed> {
  const { run } = spec;
  const stage = spec.stage ?? "";
  for (const root of spec.box.writes) mkdirSync(join(stage, "root", root), { recursive: true });
  const argv =
    run.kind === "program"
      ? run.argv
      : [
          ...runtimeArgv("box"),
          "program-attack",
          ...(run.kind === "attack" ? [run.name, ...run.args] : []),
        ];
  // As a careless program would: with everything of ours.
  const env = { ...process.env, PATH: "/usr/bin:/bin" } as Record<string, string>;
  return watchOver({
    child: await startChild({ argv, env, descriptor3: null }),
    tier: "none",
    net: "none",
    limits: { ...LIMITS_OF_TESTS, ...spec.box.limits },
    fork: true,
    census: openCensus(systemClock),
    stage: null,
    keeps: undefined,
    mapping: [],
    cwd: "/",
    clock: systemClock,
    onGone: () => undefined,
  });
}
