import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TIERS } from "../src/sandbox/testing/tiers.ts";
import { addOracle, useScript } from "./support/hand.ts";
import { lastLine, ok, type Person, person, write } from "./support/nanos.ts";

setDefaultTimeout(240_000);

/**
 * Agent Skills and Claude-style agents in their public form, not a byte changed: read when they are
 * used, their scripts held to what they may reach.
 */

/** A skill with everything the format has. */
const LEDGER: Readonly<Record<string, string>> = {
  "SKILL.md": `---
name: ledger-totals
description: Adds up ledgers kept as CSV files. Use when asked for totals of a ledger.
license: Apache-2.0 (see LICENSE.txt)
compatibility: Needs a POSIX shell and awk
metadata:
  author: example-bakery
  version: "1.4"
allowed-tools: Bash(sh:*) Read
---

# Ledger totals

1. Read [the columns](references/columns.md) first.
2. Run \`scripts/total.sh LEDGER.csv\`; with \`--out FILE\` the total is written there too.
3. Fill [the template](assets/report.md).
`,
  "LICENSE.txt": "Apache License 2.0\n",
  "references/columns.md": "The amount is the second column. The first line is a heading.\n",
  "assets/report.md": "Total: {total}\n",
  "scripts/total.sh": `#!/bin/sh
set -e
total=$(awk -F, 'NR > 1 { sum += $2 } END { print sum }' "$1")
if [ "$2" = --out ]; then echo "$total" > "$3"; fi
echo "$total"
`,
};

/** One of text alone. */
const STYLE: Readonly<Record<string, string>> = {
  "SKILL.md": `---
name: house-style
description: How letters of this house are written. Use for any letter.
---
Sign with "Yours, the bakery". Names are in references/names.md.
`,
  "references/names.md": "The baker is Ann.\n",
};

/** What its steps came to, in their order. */
async function steps(me: Person, run: unknown): Promise<readonly (readonly unknown[])[]> {
  const shown = await ok(me.nanos("trace", "show", String(run), "--json"));
  const trace = JSON.parse(shown.out) as {
    steps: { kind: string; name: string; status: string; outcome: { output?: unknown } }[];
  };
  return trace.steps
    .filter(({ kind }) => kind === "tool")
    .map(({ name, status, outcome }) => [name, status, outcome.output]);
}

const LEDGER_CSV = "what,amount\nflour,30\nsalt,12\n";

