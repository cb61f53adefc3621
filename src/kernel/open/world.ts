import { homedir } from "node:os";
import { join } from "node:path";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Home } from "../../home/home.ts";
import { withLock } from "../../home/store.ts";
import type { Journal } from "../../journal/journal.ts";
import { openMemory } from "../../memory/open.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { isStill } from "../../sandbox/stage/changes.ts";
import { canonical } from "../../std/canonical.ts";
import type { Clock } from "../../std/clock.ts";
import { sha256 } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import { systemRandom } from "../../std/random.ts";
import type { ToolHost } from "../../tools/tool-host.ts";
import type { Trees } from "../../tools/git/trees.ts";
import type { Vault } from "../../vault/vault.ts";
import { VERSION } from "../../version.ts";
import type { InnerBook } from "../agents/inner.ts";
import type { GrantDesk } from "../desk/grants.ts";
import { goodKey } from "../keys/keys.ts";
import type { ModelDesk } from "../desk/models.ts";
import { standingBook } from "../drive/standing-book.ts";
import { signersOf } from "../evidence/checkpoints.ts";
import { factsBook, type FactsBook, factsIn } from "../facts.ts";
import { growthDesk } from "../growth/desk.ts";
import type { boundary } from "../secrets/boundary.ts";
import { cleanJournal } from "../secrets/guard.ts";
import { sealOf } from "../standing.ts";
import type { Facts, World } from "../world.ts";

/** Where runs have their copies of repositories: outside the home, which no scope may reach. */
export function treesName({ paths }: Home): string {
  return `nanos-trees-${sha256(paths.home).slice(0, 16)}`;
}

/** Where notes lie: nanos alone gives them out, to whom they are granted. */
export function memoryDir({ place, paths }: Pick<Home, "place" | "paths">): string {
  return join(place.arrangementDir ?? paths.home, "memory");
}

/** The facts of this home's arrangement. */
export function factsHere(
  { lock, paths }: Home,
  parts: Pick<Parameters<typeof factsBook>[0], "tools" | "arrangement" | "memory" | "day">,
): FactsBook {
  const { machine } = paths;
  return factsBook({ ...parts, lock: lock.read, machine, userHome: homedir() });
}

/** The live parts of a home, and what the folders above bring to a run. */
interface Parts {
  readonly home: Home;
  readonly edge: ReturnType<typeof boundary> & Pick<World, "clock">;
  readonly journal: Journal;
  readonly vault: Vault;
  readonly models: ModelDesk;
  readonly grants: GrantDesk;
  readonly tools: ToolHost;
  readonly trees: Trees;
  readonly inner: InnerBook;
  readonly sandbox: Sandbox;
  readonly arrangement: Arrangement;
  readonly facts: FactsBook;
  readonly evolving: Pick<World, "traits" | "look" | "thoughts" | "companion">;
  readonly missions: Pick<World, "decide" | "readPlan">;
}

/** Puts the live parts of a home together into what runs use. */
export function openWorld(parts: Parts): World {
  const { home, edge, journal, vault, models, grants, tools, trees } = parts;
  const { sandbox, arrangement, facts, evolving } = parts;
  const textOf = factsText();
  const book = standingBook({ paths: home.paths, arrangement, grants, models });
  return {
    ...edge,
    journal: cleanJournal(journal, edge.guard),
    ...{ tools, trees, memory: openMemory(memoryDir(home)) },
    holds: ({ kind, net, starts }) => sandbox.tier(kind, net, starts) !== null,
    ...{ random: systemRandom, version: VERSION, ...parts.missions },
    ...{ ...evolving, going: new Set<string>() },
    facts: async (again) => withTraits(await facts(again), await evolving.traits()),
    inner: parts.inner.open,
    vault,
    keep: async (kept) => vault.put(textOf(kept)),
    recall: (hash) => factsIn(vault.get(hash)),
    ...{ grants: book.current, renew: book.renew },
    growth: growthDesk(home, arrangement),
    model: models.open,
    defaultModel: models.defaultName,
    modelSettings: models.settings,
    scrubs: models.scrubs,
    key: async (id) => goodKey((await home.clientKeys.read()).keys, id, edge.clock.now()),
    lock: async (skill, hash) => {
      // The yes was given to what the run began with; what is there now may be something else.
      const files = arrangement.skills.get(skill)?.hash;
      if (files !== undefined && sealOf(await facts(), skill) === hash) {
        await lockSkill(home, { skill, hash: files, clock: edge.clock });
      }
    },
    isStill: async (path, hash) => isStill(path, hash),
    alone: (task, what = "commit") => withLock(join(home.paths.machine, what), edge.clock, task),
    ...signersOf(home),
  };
}

/** Facts as they are kept. They never change, and most runs begin with the same ones. */
function factsText(): (facts: Facts) => string {
  const known = new WeakMap<Facts, string>();
  return (facts) => {
    const text = known.get(facts) ?? canonical(facts as unknown as Json);
    known.set(facts, text);
    return text;
  };
}

/** Facts as they always were where no trait is on. */
function withTraits(facts: Facts, traits: Facts["traits"] = []): Facts {
  return traits.length === 0 ? facts : { ...facts, traits };
}

async function lockSkill(
  home: Home,
  { skill, hash, clock }: { skill: string; hash: string; clock: Clock },
): Promise<void> {
  const locked = { [skill]: { hash, at: clock.now(), from: "first use" } };
  await home.lock.change((file) => ({ ...file, skills: { ...file.skills, ...locked } }));
}
