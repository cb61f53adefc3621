import type { Cognition } from "../contracts/cognition.ts";
import type { Memories } from "../contracts/memory.ts";
import type { MissionLine, Missions } from "../contracts/mission.ts";
import type { Agents } from "../contracts/agent.ts";
import type { ModelLine, Place } from "../contracts/nanos.ts";
import type { ScheduleLine, Schedules } from "../contracts/schedule.ts";
import type { Status } from "../contracts/stage.ts";
import { dayOf } from "../kernel/day/view.ts";
import { spendOf } from "../kernel/views/traces.ts";
import type { World } from "../kernel/world.ts";
import { operatorContext } from "./companion.ts";
import type { TraitDesk } from "./desk.ts";

/** What a status is read from. */
interface Sources {
  readonly world: Pick<World, "journal" | "clock" | "facts">;
  readonly place: Place;
  readonly agents: Agents;
  readonly memory: Memories;
  readonly cognition: Cognition;
  readonly missions: Missions;
  readonly schedules: Pick<Schedules, "list">;
  readonly models: readonly ModelLine[];
  readonly evolving: TraitDesk;
}

/** How a home stands, read when it is asked for: no number of it is kept or given by anyone. */
export async function statusOf(sources: Sources): Promise<Status> {
  const { world, place, agents, memory, cognition, missions, models, evolving, schedules } =
    sources;
  const { journal } = world;
  const { evolution } = await evolving.notice();
  const { settings, notes } = await memory.list();
  return {
    evolution,
    traits: await evolving.desk.list(),
    missions: tally(missions.list(Number.MAX_SAFE_INTEGER)),
    operator: operatorContext(journal, world.clock.now()),
    agents: agents.list().map(({ manifest }) => manifest.name),
    memory: {
      enabled: settings.enabled,
      notes: notes.length,
      candidates: memory.inbox().length,
    },
    model: models.find(({ inUse }) => inUse)?.name ?? null,
    sandbox: place.tier,
    spend: spendOf(journal),
    day: dayOf(await world.facts(), world),
    foretold: foretoldIn(cognition),
    schedules: scheduled(await schedules.list()),
  };
}

function foretoldIn(cognition: Cognition): Status["foretold"] {
  const { noted, open, due, brier } = cognition.status().predictions;
  return noted === 0 ? null : { noted, open, due, brier };
}

function tally(lines: readonly MissionLine[]): Status["missions"] {
  const outcomes: Record<string, number> = { succeeded: 0, degraded: 0, failed: 0, cancelled: 0 };
  let [open, waiting] = [0, 0];
  for (const { state, outcome } of lines) {
    if (outcome !== null) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    else if (state === "waiting") waiting += 1;
    else open += 1;
  }
  return { outcomes, waiting, open };
}

function scheduled(lines: readonly ScheduleLine[]): Status["schedules"] {
  const states: Record<string, number> = {};
  for (const { state } of lines) states[state] = (states[state] ?? 0) + 1;
  return { states, passed: lines.reduce((sum, { passed }) => sum + passed, 0) };
}
