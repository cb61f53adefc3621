import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Nanos } from "../src/contracts/nanos.ts";
import type { ScriptInput } from "../src/contracts/script.ts";
import { openNanos, trust, trustView } from "../src/nanos.ts";
import { LIMITS } from "../src/std/limits.ts";
import { TIERS } from "../src/sandbox/testing/tiers.ts";

setDefaultTimeout(240_000);

/**
 * Agent Skills and agent files of the public, not a byte changed: a package of two dozen skills, the
 * skills Playwright brings, and the files its own command writes for Claude. All of them install and
 * are read on use; a script does its work within what the operator says it may reach.
 */

const PUBLIC = process.env["NANOS_TEST_SKILLS"];
const SOAK = process.env["NANOS_SOAK"] === "1";
const NODE = process.env["NANOS_TEST_NODE"];
const MODULES = join(PUBLIC ?? "", "node_modules");

/** Skills by name, each with its folder. */
function publicSkills(): ReadonlyMap<string, string> {
  const folders = ["ai-labs-claude-skills/dist/skills", "playwright-core/lib/tools/skills"];
  return new Map(
    folders
      .map((folder) => join(MODULES, folder))
      .flatMap((folder) => readdirSync(folder).map((name) => [name, join(folder, name)] as const))
      .filter(([, dir]) => existsSync(join(dir, "SKILL.md"))),
  );
}

const opened: { nanos: Nanos; root: string }[] = [];
afterEach(async () => {
  for (const { nanos, root } of opened.splice(0)) {
    await nanos.close();
    rmSync(root, { recursive: true, force: true });
  }
});

interface Place {
  readonly nanos: Nanos;
  readonly root: string;
}

/** A project with these files and answers, trusted and open. */
async function project(
  turns: ScriptInput["turns"],
  fill: (work: string) => void,
  oracle: string,
): Promise<Place> {
  const root = mkdtempSync(join(tmpdir(), "nanos-public-"));
  const work = join(root, "work");
  const dir = join(work, ".nano-os");
  mkdirSync(join(dir, "agents"), { recursive: true });
  const model = "models:\n  recorded: { adapter: script, file: script.yaml }\n";
  writeFileSync(join(dir, "arrangement.yaml"), `name: lab\nmodel: recorded\n${model}`);
  writeFileSync(join(dir, "script.yaml"), JSON.stringify({ turns }));
  const head = `---\nname: oracle\ndescription: By hand.\n${oracle}---\n`;
  writeFileSync(join(dir, "agents", "oracle.md"), `${head}You help.\n`);
  fill(work);
  const options = { home: join(root, "home"), cwd: work, env: { PATH: "/usr/bin:/bin" } };
  await trust(options, await trustView(options, work));
  const nanos = await openNanos(options);
  opened.push({ nanos, root });
  return { nanos, root };
}

