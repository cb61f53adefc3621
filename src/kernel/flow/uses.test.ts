import { expect, test } from "bun:test";
import { begin } from "../runner.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { lab } from "../testing/lab.ts";

/**
 * Once a run has read what others write, a tool has one use for each place without a question. The
 * place of a program is the program: what it is told to do is its matter, so that every call of it
 * after the first asks, whatever its arguments, and at once as well as one after the other.
 */
const PROGRAM = "exec:/usr/bin/prog";
const page: FunctionTool = { name: "page", run: () => "Hello.", manifest: { reads: true } };
const program = (name: string, host: readonly string[]): FunctionTool => ({
  ...{ name, kind: "command", scopes: [PROGRAM, ...host], run: () => "ok" },
  manifest: { args: { text: "content" } },
});

const CASES: readonly (readonly [string, boolean, boolean, readonly string[], number])[] = [
  ["one after the other", true, false, [], 1],
  ["at once", true, true, [], 1],
  ["with a network, which is named", true, false, ["net:api.example:443"], 1],
  ["before anything was read", false, true, [], 0],
];

for (const [name, tainted, together, host, again] of CASES) {
  test(`two calls of one program, ${name}: ${again} of them asks as a repetition`, async () => {
    const calls = ["x", "y"].map((text) => ({ name: "prog", args: { text } }));
    const made = lab({
      tools: [page, program("prog", host), program("other", host)],
      grants: ["prog", "other"].map((skill) => ({
        ...{ skill, scopes: [PROGRAM, ...host], hash: null, at: 0 },
      })),
      script: {
        turns: [
          ...(tainted ? [{ calls: [{ name: "page", args: {} }] }] : []),
          ...(together ? [{ calls }] : calls.map((call) => ({ calls: [call] }))),
          // Another tool of the same program has a use of its own.
          { calls: [{ name: "other", args: { text: "x" } }] },
          { say: "done" },
        ],
      },
    });
    const keys: string[] = [];
    const handle = await begin(made.world, {
      text: "Read the page, then use prog, prog and other with the host api.example",
      ask: async (ask) => {
        keys.push(...ask.keys);
        return { verdict: "allow", reach: "once" };
      },
    });
    await handle.done;
    expect(keys.filter((key) => key.startsWith("again:"))).toHaveLength(again);
    expect(keys.filter((key) => !key.startsWith("again:prog|1|"))).toEqual([]);
    expect(made.tools.calls.filter(({ tool }) => tool !== "page")).toHaveLength(3);
  });
}
