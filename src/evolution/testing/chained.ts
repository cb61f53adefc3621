import { HOME_CHAIN } from "../../contracts/chain.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { Missions } from "../../contracts/mission.ts";
import { Plan } from "../../contracts/plan.ts";
import type { Home } from "../../home/home.ts";
import { firstOf } from "../../kernel/flow/past.ts";
import type { Lab } from "../../kernel/testing/lab.ts";
import type { World } from "../../kernel/world.ts";
import { missionDesks } from "../../missions/desk.ts";
import type { MissionEngines } from "../../missions/engine/desk.ts";
import { missionLab, type Written } from "../../missions/testing/mission-lab.ts";
import { NanosError } from "../../std/error.ts";
import { chaining } from "../chain.ts";
import { seenIn } from "../journal.ts";
import { ONE, TOOLS } from "./fill.ts";

export interface Chained {
  readonly made: Lab;
  readonly missions: Missions;
  readonly engines: MissionEngines;
  /** Plan, state and start of every mission, the oldest first. */
  readonly all: () => readonly { plan: string; run: string; state: string; started: RunStarted }[];
}

/** A lab for missions that follow one another. */
export function chainLab(): Lab {
  const echo = {
    ...{ name: "echo", scopes: ["net:example.org"] },
    run: (args: unknown) => (args as { text: string }).text,
  };
  return missionLab({ tools: [...TOOLS, echo], agents: [{ manifest: { name: "oracle" } }] });
}

/** Missions of these plans, with AUTONOMOUS_CHAIN on or off, in a world of a lab. */
export function chained(
  plans: Readonly<Record<string, Written>>,
  isOn = true,
  made = chainLab(),
  world: World = made.world,
): Chained {
  const parsed = Object.entries(plans).map(([name, written]) => [
    name,
    Plan.parse({ name, description: "A plan.", ...written }),
  ]);
  const { missions, engines } = missionDesks({
    world,
    home: { config: { read: async () => ({}) } } as unknown as Home,
    arrangement: {
      ...{ dir: "/a", workspace: "/ws" },
      plans: Object.fromEntries(parsed),
    } as unknown as Arrangement,
    ...{ cwd: "/w", models: () => [], store: async () => ({ models: [], secrets: [], env: {} }) },
    open: () => Promise.reject(new Error("nothing is opened here")),
    ...{ env: {}, sandbox: { start: () => Promise.reject(new Error("nothing is started here")) } },
    after: chaining(world.journal, {
      notice: async () => seenIn(made.journal),
      need: async () => {
        if (!isOn) throw new NanosError("trait.off", "It is off.", "Switch it on.");
      },
    }),
  });
  const all: Chained["all"] = () =>
    missions
      .list()
      .toReversed()
      .flatMap(({ plan, run, state, outcome }) => {
        const started = firstOf(made.journal, run)?.body;
        if (started?.kind !== "run.started") return [];
        return [{ plan, run, state: outcome ?? state, started }];
      });
  return { made, missions, engines, all };
}

export async function begun({ missions }: Chained, plan: string): Promise<string> {
  const { run, done } = await missions.begin({ plan });
  await done;
  return run;
}

/** What did not follow, and why. */
export function refusals({ made }: Chained): readonly (readonly [string, string])[] {
  return [...made.journal.chain(HOME_CHAIN)].flatMap(({ body }) =>
    body?.kind === "mission.not_followed" ? [[body.plan, body.why.code] as const] : [],
  );
}

export const FIRST: Written = {
  ...{ tasks: [ONE], rank: "C", budget: { calls: 20 } },
  then: [{ plan: "second", inputs: { what: "got {{ tasks.a.output }}" } }],
};
export const SECOND: Written = {
  inputs: { what: {} },
  tasks: [{ id: "b", tool: "say", args: {}, checks: ONE.checks }],
};
