import { describe, expect, test } from "bun:test";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LockSpec } from "./lock.ts";
import { LOCK_FAILED } from "./lock.ts";
import { planBox } from "./plan.ts";
import type { Plan } from "./plan.ts";
import { runtimeArgv } from "./runtime.ts";
import type { Want } from "./testing/ground.ts";
import { inFolder, specOf } from "./testing/ground.ts";
import { TIERS } from "./testing/tiers.ts";
import { lookAtMachine } from "./tiers.ts";

/** Starts a box's own entry directly, with what the sandbox would send it, changed as said. */
async function enter(
  want: Want,
  change: { lock?: Partial<LockSpec>; env?: Record<string, string>; inherit?: string } = {},
): Promise<{ code: number; out: string; error: string }> {
  const plan = (await planBox(specOf(want), "landlock", lookAtMachine(["bwrap"]))) as Plan;
  const lock = { ...(JSON.parse(plan.env["NANOS_BOX"] ?? "") as LockSpec), ...change.lock };
  const extra = change.inherit === undefined ? [] : [openSync(change.inherit, "r")];
  const child = Bun.spawn([...plan.argv], {
    cwd: "/",
    env: { ...plan.env, NANOS_BOX: JSON.stringify(lock), ...change.env },
    stdio: ["ignore", "pipe", "pipe", ...extra] as ["ignore", "pipe", "pipe"],
  });
  const [out, error] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, error };
}

if (TIERS.includes("landlock")) {
  describe("a lock that does not take ends the process before anything runs", () => {
    const cases: [string, Parameters<typeof enter>[1], RegExp][] = [
      ["not started by the sandbox", { env: { NANOS_BOX: "" } }, /JSON/u],
      ["a lock of another version", { lock: { v: 2 as 1 } }, /version 2/u],
      ["a parent that is gone", { lock: { parent: 1 } }, /gone/u],
      ["no Landlock", { lock: { abi: 99, reads: ["/"] } }, /root folder/u],
      [
        "a filter that is none",
        { lock: { filter: { program: "AAAAAAAAAAA=", ownPid: [] } } },
        /seccomp/u,
      ],
      ["a folder that is gone", { lock: { cwd: "/no/such" } }, /no\/such/u],
    ];
    for (const [name, change, why] of cases) {
      test(name, async () => {
        const { code, out, error } = await enter({ attack: ["environment", "1"] }, change);
        expect([code, out]).toEqual([LOCK_FAILED, ""]);
        expect(error).toMatch(why);
      });
    }
  });

  test("started by hand it refuses", () => {
    const done = Bun.spawnSync([...runtimeArgv("box"), "attack", "hang"], { env: {} });
    expect(done.exitCode).toBe(LOCK_FAILED);
    expect(done.stderr.toString()).toMatch(/started by nanos only/u);
  });

  test("a runtime that already has threads locks all the same", () =>
    inFolder(async (folder) => {
      const granted = join(folder, "granted");
      mkdirSync(granted);
      writeFileSync(join(folder, "secret"), "canary");
      writeFileSync(join(granted, "given"), "welcome");
      const threads = { env: { BUN_JSC_useConcurrentJIT: "1" } };
      for (const file of ["../secret", "given"]) {
        const want = { attack: ["read", join(granted, file)], reads: [granted] };
        const { code, out, error } = await enter(want, threads);
        expect([code, error]).toEqual([0, ""]);
        if (file === "given") expect(out.match(/welcome/gu)?.length).toBe(5);
        else expect(out).not.toContain("canary");
      }
    }));

  test("what a careless parent left open is closed", () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, "leak"), "leaked");
      const script = "read line <&3; echo got $line";
      const want = { program: ["/bin/sh", "-c", script] };
      const { out, error } = await enter(want, { inherit: join(folder, "leak") });
      expect(out).not.toContain("leaked");
      expect(error).toMatch(/[Bb]ad/u);
    }));

  test("the environment comes with the lock, never before it", async () => {
    const env = { LD_PRELOAD: "/no/such.so", BUN_OPTIONS: "--no-such-option" };
    const { out, error } = await enter({ attack: ["environment", "1"], env });
    expect(error).toBe("");
    expect(JSON.parse(out.split("\n")[1] ?? "")).toEqual({ PATH: "/usr/bin:/bin", ...env });
  });

  test("locked, it is no more than it must be", () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, "file"), "");
      const want = {
        program: ["/bin/sh", "-c", "while read line; do echo $line; done < /proc/$$/status"],
      };
      const { out } = await enter(want);
      const field = (name: string): string =>
        new RegExp(`^${name}: (.*)$`, "mu").exec(out)?.[1] ?? "";
      expect(field("NoNewPrivs")).toBe("1");
      expect(field("Seccomp")).toBe("2");
      const root = process.getuid?.() === 0;
      // An ordinary user may not narrow what he could never use anyway.
      if (root) expect(field("CapBnd")).toBe(field("CapEff"));
      expect(field("CapEff")).toBe(root ? "0000000000000004" : "0000000000000000");
      expect(Number(field("Uid").split(" ")[0]) > 0x7000_0000).toBe(root);
      expect(field("Groups")).toBe(root ? "" : field("Groups"));
    }));
}
