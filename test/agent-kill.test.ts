import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runtimeFile } from "../src/sandbox/runtime.ts";
import { type Person, person, type Result, type Running } from "./support/nanos.ts";

setDefaultTimeout(240_000);

/**
 * nanos is killed while another program, an agent, works for it: nothing of that program is left, and
 * the run is brought to its end by a resume, its one file written once.
 */

const FLAGS = [
  "--config=/dev/null",
  "--no-env-file",
  "--no-install",
  "--tsconfig-override=/dev/null",
];

const PROCESS = `import { appendFileSync, existsSync } from "node:fs";
while (!existsSync("go")) await new Promise((on) => setTimeout(on, 20));
appendFileSync("made.txt", "made\\n");
console.log("It is made.");
`;

const acp = await Bun.build({
  entrypoints: [join(import.meta.dirname, "support/acp-agent.ts")],
  target: "bun",
});
const ACP = (await acp.outputs[0]?.text()) ?? "";

/** A project with the agent. @returns its folder, and the file of the agent. */
async function prepared(
  me: Person,
  kind: "process" | "acp",
): Promise<{ readonly cwd: string; readonly file: string }> {
  const cwd = join(me.userHome, "work");
  mkdirSync(cwd);
  await me.run(["init", ".", "--from", "toy"], { cwd });
  const file = join(me.userHome, "programs", `${kind}-${process.pid}-agent.ts`);
  mkdirSync(join(me.userHome, "programs"));
  writeFileSync(file, kind === "process" ? PROCESS : ACP);
  const command = JSON.stringify([runtimeFile(), ...FLAGS, file]);
  writeFileSync(
    join(cwd, ".nano-os/agents/slow.md"),
    `---
name: slow
description: Takes its time.
kind: ${kind}
command: ${command}
scopes: ["read:${join(me.userHome, "programs")}", "read:.", "write:."]
price: free
---
`,
  );
  expect((await me.run(["trust", ".", "--yes"], { cwd })).code).toBe(0);
  return { cwd, file };
}

/** The processes that run this file. */
function running(file: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/u.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(file);
    } catch {
      return false;
    }
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(20);
}

/** Says yes to what a run waits for. */
async function allow(at: (...args: string[]) => Promise<Result>, { err }: Result): Promise<void> {
  const [, ask = ""] = /approvals approve (\w+)/u.exec(err) ?? [];
  expect((await at("approvals", "approve", ask)).code).toBe(0);
}

/** A run that ended before it was killed says why. */
async function ended(run: Running): Promise<never> {
  const { code, out, err } = await run.ended;
  throw new Error(`it ended with ${code}: ${out}${err}`);
}

for (const kind of ["process", "acp"] as const) {
  test(`killed in the middle of the call of an agent of kind ${kind}, and resumed`, async () => {
    using me = person();
    const { cwd, file } = await prepared(me, kind);
    const at = (...args: readonly string[]) => me.run(args, { cwd });
    const request =
      kind === "process" ? "Make it." : "until go\nhand made.txt made\nsay It is made.";
    // It reads outside the workspace, and what it is started with is the operator's to allow.
    await allow(at, await at("run", "--agent", "slow", request));
    const [line] = JSON.parse((await at("trace", "list", "--json")).out) as { run: string }[];
    const run = line?.run ?? "";
    const first = me.begin(["resume", run], { cwd });
    await Promise.race([until(() => running(file).length > 0), ended(first)]);
    first.kill("SIGKILL");
    await first.ended;
    // Whoever started it is gone, and so is it.
    await until(() => running(file).length === 0);
    writeFileSync(join(cwd, "go"), "");
    // What it did out there nobody knows; so it is not begun again unasked.
    const doubted = await at("resume", run);
    expect([doubted.code, doubted.err]).toEqual([
      3,
      expect.stringContaining("begun before a crash") as string,
    ]);
    await allow(at, doubted);
    const resumed = await at("resume", run);
    expect(`${resumed.code} ${resumed.err}`).toStartWith("0 ");
    expect(resumed.out).toContain("It is made.");
    expect(readFileSync(join(cwd, "made.txt"), "utf8").trim()).toBe("made");
    const shown = (await at("trace", "show", run, "--json")).out;
    expect(shown).toContain("in_doubt");
    expect((await at("trace", "replay", run)).code).toBe(0);
    expect((await at("trace", "verify")).code).toBe(0);
  });
}
