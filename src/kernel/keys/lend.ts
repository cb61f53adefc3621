import {
  type Key,
  type KeysFile,
  type KeyWish,
  type Keys,
  type Lent,
} from "../../contracts/http/key.ts";
import type { Home } from "../../home/home.ts";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { World } from "../world.ts";
import { isOver, sameHash } from "./keys.ts";

/**
 * Keys that are lent: a client that came by the operator's consent shows something that is good for
 * an hour, and has something else to get the next by, each good once. Whoever shows one of those a
 * second time, or whose it was taken from, loses the key: which of the two it is cannot be told.
 */
export function lendDesk(
  { clock, random }: Pick<World, "clock" | "random">,
  store: Home["clientKeys"],
  { make, rm }: Pick<Keys, "make" | "rm">,
): Pick<Keys, "lend" | "renew" | "giveBack"> {
  const drawn = (key: Key): Lent => ({
    ...{ key, secret: `nk_${key.id}_${random.hex(32)}`, refresh: `nr_${key.id}_${random.hex(32)}` },
    until: Math.min(clock.now() + LIMITS.lentTokenMs, key.expires ?? Infinity),
  });
  return {
    lend: async (wish: KeyWish, client: string) => {
      // A program that asks again each month leaves none of its old ones.
      const isGone = (one: Kept): boolean => one.lent !== undefined && isOver(one, clock);
      if ((await store.read()).keys.some(isGone)) {
        await store.change((file) => ({ ...file, keys: file.keys.filter((one) => !isGone(one)) }));
      }
      const { key } = await make({ ...wish, expires: wish.expires ?? clock.now() + LIMITS.lentMs });
      const lent = drawn(key);
      await store.change((file) => withLent(file, lent, { client: sha256(client), spent: [] }));
      return lent;
    },
    renew: async (refresh, client) => {
      const found = keptBy(await store.read(), refresh);
      if (!found?.lent || isOver(found, clock) || found.lent.client !== sha256(client)) return null;
      let came: Lent | null = null;
      await store.change((file) => {
        const { lent } = keptBy(file, refresh) ?? {};
        if (!lent || !sameHash(lent.refresh, sha256(refresh))) return file;
        const { hash: _, lent: __, ...key } = found;
        came = drawn(key);
        const spent = [...lent.spent, lent.refresh].slice(-LIMITS.lentSpent);
        return withLent(file, came, { client: lent.client, spent });
      });
      const again = keptBy(await store.read(), refresh)?.lent?.spent ?? [];
      if (came === null && again.some((one) => sameHash(one, sha256(refresh)))) await rm(found.id);
      return came;
    },
    giveBack: async (token) => {
      const file = await store.read();
      const found = keptBy(file, token);
      const hash = sha256(token);
      if (!found?.lent) return;
      if (sameHash(found.hash, hash) || sameHash(found.lent.refresh, hash)) await rm(found.id);
    },
  };
}

/** A key as it is kept. */
export type Kept = KeysFile["keys"][number];

const SHOWN = /^n[kr]_([0-9a-z]{4,32})_[0-9a-f]{64}$/u;

function keptBy({ keys }: KeysFile, token: string): Kept | undefined {
  const [, id = ""] = SHOWN.exec(token) ?? [];
  return keys.find((key) => key.id === id);
}

function withLent(
  file: KeysFile,
  { key: { id }, secret, refresh, until }: Lent,
  rest: Pick<NonNullable<Kept["lent"]>, "client" | "spent">,
): KeysFile {
  const lent = { ...rest, until, refresh: sha256(refresh) };
  const keys = file.keys.map((one) =>
    one.id === id ? { ...one, hash: sha256(secret), lent } : one,
  );
  return { ...file, keys };
}
