import type { EventBody } from "../../contracts/event.ts";
import type { Journal } from "../../journal/journal.ts";
import type { FunctionTool } from "../../kernel/testing/function-tools.ts";
import { beginIn, missionLab, type Written } from "../../missions/testing/mission-lab.ts";

export const ONE = { id: "a", tool: "say", args: {}, checks: [{ that: "output == 'said'" }] };

export const TOOLS: readonly FunctionTool[] = [
  { name: "say", run: () => "said" },
  { name: "fail", run: () => Promise.reject(new Error("as it was told")) },
  { name: "shell", scopes: ["exec:git"], run: () => "ran" },
];

/** Bodies of a mission that was followed, for many more like it. */
export async function bodiesOf(written: Written): Promise<readonly EventBody[]> {
  const made = missionLab({ tools: TOOLS, agents: [{ manifest: { name: "oracle" } }] });
  const { run, done } = await beginIn(made, made.world, written);
  await done;
  return [...made.journal.chain(run)].flatMap(({ body }) => body ?? []);
}

/** The same mission `n` times, each with other inputs. */
export async function fill(
  journal: Journal,
  bodies: readonly EventBody[],
  n: number,
  from = 0,
): Promise<void> {
  for (let i = from; i < from + n; i++) {
    const run = `m${bodies.length}x${i}`;
    const own = bodies.map((body) =>
      body.kind === "run.started" && body.mission
        ? { ...body, mission: { ...body.mission, inputs: { i: `${i}` } } }
        : body,
    );
    const drafts = own.map((body) => ({
      ...{ run, step: null, actor: "kernel", policy: null, isolation: null, label: null, body },
    }));
    await journal.append(drafts);
  }
}
