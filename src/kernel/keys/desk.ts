import { homedir } from "node:os";
import { parseScope } from "../../gate/scopes.ts";
import type { Home } from "../../home/home.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import { type Clock } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import { nearest } from "../../std/nearest.ts";
import { newId, type Random } from "../../std/random.ts";
import { plainText } from "../../std/text.ts";
import { type Key, type Keys, type KeyWish, clientOf } from "../../contracts/http/key.ts";
import { listTraces } from "../views/traces.ts";
import { cancel } from "../runner.ts";
import { resolveScope } from "../standing.ts";
import type { World } from "../world.ts";
import { note } from "../desk/note.ts";
import { isOver, sameHash, unknownKey } from "./keys.ts";
import { type Kept, lendDesk } from "./lend.ts";
import { usedBy } from "./used.ts";

/**
 * Keys are how the operator lets clients in. What a client shows is `nk_ID_SECRET`: the id finds the
 * key, and of the secret the home keeps the hash. 256 random bits need no slow one.
 */
export function keyDesk(
  world: World,
  { clientKeys: store }: Pick<Home, "clientKeys">,
  arrangement: Pick<Arrangement, "agents" | "workspace">,
): Keys {
  const { journal, clock, random } = world;
  const desk: Pick<Keys, "list" | "make" | "rm" | "admit"> = {
    list: async () => {
      const { keys } = await store.read();
      return keys.map((key) => ({ ...shown(key), used: usedBy(world, key) }));
    },
    make: async (wish) => {
      checkWish(wish, arrangement, clock);
      const { key, secret, hash } = drawn(wish, clock, random);
      await store.change(({ keys, ...rest }) => {
        if (keys.length >= LIMITS.clientKeys) throw tooMany();
        return { ...rest, keys: [...keys, { ...key, hash }] };
      });
      await note(journal, { kind: "key.made", key });
      return { key, secret };
    },
    rm: async (id) => {
      await store.change(({ keys, ...rest }) => {
        if (!keys.some((key) => key.id === id)) throw unknownKey(id, keys);
        return { ...rest, keys: keys.filter((key) => key.id !== id) };
      });
      await note(journal, { kind: "key.removed", id });
      const runs = listTraces(journal, { client: clientOf({ id }), limit: MOST_RUNS });
      for (const { run, state } of runs) if (state !== "ended") await cancel(world, run);
    },
    admit: async (secret) => {
      const [, id = ""] = SHOWN.exec(secret) ?? [];
      const { keys } = await store.read();
      const found = keys.find((key) => key.id === id);
      // Compared all the same, so that how long it takes does not tell which ids there are.
      const isSame = sameHash(sha256(secret), found?.hash ?? NO_HASH);
      const isLate = found?.lent && found.lent.until <= clock.now();
      return found && isSame && !isLate && !isOver(found, clock) ? shown(found) : null;
    },
  };
  return { ...desk, ...linkDesk(world, store), ...lendDesk(world, store, desk) };
}

/** Links into the cockpit: as keys are, for one use and for minutes. */
function linkDesk(
  { journal, clock, random }: World,
  store: Home["clientKeys"],
): Pick<Keys, "link" | "useLink"> {
  return {
    link: async () => {
      const at = clock.now();
      const [id, expires] = [newId("l", at, random), at + LIMITS.linkMs];
      const secret = `nl_${id}_${random.hex(32)}`;
      await store.change((file) => {
        const good = (file.links ?? []).filter((one) => one.expires > at);
        const links = [...good, { id, expires, hash: sha256(secret) }].slice(-LIMITS.links);
        return { ...file, links };
      });
      await note(journal, { kind: "link.made", id, expires });
      return { secret, expires };
    },
    useLink: async (secret) => {
      const [at, hash] = [clock.now(), sha256(secret)];
      const fits = (one: { readonly hash: string; readonly expires: number }): boolean =>
        sameHash(one.hash, hash) && one.expires > at;
      // Looked at first: whoever guesses writes nothing.
      if (!((await store.read()).links ?? []).some(fits)) return false;
      let used: string | null = null;
      await store.change((file) => {
        const { links = [] } = file;
        used = links.find(fits)?.id ?? null;
        return { ...file, links: links.filter(({ id }) => id !== used) };
      });
      if (used !== null) await note(journal, { kind: "link.used", id: used });
      return used !== null;
    },
  };
}

/** Runs of a removed key that are looked at for those to be stopped, newest first. */
const MOST_RUNS = 1_000;

const SHOWN = /^nk_([0-9a-z]{4,32})_[0-9a-f]{64}$/u;
const NO_HASH = "0".repeat(64);

function drawn(
  { agent, scopes, budget = {}, rate = LIMITS.keyRate, expires, total, day, client }: KeyWish,
  clock: Clock,
  random: Random,
): { readonly key: Key; readonly secret: string; readonly hash: string } {
  const at = clock.now();
  const key: Key = {
    ...{ id: newId("k", at, random), agent, budget, rate, at },
    ...(scopes === undefined ? {} : { scopes }),
    ...(expires === undefined ? {} : { expires }),
    ...(total === undefined ? {} : { total }),
    ...(day === undefined ? {} : { day }),
    ...(client === undefined ? {} : { client }),
  };
  const secret = `nk_${key.id}_${random.hex(32)}`;
  return { key, secret, hash: sha256(secret) };
}

function shown({ hash: _, lent: __, ...key }: Kept): Key {
  return key;
}

function checkWish(
  { agent, scopes = [], expires }: KeyWish,
  { agents: all, workspace }: Pick<Arrangement, "agents" | "workspace">,
  clock: Clock,
): void {
  const agents = [...all.keys()];
  if (agent !== null && !agents.includes(agent)) {
    const near = nearest(agent, agents);
    const next = near ? `Did you mean ${near}?` : `Agents: ${agents.join(", ") || "none"}.`;
    throw new NanosError("agent.unknown", `There is no agent ${plainText(agent)}.`, next);
  }
  const bad = scopes.find((scope) => {
    const resolved = resolveScope(scope, workspace, homedir());
    return resolved === undefined || parseScope(resolved).kind === "malformed";
  });
  if (bad !== undefined) {
    const message = `${plainText(bad)} is no scope.`;
    throw new NanosError("key.bad_scope", message, "Write it as KIND:VALUE: read:./notes");
  }
  if (expires !== undefined && isOver({ expires } as Key, clock)) {
    const message = "The key would be void before it is used.";
    throw new NanosError("key.expired", message, "Give a date that is still to come.");
  }
}

function tooMany(): NanosError {
  const message = `This workspace has ${LIMITS.clientKeys} keys, as many as are kept.`;
  return new NanosError("key.too_many", message, "Remove one: nanos key rm ID");
}
