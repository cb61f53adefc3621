import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NanosError } from "../../std/error.ts";
import type { Rule } from "../../contracts/rules.ts";
import type { RunState } from "../../contracts/run.ts";
import { begin } from "../runner.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { type Lab, type LabSetup, ended, lab } from "../testing/lab.ts";

/** Runs of every shape, for what replays and forks them. */

export const READ: FunctionTool = {
  name: "read",
  run: ({ n }) => `read ${JSON.stringify(n)}`,
  manifest: { repeatable: true },
};
export const SAVE: FunctionTool = {
  name: "save",
  scopes: ["read:./notes", "write:./notes"],
  run: ({ at, text }, { write }) => {
    write(`/ws/notes/${at as string}.md`, text as string);
    return "saved";
  },
};
export const GET: FunctionTool = {
  name: "get",
  scopes: ["net:*"],
  manifest: { args: { url: "destination" } },
  run: async ({ url }, { reach }) => {
    const asked = { kind: "fetch", method: "GET", headers: {}, body: null } as const;
    const got = await reach({ ...asked, url: url as string });
    return got.ok ? got.value : got.failure.code;
  },
};
export const FAIL: FunctionTool = {
  name: "fail",
  run: () => {
    throw new Error("it broke");
  },
};

export const AGENTS: LabSetup["agents"] = [
  { manifest: { name: "oracle", agents: ["helper"] } },
  { manifest: { name: "helper", agents: [] }, prompt: "You are somebody else." },
];
export const page = { status: 200, headers: {}, body: "hello", url: "", host: "a.example:443" };

export const NO_READ: Rule = {
  ...{ id: "no-read", when: { name: "read" }, then: "deny", mode: "enforce" },
  example: { kind: "tool", name: "read", agent: "oracle", scopes: [], args: {} },
  counter: { kind: "tool", name: "save", agent: "oracle", scopes: [], args: {} },
};

/** Each a run of another shape. */
export const WORLDS: Readonly<Record<string, { setup: LabSetup; text?: string }>> = {
  "only words": { setup: { script: { turns: [{ say: "hello" }] } } },
  "turn after turn": {
    setup: {
      tools: [READ],
      script: {
        turns: [
          { calls: [{ name: "read", args: { n: 1 } }] },
          { calls: [{ name: "read", args: { n: 2 } }] },
          { say: "done" },
        ],
      },
    },
  },
  "calls side by side, with a stage and a delegation": {
    setup: {
      tools: [READ, SAVE],
      agents: AGENTS,
      script: {
        turns: [
          { agent: "helper", when: { last: "^look" }, calls: [{ name: "read", args: { n: 9 } }] },
          { agent: "helper", when: { last: "read 9" }, say: "looked" },
          {
            agent: "oracle",
            when: { last: "^go" },
            calls: [
              { name: "read", args: { n: 1 } },
              { name: "nothing", args: {} },
              { name: "delegate", args: { agent: "helper", request: "look" } },
              { name: "save", args: { at: "a", text: "one" } },
              { name: "read", args: { n: 2 } },
            ],
          },
          { say: "all done" },
        ],
      },
    },
  },
  "what a tool asks back for": {
    setup: {
      tools: [GET],
      fetch: () => page,
      grants: [{ skill: "get", scopes: ["net:a.example:443"], hash: null, at: 0 }],
      script: {
        turns: [{ calls: [{ name: "get", args: { url: "https://a.example/" } }] }, { say: "ok" }],
      },
    },
    text: "get https://a.example/",
  },
  "a rule that forbids, a tool that fails": {
    setup: {
      tools: [READ, FAIL],
      rules: [NO_READ],
      script: {
        turns: [
          {
            calls: [
              { name: "read", args: { n: 1 } },
              { name: "fail", args: {} },
            ],
          },
          { say: "neither" },
        ],
      },
    },
  },
  "few of its tools at once, the others found": {
    setup: {
      tools: [
        READ,
        ...["alarm", "book", "clock", "draw"].map((name): FunctionTool => ({
          ...{ name, run: () => name, manifest: { description: `To ${name}.`, repeatable: true } },
        })),
      ],
      toolCount: 2,
      script: {
        turns: [
          { calls: [{ name: "find_tools", args: { words: "draw" } }] },
          {
            calls: [
              { name: "draw", args: {} },
              { name: "find_tools", args: { words: "read" } },
              { name: "book", args: {} },
            ],
          },
          { say: "done" },
        ],
      },
    },
  },
  "a route to a tool": {
    setup: {
      tools: [READ],
      routes: [
        {
          ...{ id: "r", match: "^read$", example: "read", counter: "go" },
          ...{ tool: "read", args: { n: 7 }, say: "{result}" },
        },
      ],
      script: { turns: [{ say: "no" }] },
    },
    text: "read",
  },
};

export async function ran(world: keyof typeof WORLDS): Promise<{ made: Lab; state: RunState }> {
  const { setup = {}, text = "go" } = WORLDS[world] ?? {};
  const made = lab(setup);
  return { made, state: await ended(begin(made.world, { text })) };
}

export async function codeOf(act: Promise<unknown>): Promise<NanosError | null> {
  try {
    await act;
    return null;
  } catch (error) {
    if (error instanceof NanosError) return error;
    throw error;
  }
}

export async function inFolder(act: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "nanos-fork-"));
  try {
    await act(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export function stepsOf(made: Lab, run: string): readonly string[] {
  return [...new Set([...made.journal.chain(run)].flatMap(({ event }) => event.step ?? []))];
}

/** A file of rules that forbids `read`. */
export const RULES = `rules:
  - id: no-read
    when: { name: read }
    then: deny
    example: { kind: tool, name: read }
    counter: { kind: tool, name: save }
`;
