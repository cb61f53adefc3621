import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { type Came, commandLine, type Setting } from "./testing/command-line.ts";
import { action, questionFor, suggestionFor } from "./testing/samples.ts";
import type { Script } from "./testing/scripted-nanos.ts";

const SCRIPT: Script = {
  home: tmpdir(),
  plays: {
    ask: [
      {
        call: {
          name: "web_fetch",
          agent: "research",
          args: { url: "http://127.0.0.1:4321/" },
          destinations: ["net:127.0.0.1:4321"],
        },
        ask: true,
      },
      { say: ["Fetched."] },
    ],
  },
};

function run(line: string | readonly string[], setting: Partial<Setting> = {}): Promise<Came> {
  const argv = typeof line === "string" ? line.split(" ").filter(Boolean) : line;
  return commandLine(argv, { script: SCRIPT, ...setting });
}

/** A command's code and whole standard output; standard error holds the words given. */
async function check(
  line: string | readonly string[],
  code: number,
  out: string,
  err: readonly string[] = [],
  setting: Partial<Setting> = {},
): Promise<Came> {
  const came = await run(line, setting);
  expect({ line, code: came.code, out: came.out }).toEqual({ line, code, out });
  for (const word of err) expect(came.err).toContain(word);
  return came;
}

test("can: answers as a run would exit, and does nothing", async () => {
  await check(
    ["can", "oracle", "notes_append", "{}"],
    0,
    "yes: it is inside what was declared and granted, and nothing objects\n",
  );
  const ask = await run(["can", "oracle", "ask_me", '{"a":1}']);
  expect([ask.code, ask.out]).toEqual([
    3,
    "it would ask: it would send something to a destination nobody endorsed\nIt could cost: what is asked for leaves this machine.\n",
  ]);
  expect((await run("can oracle deny_me")).code).toBe(4);
  expect(ask.log).toEqual(["open", "close"]);
  const json = await run(["can", "oracle", "ask_me", '{"a":1}', "--json"]);
  expect(JSON.parse(json.out)).toMatchObject({ question: { name: "ask_me", args: { a: 1 } } });
  await check(["can", "oracle", "x", "{"], 2, "", ["not JSON"]);
});

const NEVER = `You said no to web_fetch 5 times. This rule would say it.
--- rules.yaml
+++ rules.yaml
+  - id: never-web-fetch
+    when: {"name":"web_fetch","scope":[]}
+    then: deny
+    example: {"name":"web_fetch"}
+    counter: {"name":"other"}
`;

test("rules suggest: a diff that is not applied, and a line at the end of the run that raised it", async () => {
  await check("rules", 0, "Nothing to suggest: no answer was given often enough.\n");
  await check(
    "rules suggest web_fetch",
    0,
    `${NEVER}\nNothing was changed. Put in what you want yourself.\n`,
  );
  const suggestions = [suggestionFor("web_fetch")];
  const keys = { keys: ["n"] };
  const asked = {
    ...SCRIPT,
    suggestions,
    plays: { ask: [...(SCRIPT.plays["ask"] ?? []), { end: { asks: 1 } }] },
  };
  const came = await run("run --no-color ask", { script: asked, tty: keys });
  expect(came.err).toContain("You said no to web_fetch 5 times.");
  expect(came.err).toContain("nanos rules suggest shows it.\n");
  const other = { ...asked, suggestions: [{ ...suggestionFor("x"), run: "r9" }] };
  expect((await run("run ask", { script: other, tty: keys })).err).not.toContain("5 times");
  const observe = { ...suggestionFor("x") };
  if (observe.kind !== "rule") throw new Error("no rule");
  const changed = {
    ...observe,
    was: observe.rule,
    rule: { ...observe.rule, mode: "observe" },
  } as const;
  const grant = {
    kind: "grant",
    says: "Yes, often.",
    run: "r1",
    command: "nanos grant add w",
  } as const;
  const both = await run("rules suggest", { script: { ...SCRIPT, suggestions: [changed, grant] } });
  expect(both.out).toContain("     then: deny\n+    mode: observe\n     example:");
  expect(both.out).toContain("Yes, often.\n  nanos grant add w\n");
});

test("rules test and rules simulate say what a file would do", async () => {
  await check("rules test r.yaml", 0, "ok 2 rules, 0 cases\n");
  await check(
    "rules test r.yaml c.yaml",
    1,
    "✗ case 1: /w/r.yaml is wrong.\n1 problem in 2 rules, 1 case\n",
  );
  const { out } = await run("rules simulate r.yaml");
  expect(out.split("\n").map((line) => line.trimEnd())).toEqual([
    "12 actions judged: 1 would have been denied, 1 asked about, 0 newly allowed.",
    "",
    "step  was    now   rule    who wanted what",
    "r1.2  allow  deny  no-web  oracle: web_fetch",
    "r2.2  allow  ask   -       oracle: notes_move",
    "",
    "1 were erased and can't be judged.",
    "Judged as recorded; what would have followed from another answer is not known.",
    "",
  ]);
});

