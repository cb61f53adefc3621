import { expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import type { LoadedTool } from "../../tools/tool-host.ts";
import { begin } from "../runner.ts";
import { lab } from "../testing/lab.ts";
import { isAttached } from "./tool.ts";

/** Reads what a model asks for of a skill of these files, and gives what it was told. */
async function told(
  files: Readonly<Record<string, Uint8Array | null>>,
  args: Readonly<Record<string, Json>>,
): Promise<string> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "nanos-skill-")));
  try {
    for (const [path, content] of Object.entries(files)) {
      if (content !== null) writeFileSync(join(dir, path), content);
    }
    const known = Object.entries(files).map(([path, content]) => [path, sha256(content ?? "gone")]);
    const text = { description: "Pdfs.", instructions: "Read a.md.", hash: "h", scopes: [] };
    const skill = { ...text, name: "pdf", locked: true, dir, files: Object.fromEntries(known) };
    const made = lab({
      skills: [skill],
      agents: [{ manifest: { name: "oracle", skills: ["pdf"] } }],
      script: { turns: [{ calls: [{ name: "skill", args }] }, { say: "{last}" }, { say: "done" }] },
    });
    const state = await (await begin(made.world, { text: "go" })).done;
    return state.state === "ended" ? state.ended.text : state.state;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const CASES: readonly (readonly [
  what: string,
  files: Readonly<Record<string, Uint8Array | null>>,
  args: Readonly<Record<string, Json>>,
  told: string,
])[] = [
  ["its text", { "a.md": bytes("x") }, { skill: "pdf" }, "Read a.md.\n\nFiles of pdf: a.md"],
  ["one of its files", { "a.md": bytes("x") }, { skill: "pdf", file: "a.md" }, "x"],
  [
    "a file that went away",
    { "a.md": null },
    { skill: "pdf", file: "a.md" },
    "changed since the run began",
  ],
  [
    "a file that is no text",
    { "a.md": Buffer.from([0xff, 0xfe]) },
    { skill: "pdf", file: "a.md" },
    "is not text",
  ],
  [
    "a file it has not",
    { "a.md": bytes("x") },
    { skill: "pdf", file: "b.md" },
    "Did you mean a.md?",
  ],
  ["a file elsewhere", {}, { skill: "pdf", file: "../../etc/passwd" }, "has no file of that name"],
  ["another skill", {}, { skill: "web" }, "Skills: pdf."],
  ["nonsense", {}, { skill: 1 }, "takes"],
];
for (const [what, files, args, says] of CASES) {
  test(`a model that reads ${what} is told so`, async () => {
    expect(await told(files, args)).toContain(says);
  });
}

const tool = (name: string, kind: LoadedTool["kind"] = "module"): LoadedTool => ({
  manifest: { name, description: "", input: {}, scopes: [], repeatable: true, probe: false },
  ...{ skill: "own", kind, source: "", hash: "" },
});

test("a list of tools attaches by name, and holds back what it does not name", () => {
  const agent = (lists: object): Parameters<typeof isAttached>[0] => {
    const manifest = { ...lab().facts.agents[0]?.manifest, name: "a", skills: [], ...lists };
    return { agent: { manifest, prompt: "" } } as Parameters<typeof isAttached>[0];
  };
  const cases: readonly (readonly [object, LoadedTool, boolean])[] = [
    [{ tools: ["Bash"] }, tool("run", "command"), false],
    [{ tools: ["mcp__files__*"] }, tool("mcp__files__read", "mcp"), true],
    [{ tools: ["mcp__files"] }, tool("mcp__files__read", "mcp"), true],
    [{ tools: ["mcp__files"] }, tool("mcp__files2__read", "mcp"), false],
    [{ tools: ["*"] }, tool("anything"), false],
    [{ skills: ["own"] }, tool("anything"), true],
    [{ skills: ["own"], only: ["Read"] }, tool("anything"), false],
    [{ skills: ["own"], only: ["any*"] }, tool("anything"), true],
    [{ skills: ["own"], only: ["Bash(git:*)"] }, tool("run", "command"), true],
    [{ skills: ["own"], only: ["Bash"] }, tool("run"), false],
    [{ skills: ["own"], disallowedTools: ["Bash"] }, tool("run", "command"), false],
    [{ skills: ["own"], disallowedTools: ["mcp__files"] }, tool("mcp__files__x", "mcp"), false],
  ];
  for (const [lists, one, is] of cases) {
    expect([lists, one.manifest.name, isAttached(agent(lists), one)]).toEqual([
      lists,
      one.manifest.name,
      is,
    ]);
  }
});
