import type { Grant, GrantsFile } from "../contracts/config.ts";
import type { Clock } from "../std/clock.ts";
import { assert, NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import type { ParseCache } from "./arrangement/cache.ts";
import { openGrants } from "./config.ts";

/** The grants of one workspace. */
export interface GrantStore {
  list(): Promise<readonly Grant[]>;
  /** Adds to an earlier yes to the same, unchanged skill; replaces one to a changed skill. */
  add(wish: GrantWish): Promise<Grant>;
  /**
   * Takes the yes back, from one agent or from all, and keeps that it was: the skill does nothing
   * there until it is granted anew. Gives what was taken; null when it had been taken before.
   */
  revoke(skill: string, agent?: string): Promise<readonly Grant[] | null>;
  /** Forgets that a skill was taken from an agent. */
  restore(skill: string, agent: string): Promise<void>;
}

/** Opens `grants.json`. */
export function openGrantStore(file: string, clock: Clock, cache: ParseCache): GrantStore {
  const store = openGrants(file, clock, cache);
  return {
    list: async () => (await store.read()).grants,
    add: async (wish) => {
      let given: Grant | null = null;
      await store.change(async (held) => {
        const added = await withGrant(held, wish, clock.now());
        given = added.grant;
        return added.file;
      });
      assert(given !== null, "a change that succeeded gave a grant");
      return given;
    },
    revoke: async (skill, agent) => {
      let taken: readonly Grant[] | null = null;
      await store.change((held) => {
        taken = takenBy(held, skill, agent);
        return taken === null ? held : withoutGrant(held, { skill, agent, taken }, clock.now());
      });
      return taken;
    },
    restore: async (skill, agent) => {
      await store.change(({ grants }) => ({
        v: 1,
        grants: grants.filter((one) => one.skill !== skill || one.agent !== agent),
      }));
    },
  };
}

/** What the operator says yes to. `scopes` are resolved; `net:` entries endorse a destination. */
export interface GrantWish {
  readonly skill: string;
  readonly scopes: readonly string[];
  /** Hash of the skill as it is now; null for what cannot be known beforehand. */
  readonly hash: string | null;
  /** Milliseconds since 1970. */
  readonly expires?: number;
  /** The one run it is for. */
  readonly run?: string;
  /** What was seen, in the vault. */
  readonly seen?: string;
  /** Hash of what may run held by nothing. */
  readonly unconfined?: string;
}

/**
 * The grants with the wish in force. A second yes to the same skill, unchanged, adds to the
 * first; to a skill that changed it replaces it.
 *
 * @throws NanosError `grant.bad_scope`, `grant.expired`, `grant.too_many`.
 */
export async function withGrant(
  file: GrantsFile,
  wish: GrantWish,
  now: number,
): Promise<{ file: GrantsFile; grant: Grant }> {
  const { Grant } = await import("../contracts/config.ts");
  if (wish.expires !== undefined && wish.expires <= now) {
    throw new NanosError(
      "grant.expired",
      `The grant for ${wish.skill} would end before it begins.`,
      "Give a date that is still to come: --until DATE",
    );
  }
  const isSame = (grant: Grant): boolean =>
    grant.skill === wish.skill && grant.run === wish.run && grant.agent === undefined;
  const earlier = file.grants.find((grant) => isSame(grant) && grant.revoked !== true);
  const holds =
    earlier !== undefined &&
    earlier.hash === wish.hash &&
    (earlier.expires === undefined || earlier.expires > now);
  const kept = holds && earlier.unconfined !== undefined;
  const made = Grant.safeParse({
    ...(kept && { unconfined: earlier.unconfined }),
    ...wish,
    scopes: [...new Set([...(holds ? earlier.scopes : []), ...wish.scopes])],
    at: now,
  });
  if (!made.success) {
    throw new NanosError(
      "grant.bad_scope",
      `The grant for ${wish.skill} does not fit: ${made.error.issues[0]?.message ?? "unknown"}.`,
      "Write a scope as KIND:VALUE, a destination as HOST:PORT.",
    );
  }
  // A yes ends that it was taken back from everyone, whatever it is for.
  const others = file.grants.filter(
    (grant) => !isSame(grant) && !(isTakenFromAll(grant) && grant.skill === wish.skill),
  );
  if (others.length >= LIMITS.grants) {
    throw new NanosError(
      "grant.too_many",
      `This workspace has ${LIMITS.grants} grants, as many as are kept.`,
      "Take one back: nanos grant revoke SKILL",
    );
  }
  return { file: { v: 1, grants: [...others, made.data] }, grant: made.data };
}

function isTakenFromAll({ revoked, agent }: Grant): boolean {
  return revoked === true && agent === undefined;
}

function takenBy(
  { grants }: GrantsFile,
  skill: string,
  agent: string | undefined,
): readonly Grant[] | null {
  const own = grants.filter((grant) => grant.skill === skill);
  if (own.some((grant) => grant.revoked === true && grant.agent === agent)) return null;
  return agent === undefined ? own.filter(({ revoked }) => revoked !== true) : [];
}

function withoutGrant(
  { grants }: GrantsFile,
  gone: {
    readonly skill: string;
    readonly agent: string | undefined;
    readonly taken: readonly Grant[];
  },
  at: number,
): GrantsFile {
  const { skill, agent, taken } = gone;
  const mark: Grant = {
    ...{ skill, scopes: [], hash: null, at, revoked: true },
    ...(agent === undefined ? {} : { agent }),
  };
  const left = [...grants.filter((one) => !taken.includes(one)), mark];
  // Where there is no more room a yes goes, never a no.
  const oldest = left.length > LIMITS.grants ? left.findIndex(({ revoked }) => !revoked) : -1;
  return { v: 1, grants: oldest === -1 ? left : left.toSpliced(oldest, 1) };
}
