import type { RunHooks } from "../../contracts/nanos.ts";
import { elsewhere, placeIn } from "../../kernel/open/place.ts";
import { begin, resume } from "../../kernel/runner.ts";
import { cleanJournal } from "../../kernel/secrets/guard.ts";
import type { Begun } from "../../kernel/start.ts";
import type { World } from "../../kernel/world.ts";
import type { Json } from "../../std/json.ts";
import type { Carry } from "./engine.ts";

/** What a mission begins with, as it waits in a queue: data, with nothing of a process in it. */
export type MissionInput = Pick<
  Begun,
  "text" | "mission" | "agent" | "within" | "client" | "localOnly" | "budget" | "schedule" | "run"
>;

/** Whether what a schedule began may begin here and now. @throws NanosError where it may not. */
export type MayBegin = (input: MissionInput) => Promise<void>;

/** Carries missions as the runs they are: one that is not on disk yet begins, any other goes on. */
export function carryMissions(world: World, hooks: RunHooks = {}, mayBegin?: MayBegin): Carry {
  return async ({ mission, journal, signal }) => {
    const held = { ...world, journal: cleanJournal(journal, world.guard) };
    const given = { ...hooks, signal };
    const { run, place } = mission;
    // Whoever hands it out knows no places, or it is from before they were written down.
    const away = place && elsewhere(run, place, placeIn(await world.facts()));
    if (away) throw away;
    // One that is stopped before it began does nothing, whatever it is.
    const isNew = journal.head(run) === null && !signal.aborted;
    if (isNew && inputOf(mission.input).schedule) await mayBegin?.(inputOf(mission.input));
    const handle = journal.head(run)
      ? await resume(held, run, given)
      : await begin(held, { ...inputOf(mission.input), ...given, run });
    await handle.done;
  };
}

/** The name of what `carryMissions` carries, and the queue missions stand in. */
export const MISSION = { kind: "mission", queue: "missions" } as const;

/** As it stands in the queue. */
export function asInput(input: MissionInput): Json {
  return input as unknown as Json;
}

function inputOf(input: Json): MissionInput {
  return input as unknown as MissionInput;
}