test("approvals: revoke takes back, --confirm names what rank S takes", async () => {
  await check("approvals revoke a7f3", 0, "taken back a7f3\n");
  const script = { ...SCRIPT, rank: "S" as const };
  const asked = await run("run --no-color ask", {
    script,
    tty: { keys: ["a", "y", "l"], answers: ["web"] },
  });
  expect([asked.code, asked.err.includes("web_fetch left for later")]).toEqual([3, true]);
  expect(asked.err.split("y yes, by its name").length - 1).toBe(2);
  const named = await run("run --no-color ask", {
    script,
    tty: { keys: ["y"], answers: ["web_fetch"] },
  });
  expect([named.code, named.err.includes("web_fetch allowed")]).toEqual([0, true]);
  expect(named.err).toContain("y yes, by its name  n no");
});

const PLAN = [
  questionFor(
    action({ name: "web_fetch", args: { url: "https://a.org/" }, destinations: ["net:a.org:443"] }),
  ),
  questionFor(action({ name: "make", args: {}, destinations: ["exec:make"] }), "C"),
  questionFor(action({ name: "pay", args: { to: "Ada" } }), "S"),
];

const PLANNED = { ...SCRIPT, plays: { "*": [{ say: ["Done."] }] }, plan: PLAN };

test("run --plan: one table, answered at once, and then it runs with what was said yes to", async () => {
  const typed = async (...answers: readonly string[]): Promise<Came> =>
    run("run --no-color --plan tidy", { script: PLANNED, tty: { answers } });
  const all = await typed("a");
  expect([all.code, all.out]).toEqual([0, expect.stringContaining("Done.\n")] as never);
  expect(all.log).toEqual([
    "open",
    "rehearse oracle: tidy",
    "give web_fetch make",
    "run oracle: tidy with p1 p2",
    "close",
  ]);
  expect(all.err).toContain(`It would ask 3 times. Rehearsed as r000000000000001; nothing was done.
#  who wants what     where      cost
1  oracle: web_fetch  a.org:443  B: what is asked for leaves this machine
   {"url":"https://a.org/"}
2  oracle: make       make       C: what is asked for leaves this machine
   {}
3  oracle: pay                   S: what is asked for leaves this machine
   {"to":"Ada"}
4 results were withheld: what it does because of them is not known yet, and may
be asked as it runs.
Rank S is answered by its name, when it is asked.
`);
  const log = async (...answers: readonly string[]): Promise<readonly string[]> =>
    (await typed(...answers)).log.slice(2, -1);
  expect(await log("2")).toEqual(["give make", "run oracle: tidy with p1"]);
  expect(await log("1, 2 1")).toEqual(["give web_fetch make", "run oracle: tidy with p1 p2"]);
  // Enter says yes to nothing: it is asked as it runs.
  expect(await log("")).toEqual(["run oracle: tidy"]);
  // Neither what is no number here nor rank S is taken.
  expect(await log("3", "9", "yes", "1")).toEqual(["give web_fetch", "run oracle: tidy with p1"]);
  for (const answers of [["q"], [], ["x", "x", "x", "x", "x"]]) {
    const left = await typed(...answers);
    expect([left.code, left.log.slice(2)]).toEqual([130, ["close"]]);
  }
});

test("run --plan: where nobody can answer it lists and begins nothing, whatever --yes says", async () => {
  for (const flags of ["", " --yes"]) {
    const came = await run(`run --plan tidy${flags}`, { script: PLANNED });
    expect([came.code, came.log]).toEqual([3, ["open", "rehearse oracle: tidy", "close"]]);
    expect(came.out).toContain("It would ask 3 times.");
  }
  const json = await run("run --plan tidy --json", { script: PLANNED });
  expect([json.code, JSON.parse(json.out)]).toMatchObject([
    3,
    { asks: [{ name: "web_fetch" }, {}, {}] },
  ]);
  const nothing = await run("run --plan tidy", { script: { ...PLANNED, plan: [] } });
  expect([nothing.code, nothing.out]).toEqual([
    0,
    "It would ask nothing. Rehearsed as r000000000000001; nothing was done.\n1 result was withheld: what it does because of them is not known yet, and may be\nasked as it runs.\n",
  ]);
  const failing = {
    outcome: "failed",
    failure: { code: "model.off", message: "It is off." },
  } as const;
  const failed = await run("run --plan tidy", {
    script: { ...PLANNED, plays: { "*": [{ end: failing }] } },
  });
  expect([failed.code, failed.out]).toEqual([1, ""]);
  expect(failed.err).toContain("It is off");
});

test("approvals given beforehand: given, listed, named to a run", async () => {
  const given = await run(["approvals", "give", "oracle", "ask_me", "{}"]);
  expect([given.code, given.out]).toEqual([
    0,
    'approved p1 for one use, 15 min\nnanos run --approval p1 "TEXT" may use it\n',
  ]);
  await check(
    ["approvals", "give", "oracle", "echo", "{}"],
    0,
    "Nothing to approve: it would not be asked about. nanos can says more.\n",
  );
  await check("approvals list --given", 0, "No answer waits to be used.\n");
  const listed = await run("approvals list --given", { script: PLANNED });
  expect(listed.out.split("\n").slice(0, 2)).toEqual([
    expect.stringMatching(/^id {2}says {3}left +for$/u) as string,
    expect.stringMatching(/^p1 {2}allow {2}\S.* oracle: web_fetch$/u) as string,
  ]);
  expect((await run("run --approval p1 --approval p2 ask")).log[1]).toBe(
    "run oracle: ask with p1 p2",
  );
  const called = await run(["tool", "call", "echo", "{}", "--approval", "p1"]);
  expect(called.log[1]).toBe("run oracle: tool echo {} with p1");
});
