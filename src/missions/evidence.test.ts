import { expect, test } from "bun:test";
import { join } from "node:path";
import { bundled, evidenceLab, EVENTFUL, verifyBundle } from "../kernel/testing/evidence-lab.ts";
import { artifactDesk } from "../kernel/vault/desk.ts";
import { sha256 } from "../std/hash.ts";
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
      {
        ...{ id: "first", tool: "flaky", recover: [{ retry: { times: 1 } }] },
        output: { title: "How it went" },
      },
      {
        ...{ id: "second", agent: "reader", prompt: "read it", needs: ["first"] },
        output: { title: "What it says", type: "report" },
      },
      { id: "third", tool: "send", args: { url: "https://a.example/x" }, needs: ["second"] },
    ],
  };
  const handle = await beginIn(own.made, own.world, plan, { ask: async () => NET });
  const state = await handle.done;
  expect(state.state === "ended" && state.ended.outcome).toBe("succeeded");
  const files = await bundled(own.world, handle.run, join(own.dir, "bundle"));
  const { problems, shows } = verifyBundle(files);
  expect(problems).toEqual([]);
  // What a person gets of a result is what the statement names.
  const desk = artifactDesk(own.world);
  const named = desk.list().map(({ id, title }) => {
    return `artifact:${id}:${title} sha256 ${sha256(desk.get(id))}`;
  });
  expect(named).toHaveLength(2);
  expect(shows).toEqual(expect.arrayContaining(named));
  expect(desk.list().map(({ id }) => Buffer.from(desk.get(id)).toString())).toEqual([
    ...["read", "went well"],
  ]);
  const kinds = String(files.get("entries.jsonl"));
  for (const kind of ["mission.started", "task.recovered", "approval.used", "task.ended"]) {
    expect(kinds).toContain(`"kind":"${kind}"`);
  }
});
