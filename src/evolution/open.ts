import { join } from "node:path";
import type { Arrangement } from "../contracts/arrangement.ts";
import type { TraitName } from "../contracts/stage.ts";
import type { Home } from "../home/home.ts";
import { withLock } from "../home/store.ts";
import type { Journal } from "../journal/journal.ts";
import { type Found, type Looker, RECALL_MISSIONS } from "../kernel/looks/look.ts";
import { memoryDir } from "../kernel/open/world.ts";
import { traceOf } from "../kernel/views/trace.ts";
import type { World } from "../kernel/world.ts";
import type { After } from "../missions/after.ts";
import { openMemory } from "../memory/open.ts";
import type { Clock } from "../std/clock.ts";
import { joinLabels, UNKNOWN_LABEL } from "../gate/labels.ts";
import { LIMITS } from "../std/limits.ts";
import type { Json } from "../std/json.ts";
import { thoughtsOf } from "./cognition/desk.ts";
import { numbersOf, unknownMission } from "./analyze.ts";
import { chaining } from "./chain.ts";
import { companionText, operatorContext } from "./companion.ts";
import { type TraitDesk, traitDesk } from "./desk.ts";
import { keptIn } from "./kept.ts";
import { proposing } from "./propose.ts";
import { pastMissions, recallMissions } from "./recall.ts";

/** What is worked out from a home's missions, as its surfaces go by it and as its runs do. */
export interface Evolving extends TraitDesk {
  /** What is done when a mission has ended: what its agents' files lack is proposed, and what follows begins. */
  readonly after: (world: World, arrangement: Pick<Arrangement, "agents" | "dir">) => After;
  readonly runs: Pick<World, "traits" | "look" | "thoughts" | "companion">;
}

/** Stage and traits of a home, worked out from its journal when they are asked for. */
export function openEvolution(
  home: Pick<Home, "config" | "paths" | "operator" | "place">,
  journal: Journal,
  clock: Clock,
): Evolving {
  const { config, paths, operator } = home;
  const kept = keptIn(join(paths.cache, "evolution"), operator.sign);
  const alone: World["alone"] = (task) => withLock(join(paths.machine, "traits"), clock, task);
  const traits = traitDesk({ world: { journal, alone }, config, kept });
  const memory = openMemory(memoryDir(home));
  const companion = async (): Promise<string | null> => {
    const on = await traits.traits();
    if (!on.includes("COMPANION")) return null;
    const oracle = { run: "", agent: "", isOracle: true, workspace: home.place.workspace };
    const isWide = on.includes("MULTI_DOMAIN");
    const past = pastMissions({ journal }, oracle, isWide, LIMITS.companionLooked);
    const lines = past.map(({ line }) => line);
    return companionText(operatorContext(journal, clock.now(), lines));
  };
  const look: World["look"] = async (name, text, looker) =>
    lookBack({ journal, memory }, await traits.traits(), { name, text, looker });
  const thoughts = thoughtsOf(journal);
  const after: Evolving["after"] = (world, arrangement) => {
    const [then, proposed] = [chaining(journal, traits), proposing(world, arrangement)];
    return async (run, follow, signal) => {
      await proposed(run, follow, signal);
      await then(run, follow, signal);
    };
  };
  return { ...traits, after, runs: { traits: traits.traits, look, thoughts, companion } };
}

/** What a look of an agent finds. @throws NanosError `mission.unknown`. */
export async function lookBack(
  world: Pick<World, "journal" | "memory">,
  traits: readonly TraitName[],
  { name, text, looker }: { readonly name: string; readonly text: string; readonly looker: Looker },
): Promise<Found> {
  if (name === RECALL_MISSIONS) return recallMissions(world, text, looker, traits);
  const past = pastMissions(world, looker, traits.includes("MULTI_DOMAIN"));
  // A mission of others is none to who was not asked in it.
  if (!past.some(({ line }) => line.run === text)) throw unknownMission(text);
  const numbers = numbersOf(traceOf(world.journal, text));
  const label = world.journal.head(text)?.label ?? UNKNOWN_LABEL;
  return {
    output: numbers as unknown as Json,
    label: joinLabels({ ...label, sources: [...label.sources, `mission:${text}`] }),
  };
}
