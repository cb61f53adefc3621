import { Plan } from "../../contracts/plan.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { TaskEnded } from "../../contracts/mission.ts";
import type { RunHandle, RunHooks } from "../../contracts/nanos.ts";
import type { RunEnd, RunState } from "../../contracts/run.ts";
import { replay } from "../../kernel/drive/replay.ts";
import { begin } from "../../kernel/runner.ts";
import { type Lab, type LabSetup, lab } from "../../kernel/testing/lab.ts";
import type { World } from "../../kernel/world.ts";
import { missionWays } from "../desk.ts";
import { decideBy } from "../follow.ts";
import { followed, type Given } from "../plan/begin.ts";

/** A plan as it is written: what has a default may be left out. */
export type Written = Readonly<Record<string, unknown>>;

/** A lab whose runs may follow plans. */
export function missionLab(setup: LabSetup): Lab {
  return lab({ ...setup, ...missionWays(() => [{ name: "script" }]) });
}

/** Begins a mission in a world of the lab. */
export function beginIn(
  { facts }: Lab,
  world: World,
  written: Written,
  given: Partial<Given> & RunHooks = {},
): Promise<RunHandle> {
  const plan = Plan.parse({ name: "demo", description: "A demo.", ...written });
  const { inputs = {}, by = "operator", waived, ...hooks } = given;
  const mission = followed(facts, plan, { inputs, by, ...(waived ? { waived } : {}) });
  const within = plan.within === undefined ? {} : { within: plan.within };
  return begin(world, { ...hooks, ...within, text: `demo: ${plan.description}`, mission });
}

/** What a mission came to, with what its tasks did. */
export interface Followed {
  readonly made: Lab;
  readonly run: string;
  readonly state: RunState;
  /** Of an ended mission. */
  readonly end: RunEnd | null;
  readonly tasks: Readonly<Record<string, TaskEnded>>;
  readonly bodies: readonly EventBody[];
}

/** Follows a plan to its end, or to where it waits, and replays what is recorded of it. */
export async function followPlan(
  setup: LabSetup,
  written: Written,
  given: Partial<Given> & RunHooks = {},
): Promise<Followed> {
  const made = missionLab(setup);
  const handle = await beginIn(made, made.world, written, given);
  const state = await handle.done;
  return seenOf(made, handle.run, state);
}

/** What is recorded of a mission. Throws where it does not replay. */
export async function seenOf(made: Lab, run: string, state: RunState): Promise<Followed> {
  const bodies = [...made.journal.chain(run)].flatMap(({ body }) => body ?? []);
  const report = await replay(made.journal, made.world.recall, run, decideBy);
  if (!report.ok) throw new Error(`the mission does not replay: ${report.differs}`);
  const ends = bodies.filter((body) => body.kind === "task.ended");
  return {
    ...{ made, run, state, bodies },
    end: state.state === "ended" ? state.ended : null,
    tasks: Object.fromEntries(ends.map((ended) => [ended.task, ended])),
  };
}
