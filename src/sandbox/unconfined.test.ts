import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../std/clock.ts";
import { openSandbox } from "./open.ts";
import type { Boxed, ProcessSpec, Sandbox } from "./sandbox.ts";
import { inFolder, LIMITS_OF_TESTS, specOf, textOf } from "./testing/ground.ts";
import { TIERS } from "./testing/tiers.ts";

setDefaultTimeout(30_000);

/** As on a machine whose system has no sandbox of ours. */
const none = (): Sandbox => openSandbox({ clock: systemClock, forbid: ["bwrap", "landlock"] });

const marked = (spec: ProcessSpec): ProcessSpec => ({ ...spec, unconfined: true });

async function begun(sandbox: Sandbox, spec: ProcessSpec): Promise<Boxed> {
  const boxed = await sandbox.start(spec);
  if ("code" in boxed) throw new Error(boxed.message);
  boxed.endInput();
  return boxed;
}

test("where nothing holds it, only what is marked is started", async () => {
  const sandbox = none();
  const spec = specOf({ program: ["/bin/echo", "hi"] });
  expect(sandbox.tier("program", false)).toBeNull();
  expect(await sandbox.start(spec)).toMatchObject({ code: "sandbox.no_tier" });
  const boxed = await begun(sandbox, marked(spec));
  expect(await textOf(boxed)).toBe("hi\n");
  expect(boxed.tier).toBe("none");
  const { memoryBytes, processes } = LIMITS_OF_TESTS;
  expect(boxed.held).toMatchObject({
    net: "open",
    limits: { memoryBytes, processes, cpuSeconds: null },
  });
  // Our own attempts to escape are for what holds.
  expect(await sandbox.start(marked(specOf({ attack: ["x"] })))).toMatchObject({
    code: "sandbox.no_tier",
  });
  await sandbox.close();
});

test("a server the operator starts has no box wherever it is, and is watched like all", async () => {
  const sandbox = openSandbox({ clock: systemClock });
  const program = specOf({ program: ["/bin/sh", "-c", "env; sleep 600"], limits: { ms: 500 } });
  const run = { kind: "server", argv: ["/bin/sh", "-c", "env; sleep 600"] } as const;
  const boxed = await begun(sandbox, { ...program, run });
  expect(boxed.tier).toBe("none");
  expect(await textOf(boxed)).not.toContain("HOME=");
  expect(await boxed.ended).toEqual({ kind: "stopped", by: "time" });
  await sandbox.close();
});

test("a host of a tool file that is marked runs without its lock, and sees what its box names", () =>
  inFolder(async (folder) => {
    const sandbox = none();
    const file = join(folder, "free.ts");
    writeFileSync(
      file,
      `import { readFileSync } from "node:fs";
import { tool, z } from "nanos/tool";
export default tool({ name: "free", description: "Free.", input: z.object({}),
  run: () => [readFileSync("/etc/hostname", "utf8") !== "", process.env.SHOWN, process.env.NANOS_BOX ?? null] });`,
    );
    const spec = specOf({ host: file, env: { SHOWN: "x" } });
    expect(await sandbox.start(spec)).toMatchObject({ code: "sandbox.no_tier" });
    const boxed = await sandbox.start(marked(spec));
    if ("code" in boxed) throw new Error(boxed.message);
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "free" } };
    await boxed.write(`${JSON.stringify(call)}\n`);
    boxed.endInput();
    expect(await textOf(boxed)).toContain('[true,\\"x\\",null]');
    expect(boxed.tier).toBe("none");
    await sandbox.close();
  }));

test("it has the variables its box names, and its own folder and stage", () =>
  inFolder(async (folder) => {
    const sandbox = none();
    mkdirSync(join(folder, "notes"));
    writeFileSync(join(folder, "notes", "a.md"), "old\n");
    const boxed = await begun(
      sandbox,
      marked(
        specOf({
          program: ["/bin/sh", "-c", "env | grep -v -E '^(PWD|SHLVL|_)='; echo new > notes/a.md"],
          env: { SHOWN: "x" },
          cwd: folder,
          writes: [join(folder, "notes")],
          stage: join(folder, "stage"),
        }),
      ),
    );
    expect((await textOf(boxed)).trim().split("\n").toSorted()).toEqual([
      "PATH=/usr/bin:/bin",
      "SHOWN=x",
    ]);
    expect(await boxed.ended).toEqual({ kind: "exited", code: 0 });
    expect(readFileSync(join(folder, "notes", "a.md"), "utf8")).toBe("old\n");
    expect(await boxed.changes()).toMatchObject([
      { path: join(folder, "notes", "a.md"), kind: "modified" },
    ]);
    await boxed.discard();
    await sandbox.close();
  }));

test.each([
  ["time", "sleep 30 & sleep 30", { ms: 500 }],
  ["output", "yes", { outputBytes: 10_000 }],
  ["processes", "for i in 1 2 3 4 5 6 7 8; do sleep 20 & done; wait", { processes: 4 }],
] as const)("its %s is bounded all the same, with what it started", async (by, script, limits) => {
  const sandbox = none();
  const boxed = await begun(
    sandbox,
    marked(specOf({ program: ["/bin/sh", "-c", script], limits })),
  );
  void textOf(boxed);
  expect(await boxed.ended).toEqual({ kind: "stopped", by });
  await sandbox.close();
});

test.each(TIERS)("a mark takes nothing away where %s holds it", async (tier) => {
  const sandbox = openSandbox({ clock: systemClock, forbid: tier === "bwrap" ? [] : ["bwrap"] });
  const boxed = await begun(sandbox, marked(specOf({ program: ["/bin/cat", "/etc/hostname"] })));
  expect(boxed.tier).toBe(tier);
  expect(await textOf(boxed)).toBe("");
  await sandbox.close();
});