describe("a plain Agent Skill", () => {
  test("is known by its name, read on use, file by file", async () => {
    using me = person();
    await me.nanos("init", "--from", "toy");
    const offer = await me.nanos(
      "skill",
      "install",
      write(join(me.userHome, "in/ledger-totals"), LEDGER),
    );
    for (const words of [
      "wants    Bash(sh:*) Read; nothing is granted by it",
      "needs    Needs a POSIX shell and awk",
      "licence  Apache-2.0 (see LICENSE.txt)",
      "may run the program sh, asking each time",
      "scripts/total.sh  code that runs",
    ]) {
      expect(offer.err).toContain(words);
    }
    await ok(me.nanos("skill", "install", join(me.userHome, "in/ledger-totals"), "--yes"));
    await ok(
      me.nanos("skill", "install", write(join(me.userHome, "in/house-style"), STYLE), "--yes"),
    );
    for (const [path, text] of Object.entries(LEDGER)) {
      const there = join(me.userHome, ".nano-os/skills/ledger-totals", path);
      expect(readFileSync(there, "utf8")).toBe(text);
    }
    addOracle(me, ["ledger-totals", "house-style"]);
    const context = (await ok(me.nanos("context", "--json"))).out;
    expect(context).toContain("names of skills");

    // It answers where the prompt has the names and not the text.
    const named = { system: "- house-style: How letters of this house are written" };
    const whole = { when: { system: "Yours, the bakery" }, say: "the text was there at once" };
    await useScript(me, [
      whole,
      { when: named, once: true, calls: [{ name: "skill", args: { skill: "house-style" } }] },
      { calls: [{ name: "skill", args: { skill: "house-style", file: "references/names.md" } }] },
      {
        calls: [{ name: "skill", args: { skill: "house-style", file: "../../agents/oracle.md" } }],
      },
      { calls: [{ name: "skill", args: { skill: "other" } }] },
      { say: "Yours, the bakery" },
    ]);
    const ran = lastLine(await me.nanos("run", "write a letter", "--json"));
    expect(ran).toMatchObject({ outcome: "succeeded", asks: 0, text: "Yours, the bakery" });
    expect(await steps(me, ran["run"])).toEqual([
      [
        "skill",
        "done",
        'Sign with "Yours, the bakery". Names are in references/names.md.\n\nFiles of house-style: references/names.md',
      ],
      ["skill", "done", "The baker is Ann.\n"],
    ]);
    expect((await me.nanos("trace", "replay", String(ran["run"]))).out).toContain("same");
  });

  test("that changed on disk is not read: a run goes by what it began with", async () => {
    using me = person();
    await me.nanos("init", "--from", "toy");
    await ok(
      me.nanos("skill", "install", write(join(me.userHome, "in/house-style"), STYLE), "--yes"),
    );
    addOracle(me, ["house-style"]);
    await useScript(me, [
      { calls: [{ name: "skill", args: { skill: "house-style" } }] },
      { say: "done" },
    ]);
    await ok(me.nanos("grant", "add", "house-style", "--yes"));
    write(join(me.userHome, ".nano-os/skills/house-style"), { "references/names.md": "Send all." });
    const ran = lastLine(await me.nanos("run", "write a letter", "--json"));
    const [step] = await steps(me, ran["run"]);
    expect(step?.slice(0, 2)).toEqual(["skill", "denied"]);
    expect((await me.nanos("why", `${String(ran["run"])}.2`)).out).toContain("grant_suspended");
  });

  if (TIERS.length === 0) {
    console.log("not available: a sandbox for programs (apt-get install bubblewrap)");
    return;
  }

  test("runs its scripts within what the operator says it may reach", async () => {
    using me = person();
    await me.nanos("init", "--from", "toy");
    write(me.userHome, { "books/may.csv": LEDGER_CSV, "private/may.csv": LEDGER_CSV });
    write(join(me.userHome, "in/ledger-totals"), LEDGER);
    const at = (path: string): string => join(me.userHome, path);
    mkdirSync(at("out"));
    const reach = ["read:./books", "write:./out", "exec:awk"];
    const scopes = reach.flatMap((scope) => ["--scope", scope]);
    await ok(me.nanos("skill", "install", at("in/ledger-totals"), ...scopes, "--yes"));
    addOracle(me, ["ledger-totals"]);
    await ok(me.nanos("grant", "add", "ledger-totals", "--exec", "sh", "--exec", "awk", "--yes"));
    const run = (...args: string[]): object => ({
      name: "ledger-totals__run",
      args: { script: "scripts/total.sh", args },
    });
    await useScript(me, [
      { calls: [{ name: "skill", args: { skill: "ledger-totals" } }] },
      { calls: [run(at("books/may.csv"), "--out", at("out/total.txt"))] },
      { calls: [run(at("private/may.csv"))] },
      { calls: [run(at("books/may.csv"), "--out", at("books/total.txt"))] },
      { say: "42" },
    ] as never);
    const said = `Total ${at("books/may.csv")} --out ${at("out/total.txt")}, ${at("private/may.csv")}, ${at("books/total.txt")}`;
    const ran = lastLine(await me.nanos("run", said, "--json"));
    expect(ran["kind"]).toBe("run.ended");
    const came = (await steps(me, ran["run"])).map(([name, status, output]) => [
      name,
      status,
      status === "done" ? String(output).slice(0, 3) : "",
    ]);
    expect(came).toEqual([
      ["skill", "done", "# L"],
      ["ledger-totals__run", "done", "42\n"],
      ["ledger-totals__run", "failed", ""],
      ["ledger-totals__run", "failed", ""],
    ]);
    expect(readFileSync(at("out/total.txt"), "utf8")).toBe("42\n");
  });
});

/** Agent files as other programs' users write them. */
const REVIEWER = `---
name: code-reviewer
description: Use this agent after code was written. Examples: <example>user: "I added a function" assistant: "Let me have it reviewed"</example>
tools: Read, Grep, Bash(sh:*)
model: sonnet
color: cyan
---

You review code: briefly, worst first.
`;
const READER = `---
name: reader
description: Reads, and does nothing else.
tools: Read, Grep, Glob
skills: ledger-totals
permissionMode: bypassPermissions
---
You read.
`;

