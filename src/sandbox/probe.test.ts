import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../std/clock.ts";
import { watchOver } from "./process/boxed.ts";
import { startChild } from "./process/child.ts";
import { openSandbox } from "./open.ts";
import { probeSandbox } from "./probe.ts";
import type { Boxed, ProcessSpec, Sandbox } from "./sandbox.ts";
import { openCensus } from "./process/watch.ts";
import { forced, LIMITS_OF_TESTS } from "./testing/ground.ts";
import { TIERS } from "./testing/tiers.ts";

const PROBE_MS = 60_000;

for (const tier of TIERS) {
  test(
    `${tier} holds every attempt`,
    async () => {
      const sandbox = forced(tier);
      const results = await probeSandbox(sandbox);
      await sandbox.close();
      expect(results.filter(({ held }) => !held)).toEqual([]);
      expect(results.length).toBeGreaterThanOrEqual(26);
    },
    PROBE_MS,
  );

  test(
    `${tier} holds every attempt as an ordinary user`,
    async () => {
      const setpriv = "/usr/bin/setpriv";
      if (process.getuid?.() !== 0) return;
      if (!existsSync(setpriv))
        return console.log("not available: setpriv (apt install util-linux)");
      const user = ["--reuid", "1500", "--regid", "1500", "--clear-groups"];
      const script = join(import.meta.dir, "testing", "probes.ts");
      const argv = [setpriv, ...user, process.execPath, script, tier];
      const child = Bun.spawn(argv, { cwd: "/", env: { PATH: "/usr/bin:/bin", HOME: "/nowhere" } });
      const text = await new Response(child.stdout).text();
      expect(text).toBe(`${tier} 1500 held\n`);
    },
    PROBE_MS,
  );
}

/** What an attempt that gets through looks like: the judge must see it. */
describe("without a box the attempts get through, and the verdict says so", () => {
  const harmless = [
    "read outside",
    "read through a link that was there",
    "read through a link of its own",
    "read through the parent's folders",
    "read the user's list of accounts",
    "write outside",
    "write a file granted to read",
    "change mode, owner or times outside",
    "change mode, owner or times of a file granted to read",
    "connect to this machine",
    "send a datagram",
    "connect to a unix socket",
    "connect to a unix socket granted to read",
    "start a program",
    "kill another process",
    "trace another process",
    "see other processes",
    "make a namespace",
  ];
  for (const name of harmless) {
    test(
      name,
      async () => {
        const results = await probeSandbox(unboxed(), (each) => each === name);
        expect(results.map(({ held }) => held)).toEqual([false]);
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
      `Landlock as of version ${abi} holds every attempt on files and processes`,
      async () => {
        const sandbox = openSandbox({ clock: systemClock, forbid: ["bwrap"], landlockAtMost: abi });
        const results = await probeSandbox(sandbox, (name) => /read|write|change|kill/u.test(name));
        await sandbox.close();
        expect(results.filter(({ held }) => !held)).toEqual([]);
      },
      PROBE_MS,
    );
  }
}

test("a machine without a tier holds nothing, and says so", async () => {
  const none = openSandbox({ clock: systemClock, forbid: ["bwrap", "landlock"] });
  expect(await probeSandbox(none)).toEqual([
    { name: "tier", held: false, detail: expect.any(String) },
  ]);
});

/** The same attempts with the same limits, and no walls at all. */
function unboxed(): Sandbox {
  return {
    tier: () => "none",
    start: (spec) => startBare(spec),
    close: async () => undefined,
  };
}

async function startBare(spec: ProcessSpec): Promise<Boxed> {
  if (spec.run.kind !== "attack") throw new Error("only attacks run without a box");
  const { name, args } = spec.run;
  const stage = spec.stage ?? "";
  for (const root of spec.box.writes) mkdirSync(join(stage, "root", root), { recursive: true });
  const module = JSON.stringify(join(import.meta.dir, "probing", "attack.ts"));
  const code = `await (await import(${module})).attack(${JSON.stringify(name)}, ${JSON.stringify(args)})`;
  const argv = [process.execPath, "--config=/dev/null", "--no-env-file", "-e", code];
  const env = { PATH: "/usr/bin:/bin" };
  return watchOver({
    child: await startChild({ argv, env, descriptor3: null }),
    tier: "none",
    limits: { ...LIMITS_OF_TESTS, ...spec.box.limits },
    fork: true,
    census: openCensus(systemClock),
    stage: null,
    mapping: [],
    cwd: "/",
    clock: systemClock,
    onGone: () => undefined,
  });
}
