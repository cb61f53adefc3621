import type { Config } from "../contracts/config.ts";
import type { EventBody } from "../contracts/event.ts";
import { type TraitLine, type TraitName, TRAITS, type Traits } from "../contracts/stage.ts";
import { HOME_CHAIN } from "../contracts/chain.ts";
import type { StoreFile } from "../home/store.ts";
import type { World } from "../kernel/world.ts";
import { NanosError } from "../std/error.ts";
import { nearest } from "../std/nearest.ts";
import { plainText } from "../std/text.ts";
import { missionsIn, type Seen, seenIn } from "./journal.ts";
import type { Kept } from "./kept.ts";
import { missionNumbers } from "./analyze.ts";
import { hasTrait, traitsAt } from "./traits.ts";

/** What traits are kept in and worked out from. */
export interface TraitParts {
  readonly world: Pick<World, "journal" | "alone">;
  readonly config: StoreFile<Config>;
  readonly kept: Kept;
}

export interface TraitDesk {
  readonly desk: Traits;
  // trait.not_reached: What the trait stands behind was not reached yet. -> See what is missing: nanos status.
  /** @throws NanosError `trait.off`, `trait.not_reached` where it is not on. */
  need(trait: TraitName): Promise<void>;
  /** What is switched on and reached as of now. */
  traits(): Promise<readonly TraitName[]>;
  /**
   * Works out the stage, and writes down where it is another one than was noted before. What the
   * stage no longer has is switched off.
   */
  notice(): Promise<Seen>;
}

/** Traits as the operator switches them, and as runs go by them. */
export function traitDesk(parts: TraitParts): TraitDesk {
  const { config } = parts;
  const notice = (): Promise<Seen> => noticed(parts);
  const list = async (): Promise<readonly TraitLine[]> => {
    const { evolution } = await notice();
    return traitsAt(evolution, (await config.read()).traits ?? []);
  };
  const need = async (trait: TraitName): Promise<void> => {
    const line = find(await list(), trait);
    if (line.on) return;
    if (line.needs !== null) throw notReached(line);
    const next = `Switch it on: nanos trait on ${trait}`;
    throw new NanosError("trait.off", `${trait} is off.`, next);
  };
  return {
    notice,
    need,
    desk: {
      list,
      set: async (name, on) => {
        const line = find(await list(), name);
        await switchTo(parts, line, on);
        return find(await list(), name);
      },
      came: (missions) => {
        const read = missionsIn(parts.world.journal);
        return missions.map((run) => read(run)?.came ?? null);
      },
      numbers: async (mission) => {
        await need("ANALYZE");
        return missionNumbers(parts.world.journal, mission);
      },
    },
    traits: async () => {
      // Where none is switched on, no mission is read.
      if (((await config.read()).traits ?? []).length === 0) return [];
      const lines = await list();
      return lines.filter(({ use, on }) => use === "switched" && on).map(({ trait }) => trait);
    },
  };
}

/** @throws NanosError `trait.unknown`. */
function find(lines: readonly TraitLine[], name: string): TraitLine {
  const wanted = name.toUpperCase().replaceAll("-", "_");
  const found = lines.find(({ trait }) => trait === wanted);
  if (found) return found;
  const near = nearest(wanted, TRAITS);
  const next = near === undefined ? "See `nanos trait list`." : `Did you mean ${near}?`;
  throw new NanosError("trait.unknown", `There is no trait ${plainText(name)}.`, next);
}

async function switchTo(parts: TraitParts, line: TraitLine, on: boolean): Promise<void> {
  const { trait, use, needs } = line;
  if (use === "always") {
    const message = `${trait} is nothing to switch: it is always there.`;
    throw new NanosError("trait.fixed", message, "See `nanos trait list`.");
  }
  if (on && needs !== null) throw notReached(line);
  if (on === line.on) return;
  // On the record first: what is on without a word of it would be nobody's doing.
  await parts.world.alone(async () => {
    await write(parts, "operator", [{ kind: "trait.switched", trait, on }]);
    await parts.config.change((now) => ({ ...now, traits: withTrait(now.traits, trait, on) }));
  });
}

function notReached({ trait, needs }: TraitLine): NanosError {
  const message = `${trait} ${needs ?? "is not reached"}.`;
  return new NanosError("trait.not_reached", message, "See `nanos status`.");
}

function withTrait(traits: readonly TraitName[] = [], trait: TraitName, on: boolean): TraitName[] {
  const others = traits.filter((one) => one !== trait);
  return on ? [...others, trait] : others;
}

/** Only what differs from what is on record is written, and by one process at a time. */
async function noticed(parts: TraitParts): Promise<Seen> {
  const seen = seenIn(parts.world.journal, parts.kept);
  const { traits = [] } = await parts.config.read();
  if (newsOf(seen, traits).length === 0 && gone(seen, traits).length === 0) return seen;
  try {
    return await parts.world.alone(() => writeNews(parts));
  } catch (error) {
    // A home nobody can write to still says how it stands.
    if (error instanceof NanosError && /^(?:journal|home)\./u.test(error.code)) return seen;
    throw error;
  }
}

async function writeNews(parts: TraitParts): Promise<Seen> {
  const seen = seenIn(parts.world.journal, parts.kept);
  const { traits = [] } = await parts.config.read();
  await write(parts, "kernel", newsOf(seen, traits));
  const lost = gone(seen, traits);
  if (lost.length > 0) {
    await parts.config.change((now) => ({
      ...now,
      traits: (now.traits ?? []).filter((trait) => !lost.includes(trait)),
    }));
  }
  return seen;
}

/** What is switched on and the stage no longer has. */
function gone({ evolution, home }: Seen, on: readonly TraitName[]): readonly TraitName[] {
  return home === null ? [] : on.filter((trait) => !hasTrait(evolution.stage, trait));
}

/** What is to be written: nothing where the home's own chain cannot be trusted. */
function newsOf(seen: Seen, traits: readonly TraitName[]): readonly EventBody[] {
  const { evolution, home } = seen;
  if (home === null) return [];
  const { stage, proven, failed, xp } = evolution;
  const switched = TRAITS.flatMap((trait): EventBody | readonly [] => {
    const [said, is] = [home.switched.get(trait), traits.includes(trait)];
    const isLost = is && !hasTrait(stage, trait);
    // Written down before and cut off before it was done: once is enough.
    if (isLost && said === false) return [];
    if (isLost) return { kind: "trait.switched", trait, on: false, why: "stage" };
    if (is === (said ?? false)) return [];
    return { kind: "trait.switched", trait, on: is, why: "config" };
  });
  if (home.stage === stage) return switched;
  const unlocked = TRAITS.filter((one) => hasTrait(stage, one) && !hasTrait(home.stage, one));
  return [
    { kind: "stage.changed", from: home.stage, to: stage, proven, failed, xp },
    ...unlocked.map((trait): EventBody => ({ kind: "trait.unlocked", trait, stage })),
    ...switched,
  ];
}

async function write(
  { world: { journal } }: TraitParts,
  actor: "operator" | "kernel",
  bodies: readonly EventBody[],
): Promise<void> {
  if (bodies.length === 0) return;
  const common = { run: HOME_CHAIN, step: null, policy: null, isolation: null, label: null };
  await journal.append(bodies.map((body) => ({ ...common, actor, body })));
}
