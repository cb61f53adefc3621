import { expect, test } from "bun:test";
import { replay } from "../drive/replay.ts";
import { begin } from "../runner.ts";
import { type Lab, lab } from "../testing/lab.ts";
import type { FunctionTool } from "../testing/function-tools.ts";

test("a program that is run again, as its files were changed meanwhile, repeats nothing", async () => {
  for (const siblings of [1, 2]) {
    let made: Lab | null = null;
    let changed = 0;
    const page: FunctionTool = { name: "page", run: () => "somebody's words" };
    const fix: FunctionTool = {
      name: "fix",
      kind: "command",
      scopes: ["exec:fix", "read:./notes", "write:./notes"],
      manifest: { repeatable: true },
      run: (_args, { write }) => {
        write("/ws/notes/a.md", "fixed");
        // Somebody else was faster, once.
        if (changed++ === 0) made?.tools.files.set("/ws/notes/a.md", "other");
        return "done";
      },
    };
    const call = { name: "fix", args: {} };
    made = lab({
      tools: [page, fix],
      script: {
        turns: [
          { calls: [{ name: "page", args: {} }] },
          { calls: Array.from({ length: siblings }, () => call) },
          { say: "done" },
        ],
      },
    });
    const asked: string[] = [];
    const handle = await begin(made.world, {
      text: "fix it",
      ask: async ({ keys }) => {
        asked.push(...keys.filter((key) => key.startsWith("again:")));
        return { verdict: "allow", reach: "once" };
      },
    });
    const state = await handle.done;
    expect(changed).toBe(siblings + 1);
    expect(made.tools.files.get("/ws/notes/a.md")).toBe("fixed");
    // The second of two is one more use; that the first is made again is none.
    expect(asked.map((key) => key.split("|")[1])).toEqual(siblings === 2 ? ["1"] : []);
    expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
  }
});
