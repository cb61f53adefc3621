import { expect, test } from "bun:test";
import { probeChecks } from "../src/kernel/desk/probes.ts";
import { openSandbox } from "../src/sandbox/open.ts";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import { systemClock } from "../src/std/clock.ts";

test("escapes are tried by every kind of process there is here", async () => {
  const sandbox = openSandbox({ clock: systemClock });
  const [check, ...more] = await probeChecks(sandbox, (name) => name === "read outside");
  await sandbox.close();
  const kinds = [
    ["tool", sandbox.tier("host", false)],
    ["program", sandbox.tier("program", false)],
    ["program with a network", sandbox.tier("program", true)],
    ["container", sandbox.tier("container", false)],
  ] as const;
  const here = kinds.filter(([, tier]) => tier !== null).map(([kind]) => `${kind} held`);
  expect([check?.name, check?.says, more]).toEqual(["probe read outside", here.join(", "), []]);
}, 60_000);

test("on a Mac it says that no escape was tried", async () => {
  const mac = { tier: () => "seatbelt" } as unknown as Sandbox;
  expect(await probeChecks(mac)).toMatchObject([
    { state: "warn", says: expect.stringContaining("No escape was tried") },
  ]);
});
