import { expect, setDefaultTimeout, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentReport } from "../src/contracts/agent.ts";
import { type Person, person } from "./support/nanos.ts";

setDefaultTimeout(240_000);

/** The cases the starter coder brings, on real repositories, and one that does not pass. */

async function coder(): Promise<Person & { readonly temp: string }> {
  const me = person();
  const temp = join(me.userHome, "tmp");
  mkdirSync(temp);
  expect((await me.nanos("init", "--from", "coder")).code).toBe(0);
  return { ...me, temp, [Symbol.dispose]: () => me[Symbol.dispose]() };
}

test("an agent is tried on its cases, and a report says what came of each", async () => {
  using me = await coder();
  const args = ["agent", "test", "coder", "--report", "report.md", "--json"];
  const ran = await me.run(args, { env: { TMPDIR: me.temp } });
  expect(ran.err).toBe("");
  const report = JSON.parse(ran.out) as AgentReport;
  expect(report.cases.map(({ file, failures }) => [file, failures])).toEqual([
    ["evals/asked-too-much.yaml", []],
    ["evals/failing-test.yaml", []],
    ["evals/new-function.yaml", []],
  ]);
  expect(ran.code).toBe(0);
  const [, fixed] = report.cases;
  expect(fixed).toMatchObject({ outcome: "succeeded", turns: 4, files: [{ path: "sum.sh" }] });
  expect(fixed?.calls.map(({ name }) => name)).toEqual([
    ...["run_command", "read_file", "edit_file", "run_command", "git_diff"],
  ]);
  const page = readFileSync(join(me.userHome, "report.md"), "utf8");
  expect(page).toContain("# coder on recorded answers\n\n3 of 3 cases passed.");
  expect(page).toContain("+echo $(($1 + $2))");
  expect(page).toContain("Tool calls: run_command (denied)");
  // All of it was elsewhere, and is gone.
  expect(readdirSync(me.temp)).toEqual([]);
  expect(JSON.parse((await me.nanos("trace", "list", "--json")).out)).toEqual([]);
});

test("a case that fails says why, whoever answers", async () => {
  using me = await coder();
  const evals = join(me.userHome, ".nano-os", "evals");
  for (const file of readdirSync(evals)) execFileSync("rm", [join(evals, file)]);
  const hopeful = `agent: coder
request: Mend it.
files: { a.txt: "a\\n", deep/er/b.txt: "b\\n" }
expect:
  outcome: failed
  text: done
  calls: [read_file]
  changed: [a.txt]
  files: { a.txt: c, deep/er/b.txt: null, new.txt: "^new$" }
  asks: 1
  checks:
    - { tool: run_command, args: { command: cat new.txt }, says: old }
    - { tool: nothing, args: {} }
`;
  writeFileSync(join(evals, "hopeful.yaml"), hopeful);
  const unanswered = await me.nanos("agent", "test", "coder");
  expect([unanswered.code, unanswered.out]).toEqual([
    1,
    "failed evals/hopeful.yaml\n  It has no recorded answers.\n0 passed, 1 failed\n",
  ]);
  const turns = [
    { calls: [{ name: "write_file", args: { path: "new.txt", text: "new" } }] },
    { say: "I am sure it works." },
  ];
  writeFileSync(join(me.userHome, "answers.json"), JSON.stringify({ turns }));
  const file = join(me.userHome, "answers.json");
  await me.nanos("model", "add", "mine", "--adapter", "script", "--file", file);
  const ran = await me.nanos("agent", "test", "coder", "--model", "mine");
  expect([ran.code, ran.out]).toEqual([
    1,
    `failed evals/hopeful.yaml
  it succeeded, not failed
  its answer is "I am sure it works.", and does not match done
  the operator was asked 0 times, not 1
  it called write_file, not read_file
  it changed new.txt, not a.txt
  a.txt holds "a\\n", and does not match c
  deep/er/b.txt is there
  the check run_command says "new(exit code 0)", and does not match old
  There is no tool nothing.
0 passed, 1 failed
`,
  ]);
});

