import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import { refusal, SMALL, testFolder, under } from "../testing/folder.ts";
import { checkPath } from "./check.ts";

const md = (front: string): string => `---\n${front}\n---\nText.\n`;
const EVENT = {
  ...{ v: 1, seq: 1, run: "r1", step: null, at: 1, actor: "kernel", kind: "run.cancel_requested" },
  ...{ policy: null, isolation: null, label: null, body: { digest: "0".repeat(64), bytes: 2 } },
  ...{ prev: "", hash: "0".repeat(64) },
};

/** What is said of files, as `file:line: text`, each problem; warnings begin with `!`. */
async function says(
  files: Readonly<Record<string, string>>,
  path: string,
): Promise<readonly string[]> {
  using folder = testFolder(files);
  const report = await checkPath(join(folder.dir, path));
  expect(report.ok).toBe(report.problems.length === 0);
  return [
    report.kind,
    ...report.problems.map(({ file, line, text }) => `${file}:${line}: ${text}`),
    ...report.warnings.map((text) => `! ${text}`),
  ];
}

const CASES: readonly (readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  path: string,
  said: readonly string[],
])[] = [
  ["an arrangement that is right", SMALL, ".", ["arrangement"]],
  ["a project by its folder", under(".nano-os", SMALL), ".", ["arrangement"]],
  ["a project by its own name", under(".nano-os", SMALL), ".nano-os", ["arrangement"]],
  [
    "every fault of an arrangement at once, names that lead nowhere as well",
    {
      ...SMALL,
      "agents/oracle.md": md("name: oracle\ndescription: O.\nskils: [notes]"),
      "agents/b.md": md("name: b\ndescription: B.\nskills:\n  - notes\n  - nots"),
      "rules.yaml": "rules: []\nroutes: []\n",
    },
    ".",
    [
      "arrangement",
      "agents/b.md:6: there is no skill 'nots'; did you mean 'notes'?",
      "agents/oracle.md:4: unknown field 'skils'; did you mean 'skills'?",
      "arrangement.yaml:1: there is no agent 'oracle'",
      "rules.yaml:2: unknown field 'routes'; did you mean 'rules'?",
    ],
  ],
  [
    "a skill's folder",
    under("words", { "SKILL.md": md("name: words\ndescription: W.") }),
    "words",
    ["skill"],
  ],
  [
    "a skill by its head, with a manifest that is wrong",
    under("words", {
      "SKILL.md": md("name: words\ndescription: W."),
      "nanos.yaml": "scope: ['read:./x']\n",
      "tools/a.yaml": "name: a\ndescription: A.\ncommand: ls\n",
    }),
    "words/SKILL.md",
    [
      "skill",
      "words/nanos.yaml:1: unknown field 'scope'; did you mean 'scopes'?",
      "words/tools/a.yaml:3: 'command' must be a list of texts, not the text 'ls'",
    ],
  ],
  ["an agent", { "a.md": md("name: a\ndescription: A.") }, "a.md", ["agent"]],
  [
    "an agent without a name",
    { "a.md": md("description: A.\nrank: Z") },
    "a.md",
    [
      "agent",
      "a.md:2: missing field 'name'",
      "a.md:3: 'rank' must be one of E, D, C, B, A, S, not the text 'Z'; did you mean 'E'?",
    ],
  ],
  ["rules by another name", { "mine.yaml": "rules: []\n" }, "mine.yaml", ["rules"]],
  ["routes", { "routes.yaml": "routes: []\n" }, "routes.yaml", ["routes"]],
  ["cases", { "c.yaml": "cases: []\n" }, "c.yaml", ["cases"]],
  [
    "a tool of a command",
    { "x.yaml": "name: a\ndescription: A.\ncommand: [ls]\n" },
    "x.yaml",
    ["tool-file"],
  ],
  [
    "a server that has neither command nor url",
    { "mcp.json": '{"mcpServers": {"a": {}}}\n' },
    "mcp.json",
    ["mcp", "mcp.json:1: server 'a' needs a command or a url"],
  ],
  ["grants", { "grants.json": '{"v": 1, "grants": []}' }, "grants.json", ["grants"]],
  [
    "grants of another version",
    { "grants.json": '{"v": 9, "grants": []}' },
    "grants.json",
    ["grants", "grants.json:1: 'v' must be 1, not the number 9"],
  ],
  ["a lock", { "nanos.lock": '{"v": 1, "skills": {}}' }, "nanos.lock", ["lock"]],
  ["trust", { "trust.json": '{"v": 1, "trusted": []}' }, "trust.json", ["trust"]],
  ["config", { "config.yaml": "v: 1\n" }, "config.yaml", ["config"]],
  [
    "an exported run, with an event of a kind that is still to come",
    {
      "run.jsonl": [
        { ...EVENT, content: { kind: "run.cancel_requested", run: "r1", by: "operator" } },
        { ...EVENT, content: null },
        { ...EVENT, kind: "run.sung", content: { kind: "run.sung" } },
      ]
        .map((line) => JSON.stringify(line))
        .join("\n"),
    },
    "run.jsonl",
    ["event", "! run.jsonl:3: this version does not know events of kind run.sung"],
  ],
  [
    "lines that are no events",
    {
      "run.jsonl": `nonsense\n${JSON.stringify({ ...EVENT, seq: "one" })}\n${JSON.stringify({
        ...EVENT,
        content: { kind: "run.cancel_requested", run: "r1" },
      })}\n`,
    },
    "run.jsonl",
    [
      "event",
      "run.jsonl:1: is not one JSON object",
      "run.jsonl:2: 'seq' must be a number, not the text 'one'",
      "run.jsonl:3: missing field 'by'",
    ],
  ],
];

describe("what a check says of", () => {
  for (const [what, files, path, said] of CASES) {
    test(what, async () => expect(await says(files, path)).toEqual([...said]));
  }

  test("a file with endless faults: not all of them", async () => {
    const lines = Array.from({ length: 10_000 }, () => "nonsense").join("\n");
    expect((await says({ "run.jsonl": lines }, "run.jsonl")).length).toBe(
      LIMITS.problemsListed + 1,
    );
  });
});

const REFUSED: readonly (readonly [what: string, path: string, code: string, next: RegExp])[] = [
  ["nothing there", "gone.yaml", "check.missing", /nanos check/u],
  ["a slip in the name", "rule.yml", "check.unknown", /Did you mean rules\.yaml/u],
  ["a file of code", "tool.ts", "check.unknown", /nanos tool list/u],
  ["an empty folder", ".", "check.unknown", /SKILL|skill/u],
];

describe("not checked is", () => {
  for (const [what, path, code, next] of REFUSED) {
    test(what, async () => {
      using folder = testFolder({ "rule.yml": "x: 1\n", "tool.ts": "export default 1;\n" });
      const said = await refusal(() => checkPath(join(folder.dir, path)));
      expect(said.code).toBe(code);
      expect(said.next).toMatch(next);
    });
  }
});