if (PUBLIC === undefined) {
  console.log("not available: public Agent Skills (npm test installs them)");
} else {
  const skills = publicSkills();

  test("public skills install as they are, are named in the prompt, and are read on use", async () => {
    expect(skills.size).toBeGreaterThan(20);
    // Each takes most of a second to be put in place: some of them here, all of them in the long run.
    const names = [...skills.keys()].filter((_, i) => SOAK || i % 5 === 2);
    const calls = names.map((skill) => ({ name: "skill", args: { skill } }));
    expect(calls.length).toBeLessThanOrEqual(LIMITS.callsPerTurn);
    const turns = [{ calls }, { say: "All read." }];
    const { nanos, root } = await project(turns, () => undefined, "");
    for (const name of names) {
      const dir = skills.get(name) ?? "";
      await nanos.skills.install(await nanos.skills.offer(dir), { anyway: true });
      const there = join(root, "work/.nano-os/skills", name);
      for (const file of readdirSync(dir, { recursive: true, withFileTypes: true })) {
        if (!file.isFile()) continue;
        const path = join(file.parentPath, file.name).slice(dir.length);
        expect(readFileSync(join(there, path)).equals(readFileSync(join(dir, path)))).toBe(true);
      }
    }
    await nanos.renew();
    for (const name of names) await nanos.skills.attach(name, "oracle");
    await nanos.renew();
    const handle = await nanos.run({ text: "read them all" });
    expect(await handle.done).toMatchObject({ ended: { outcome: "succeeded", asks: 0 } });
    const read = nanos.traces
      .show(handle.run)
      .steps.filter(({ name, kind }) => kind === "tool" && name === "skill");
    expect(read.map(({ status }) => status)).toEqual(names.map(() => "done"));
    for (const [i, { outcome }] of read.entries()) {
      const whole = readFileSync(join(skills.get(names[i] ?? "") ?? "", "SKILL.md"), "utf8");
      const body = whole.slice(whole.indexOf("\n---", 3) + 4).trim();
      expect(outcome?.status === "done" ? String(outcome.output) : "").toStartWith(body);
    }
    expect(await nanos.traces.replay(handle.run)).toMatchObject({ ok: true });
  });

  if (TIERS.length === 0 || !existsSync("/usr/bin/python3")) {
    console.log("not available: a sandbox and python3 (apt-get install bubblewrap python3)");
  } else {
    test("a script of one does its work in what it may read, and sees nothing else", async () => {
      const skill = "tech-debt-analyzer";
      const run = (path: string): object => ({
        name: `${skill}__run`,
        args: { script: "scripts/detect_code_smells.py", args: [path] },
      });
      const root = { work: "" };
      const turns = (work: string): ScriptInput["turns"] =>
        [
          { calls: [run(join(work, "shop")), run(join(work, "private"))] },
          { say: "Looked." },
        ] as ScriptInput["turns"];
      const { nanos } = await project(
        [],
        (work) => {
          root.work = work;
          writeFileSync(
            join(work, ".nano-os", "script.yaml"),
            JSON.stringify({ turns: turns(work) }),
          );
          for (const folder of ["shop", "private"]) {
            mkdirSync(join(work, folder));
            writeFileSync(join(work, folder, "a.ts"), "// TODO: mend this\nconsole.log(1);\n");
          }
        },
        "",
      );
      const offer = await nanos.skills.offer(skills.get(skill) ?? "", { scopes: ["read:./shop"] });
      await nanos.skills.install(offer, { anyway: true });
      await nanos.renew();
      await nanos.skills.attach(skill, "oracle", { exec: ["python3"] });
      await nanos.renew();
      const said = `look at ${join(root.work, "shop")} and ${join(root.work, "private")}`;
      const handle = await nanos.run({
        text: said,
        ask: async () => ({ verdict: "allow", reach: "once" }),
      });
      await handle.done;
      const [first, second] = nanos.traces
        .show(handle.run)
        .steps.filter(({ name }) => name === `${skill}__run`)
        .map(({ outcome }) => outcome);
      expect(first).toMatchObject({ status: "done", output: expect.stringContaining("TODO") });
      expect(JSON.stringify(second)).not.toContain("TODO");
    });
  }

  test("agent files that a program writes for Claude work as they are, and are no grant", async () => {
    const healer = "playwright-test-healer";
    const turns = [
      {
        agent: "oracle",
        once: true,
        calls: [{ name: "delegate", args: { agent: healer, request: "heal" } }],
      },
      { agent: "oracle", say: "done" },
      {
        ...{ agent: healer, once: true, when: { system: "You are the Playwright Test Healer" } },
        calls: [{ name: "Bash", args: { command: "true" } }],
      },
      { agent: healer, say: "healed" },
    ] as ScriptInput["turns"];
    const cli = join(MODULES, "playwright", "cli.js");
    const { nanos, root } = await project(
      turns,
      (work) => {
        execFileSync(NODE ?? "node", [cli, "init-agents", "--loop=claude"], {
          ...{ cwd: work, stdio: "ignore" },
        });
        rmSync(join(work, ".mcp.json"));
        cpSync(join(work, ".claude"), join(work, "..", "before"), { recursive: true });
      },
      `agents: [${healer}]\n`,
    );
    const files = readdirSync(join(root, "work/.claude/agents"));
    expect(files.length).toBe(3);
    for (const file of files) {
      const now = readFileSync(join(root, "work/.claude/agents", file), "utf8");
      expect(now).toBe(readFileSync(join(root, "before/agents", file), "utf8"));
    }
    const listed = nanos.agents.list().map(({ manifest }) => manifest.name);
    expect(listed).toEqual(expect.arrayContaining(files.map((file) => file.slice(0, -3))));
    const handle = await nanos.run({ text: "heal my tests" });
    expect(await handle.done).toMatchObject({ ended: { text: "done" } });
    const step = nanos.traces.show(handle.run).steps.find(({ kind }) => kind === "agent");
    expect(step?.outcome).toMatchObject({ output: { answer: "healed" } });
    expect(step?.child?.model).toBe("recorded");
    // What its file lists it may use at most; nothing of it is there because it is listed.
    expect(step?.child?.steps.filter(({ kind }) => kind === "tool")).toEqual([]);
  });
}