test("a model's opinion stands beside the checks, is asked for again where it cannot be read, and mends none", async () => {
  using me = await coder();
  const evals = join(me.userHome, ".nano-os", "evals");
  for (const file of readdirSync(evals)) execFileSync("rm", [join(evals, file)]);
  const glowing = {
    responsiveness: 5,
    quality: 5,
    consistency: 5,
    tools: 5,
    why: "Great\u001b[2J.",
  };
  const say = (text: string): object => ({ agent: "case-judge", say: text });
  const one = (judge: object, text: string): string =>
    JSON.stringify({
      ...{ agent: "coder", request: "Mend it.", files: { "a.txt": "a\n" } },
      ...{ model: { turns: [{ agent: "coder", say: "done" }] }, judge, expect: { text } },
    });
  const cases: Record<string, string> = {
    "a-again": one(
      {
        rubric: "Be strict.",
        answers: { turns: [say("Great!"), say(`\`\`\`json\n${JSON.stringify(glowing)}\n\`\`\``)] },
      },
      "^done$",
    ),
    "b-failed": one({ rubric: "x", answers: { turns: [say(JSON.stringify(glowing))] } }, "never"),
    "c-nobody": one({ rubric: "x", model: "far" }, "done"),
    "d-never": one(
      { rubric: "x", answers: { turns: [1, 2, 3].map(() => say('{"quality": 9}')) } },
      "done",
    ),
  };
  for (const [name, text] of Object.entries(cases))
    writeFileSync(join(evals, `${name}.yaml`), text);
  const args = ["agent", "test", "coder", "--report", "report.md", "--json"];
  const ran = await me.nanos(...args);
  const report = JSON.parse(ran.out) as AgentReport;
  expect(report.cases.map(({ failures, opinion }) => [failures.length, opinion])).toEqual([
    [0, { by: "recorded answers", ...glowing }],
    // What fails stays failed, whatever anybody thinks of it.
    [1, { by: "recorded answers", ...glowing }],
    [0, { by: "nobody", failure: "Nobody was asked: record its answers, or name one by --judge." }],
    [
      0,
      {
        by: "recorded answers",
        failure: expect.stringMatching(/no opinion that can be read: /u) as string,
      },
    ],
  ]);
  expect(ran.code).toBe(1);
  const page = readFileSync(join(me.userHome, "report.md"), "utf8");
  expect(page).toContain(
    "A model's opinion of recorded answers, of 5: responsiveness 5, quality 5",
  );
  expect(page).not.toContain("\u001b");
  writeFileSync(
    join(me.userHome, "judge.json"),
    JSON.stringify({ turns: [say(JSON.stringify(glowing))] }),
  );
  const file = join(me.userHome, "judge.json");
  await me.nanos("model", "add", "far", "--adapter", "script", "--file", file);
  const asked = await me.nanos("agent", "test", "coder", "--judge", "far", "--case", "c-nobody");
  expect([asked.code, asked.out]).toEqual([
    0,
    "passed evals/c-nobody.yaml\n  opinion of far, of 5: responsiveness 5, quality 5, consistency 5, tools 5. Great.\n1 passed, 0 failed\n",
  ]);
});

test("what is no case, no agent and no model is said", async () => {
  using me = await coder();
  const said = async (...args: readonly string[]): Promise<string> => {
    const { code, err } = await me.nanos("agent", "test", ...args);
    return `${code}: ${err.split("\n", 1)[0]?.replace("error: ", "")}`;
  };
  expect(await said("coder", "--case", "nowhere")).toBe("2: coder has no case called nowhere.");
  expect(await said("coder", "--model", "nobody")).toBe("2: There is no model nobody.");
  expect(await said("codex")).toBe("2: There is no agent codex.");
  const broken = join(me.userHome, ".nano-os", "evals", "failing-test.yaml");
  expect(existsSync(broken)).toBe(true);
  writeFileSync(broken, "agent: coder\nrequest: x\nfiles: {}\nexpect: { changes: [] }\n");
  expect(await said("coder")).toContain("2: ");
  const checked = await me.nanos("check", broken);
  expect(checked.out + checked.err).toContain("changes");
});
