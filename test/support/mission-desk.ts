import type { Arrangement } from "../../src/contracts/arrangement.ts";
import type { Missions } from "../../src/contracts/mission.ts";
import type { Nanos } from "../../src/contracts/nanos.ts";
import { Plan } from "../../src/contracts/plan.ts";
import { type Came, commandLine } from "../../src/cli/testing/command-line.ts";
import { scriptedHouse } from "../../src/cli/testing/scripted-nanos.ts";
import type { Home } from "../../src/home/home.ts";
import { begin } from "../../src/kernel/runner.ts";
import type { Lab, LabSetup } from "../../src/kernel/testing/lab.ts";
import { missionDesks } from "../../src/missions/desk.ts";
import { missionLab, type Written } from "../../src/missions/testing/mission-lab.ts";
import { setup } from "./missions.ts";

interface Desk {
  readonly made: Lab;
  readonly missions: Missions;
  /** `nanos mission ARGV`. */
  readonly line: (...argv: readonly string[]) => Promise<Came>;
  /** `nanos`, line by line. */
  readonly session: (input: string) => Promise<Came>;
  readonly fork: Nanos["fork"];
  /** The newest mission's id. */
  readonly last: () => string;
}

const SCRIPT = { home: "/home", plays: {} };

/** A desk with these plans, by name. */
export function deskOf(
  plans: Readonly<Record<string, Written>>,
  more: Partial<LabSetup> = {},
): Desk {
  const made = missionLab(setup(more));
  const parsed = Object.entries(plans).map(([name, written]) => [
    name,
    Plan.parse({ name, description: "A plan.", ...written }),
  ]);
  const { missions, engines } = missionDesks({
    world: made.world,
    home: { config: { read: async () => ({}) } } as unknown as Home,
    arrangement: {
      ...{ dir: "/a", workspace: "/ws" },
      plans: Object.fromEntries(parsed),
    } as unknown as Arrangement,
    cwd: "/w",
    models: () => [],
    store: async () => ({ models: [], secrets: [], env: {} }),
    open: () => Promise.reject(new Error("nothing is opened here")),
    ...{ env: {}, sandbox: { start: () => Promise.reject(new Error("nothing is started here")) } },
    after: async () => undefined,
  });
  const house = scriptedHouse(SCRIPT);
  const typed = (argv: readonly string[], input?: string): Promise<Came> =>
    commandLine(argv, {
      script: SCRIPT,
      ...(input === undefined ? {} : { input }),
      house: async () => ({
        ...house,
        openNanos: async (options) => {
          const nanos = await house.openNanos(options);
          const run: Nanos["run"] = (request) => begin(made.world, request);
          return { ...nanos, missions, run } satisfies Nanos;
        },
      }),
    });
  const line: Desk["line"] = (...argv) => typed(["mission", ...argv]);
  const session: Desk["session"] = (input) => typed([], input);
  return {
    made,
    missions,
    line,
    session,
    fork: engines.fork,
    last: () => missions.list()[0]?.run ?? "",
  };
}