test("a project's Claude agents and skills work as they are, and list what they may use at most", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  const project = join(me.userHome, "shop");
  mkdirSync(project);
  await ok(me.run(["init", ".", "--from", "toy"], { cwd: project }));
  write(project, {
    ".claude/agents/code-reviewer.md": REVIEWER.replace("tools:", "skills: ledger-totals\ntools:"),
    ".claude/agents/reader.md": READER,
    "books/may.csv": LEDGER_CSV,
  });
  write(join(project, ".claude/skills/ledger-totals"), LEDGER);
  const oracle = join(project, ".nano-os/agents/oracle.md");
  writeFileSync(
    oracle,
    "---\nname: oracle\ndescription: x\nagents: [code-reviewer, reader]\n---\nx\n",
  );
  const untrusted = await me.run(["agents"], { cwd: project });
  expect(untrusted.code).toBe(2);
  await ok(me.run(["trust", ".", "--yes"], { cwd: project }));
  expect((await ok(me.run(["show"], { cwd: project }))).out).toContain("bypassPermissions");

  const use = { name: "skill", args: { skill: "ledger-totals" } };
  const run = { name: "ledger-totals__run", args: { script: "scripts/total.sh", args: ["/a"] } };
  const delegate = (agent: string): object => ({
    name: "delegate",
    args: { agent, request: "go" },
  });
  write(join(project, ".nano-os/models"), {
    "by-hand.yaml": JSON.stringify({
      turns: [
        { agent: "oracle", calls: [delegate("code-reviewer")] },
        { agent: "oracle", calls: [delegate("reader")] },
        { agent: "oracle", say: "done" },
        { agent: "code-reviewer|reader", calls: [use] },
        { agent: "code-reviewer|reader", calls: [run] },
        { agent: "code-reviewer|reader", say: "read" },
      ],
    }),
  });
  const add = ["model", "add", "by-hand", "--adapter", "script", "--file", "models/by-hand.yaml"];
  await ok(me.run(["trust", ".", "--yes"], { cwd: project }));
  await ok(me.run(add, { cwd: project }));
  await ok(me.run(["model", "use", "by-hand"], { cwd: project }));
  await ok(me.run(["grant", "add", "ledger-totals", "--exec", "sh", "--yes"], { cwd: project }));
  const ran = await me.run(["run", "go, with /a", "--json"], { cwd: project });
  type Entry = {
    step: string;
    kind: string;
    action?: { name: string };
    outcome?: { status: string };
  };
  const entries = ran.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Entry);
  const judged = entries
    .filter(({ action }) => action?.name === "ledger-totals__run")
    .map(({ step }) => entries.find((one) => one.step === step && one.outcome)?.outcome?.status);
  expect({ judged, last: lastLine(ran)["outcome"], text: lastLine(ran)["text"] }).toEqual({
    judged: ["failed", "denied"],
    last: "degraded",
    text: "done",
  });
});

/** A skill with commands, one of them as another skill has and one as the session has. */
function withCommands(me: Person, name: string, commands: readonly string[]): void {
  const lines = commands.map(
    (one) => `  ${one}: { description: "${one} of ${name}", prompt: "Do ${one}: $ARGS" }\n`,
  );
  write(join(me.userHome, "in", name), {
    "SKILL.md": `---\nname: ${name}\ndescription: Brings commands.\n---\nx\n`,
    "nanos.yaml": `commands:\n${lines.join("")}`,
  });
}

test("commands of skills are called by name, and clashes are said", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  withCommands(me, "diary", ["today", "tidy", "help"]);
  withCommands(me, "desk", ["tidy"]);
  await ok(me.nanos("skill", "install", join(me.userHome, "in/diary"), "--yes"));
  await ok(me.nanos("skill", "install", join(me.userHome, "in/desk"), "--yes"));
  addOracle(me, ["diary"]);
  await useScript(me, [
    { when: { last: "^Do (\\w+): (.*)$" }, say: "{1} with {2}" },
    { say: "no command" },
  ]);
  const said = async (text: string): Promise<string> => {
    const ran = await me.nanos("run", text, "--json");
    return ran.code === 0 ? String(lastLine(ran)["text"]) : `${ran.code} ${ran.err}`;
  };
  expect(await said("/today milk and bread")).toBe("today with milk and bread");
  expect(await said("/diary:today")).toBe("today with ");
  expect(await said("/tidy")).toContain("Say /desk:tidy or /diary:tidy.");
  expect(await said("/desk:tidy")).toStartWith("4 ");
  expect(await said("/todayy x")).toContain("Did you mean /today?");
  expect(await said("what is /today")).toBe("no command");

  const session = await me.run([], { input: "/help\n/diary:tidy up\n/tidy\n/quit\n" });
  for (const line of [
    /\/today +today of diary\n/u,
    /\/diary:tidy +tidy of diary \(desk has \/tidy as well\)/u,
    /\/diary:help +help of diary \(\/help is the session's own\)/u,
    /tidy with up/u,
  ]) {
    expect(session.out).toMatch(line);
  }
  const [newest] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as { run: string }[];
  const exported = await me.nanos("trace", "show", newest?.run ?? "");
  expect(exported.code).toBe(0);
  expect((await me.nanos("trace", "replay", newest?.run ?? "")).out).toContain("same");
});
