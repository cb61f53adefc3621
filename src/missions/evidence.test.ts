import { expect, test } from "bun:test";
import { join } from "node:path";
import { bundled, evidenceLab, EVENTFUL, verifyBundle } from "../kernel/testing/evidence-lab.ts";
import { decideBy } from "./follow.ts";
import { beginIn } from "./testing/mission-lab.ts";

const NET = { verdict: "allow", reach: "once" } as const;

test("a mission's bundle holds: tasks, a recovery, an approval and an agent", async () => {
  const once = { failed: false };
  using own = evidenceLab({
    ...EVENTFUL,
    decide: decideBy,
    script: { turns: [{ say: "read" }] },
    tools: [
      ...(EVENTFUL.tools ?? []),
      {
        name: "flaky",
        manifest: { repeatable: true },
        run: () => {
          if (once.failed) return "went well";
          once.failed = true;
          throw new Error("it broke");
        },
      },
    ],
  });
  const plan = {
    tasks: [
      { id: "first", tool: "flaky", recover: [{ retry: { times: 1 } }] },
      { id: "second", agent: "reader", prompt: "read it", needs: ["first"] },
      { id: "third", tool: "send", args: { url: "https://a.example/x" }, needs: ["second"] },
    ],
  };
  const handle = await beginIn(own.made, own.world, plan, { ask: async () => NET });
  const state = await handle.done;
  expect(state.state === "ended" && state.ended.outcome).toBe("succeeded");
  const files = await bundled(own.world, handle.run, join(own.dir, "bundle"));
  expect(verifyBundle(files).problems).toEqual([]);
  const kinds = String(files.get("entries.jsonl"));
  for (const kind of ["mission.started", "task.recovered", "approval.used", "task.ended"]) {
    expect(kinds).toContain(`"kind":"${kind}"`);
  }
});
