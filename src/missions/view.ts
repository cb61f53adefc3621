import type { Recorded } from "../contracts/drive.ts";
import type {
  MissionLine,
  MissionStart,
  MissionView,
  TaskEnded,
  TaskView,
} from "../contracts/mission.ts";
import type { Plan, Task } from "../contracts/plan.ts";
import { inOrder, standIns } from "./plan/order.ts";

/** A mission with what became of its tasks, from its record. */
export function missionView(
  line: MissionLine,
  { inputs, plan }: MissionStart,
  recorded: readonly Recorded[],
  waits: Pick<MissionView, "asks" | "notFollowed">,
): MissionView {
  const end = recorded.findLast(({ event }) => event.kind === "run.ended")?.body;
  const ended = end?.kind === "run.ended" ? end.end : null;
  const steps = tasksOf(plan, recorded);
  return {
    ...line,
    // Those it shares with the mission it was forked from are among them.
    tasks: { all: steps.length, ended: steps.filter(({ ended: one }) => one !== null).length },
    inputs,
    text: ended?.text ?? "",
    failure: ended?.failure ?? null,
    steps,
    ...waits,
  };
}

function tasksOf(plan: Plan, recorded: readonly Recorded[]): readonly TaskView[] {
  const began = new Set<string>();
  const ends = new Map<string, TaskEnded>();
  for (const { body } of recorded) {
    if (body?.kind === "task.started") began.add(body.task);
    if (body?.kind === "task.ended") ends.set(body.task, body);
  }
  const spare = standIns(plan.tasks);
  return inOrder(plan.tasks)
    .filter(({ id }) => !spare.has(id))
    .map((task): TaskView => {
      const ended = ends.get(task.id) ?? null;
      const state = ended ? "ended" : began.has(task.id) ? "running" : "waiting";
      return { id: task.id, does: doesOf(task), needs: task.needs, state, ended };
    });
}

/** `tool NAME` or `agent NAME`. */
export function doesOf({ tool, agent = "" }: Task): string {
  return tool === undefined ? `agent ${agent}` : `tool ${tool}`;
}
