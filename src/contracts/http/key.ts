import { z } from "zod";
import { Scope } from "../scope.ts";
import { DayLimit, type DayUse } from "../usage.ts";

/**
 * A key a client shows over the network: whom it may ask and how far that reaches. What it starts is
 * held to less than this by its agent's manifest, the rules and the grants, and never to more.
 */
export const Key = z.strictObject({
  /** Short, not secret: what it is called in lists, logs and runs. */
  id: z.string(),
  /** The one agent it may ask; null for the operator's own key, which asks any and answers asks. */
  agent: z.string().nullable(),
  /** The most its runs may reach; what its agent declares, where nothing is said. */
  scopes: z.array(Scope).optional(),
  /** What each of its runs may use at most. */
  budget: z
    .strictObject({
      /** US dollars. */
      cost: z.number().nonnegative().optional(),
      calls: z.number().int().positive().optional(),
    })
    .default({}),
  /** What all its runs together may use, in its life and in a day of the operator's. */
  total: DayLimit.omit({ zone: true }).optional(),
  day: DayLimit.omit({ zone: true }).optional(),
  /** Requests a minute. */
  rate: z.number().int().positive(),
  /** Milliseconds since 1970; void from then on. */
  expires: z.number().int().optional(),
  /** When it was made. */
  at: z.number().int(),
  /** What a program calls itself that asked for it, and was given it by consent. */
  client: z.string().optional(),
});
export type Key = z.infer<typeof Key>;

/** On the home chain: the operator let a client in over the network, and shut it out again. */
export const KEY_EVENTS = [
  z.strictObject({ kind: z.literal("key.made"), key: Key }),
  z.strictObject({ kind: z.literal("key.removed"), id: z.string() }),
  /** A link into the cockpit was made, and a browser came by it. */
  z.strictObject({ kind: z.literal("link.made"), id: z.string(), expires: z.number().int() }),
  z.strictObject({ kind: z.literal("link.used"), id: z.string() }),
] as const;

/** Of a key that is lent: until when what is shown for it is good, and what gets the next. */
const LentHalf = z.strictObject({
  until: z.number().int(),
  refresh: z.string(),
  /** What got one before, newest last. */
  spent: z.array(z.string()),
  /** SHA-256 of the id of the program it is lent to. */
  client: z.string(),
});

/**
 * `keys.json` of one workspace: keys, and links that nobody came by yet, with the SHA-256 of what is
 * shown, which is kept nowhere.
 */
export const KeysFile = z.strictObject({
  v: z.literal(1),
  keys: z.array(Key.extend({ hash: z.string(), lent: LentHalf.optional() })),
  links: z
    .array(z.strictObject({ id: z.string(), expires: z.number().int(), hash: z.string() }))
    .optional(),
});
export type KeysFile = z.infer<typeof KeysFile>;

/** What a program is given of a key that is lent; `until` in milliseconds since 1970. */
export interface Lent {
  readonly key: Key;
  readonly secret: string;
  readonly refresh: string;
  readonly until: number;
}

/** What a new key is to be. */
export type KeyWish = Omit<Key, "id" | "at" | "rate" | "budget"> &
  Partial<Pick<Key, "rate" | "budget">>;

/** The client of a run that was asked with a key. */
export function clientOf({ id }: Pick<Key, "id">): string {
  return `${BY_KEY}${id}`;
}

/** The id of the key a client asked with; null for one that has none. */
export function keyOfClient(client: string): string | null {
  return client.startsWith(BY_KEY) ? client.slice(BY_KEY.length) : null;
}

const BY_KEY = "key:";

/** What a key's runs used, with what is set aside for those that go on. */
export interface KeyUse {
  readonly total: DayUse;
  readonly day: DayUse;
}

/** Keys for the network, as the operator holds them. */
export interface Keys {
  list(): Promise<readonly (Key & { readonly used: KeyUse })[]>;
  /**
   * Makes a key. `secret` is what a client shows; it is told this once and kept nowhere.
   *
   * @throws NanosError `agent.unknown`, `key.bad_scope`, `key.expired`, `key.too_many`.
   */
  make(wish: KeyWish): Promise<{ readonly key: Key; readonly secret: string }>;
  /** Voids a key and stops what runs with it. @throws NanosError `key.unknown`. */
  rm(id: string): Promise<void>;
  /**
   * Makes a key that is lent to a program: what it shows is good for an hour, and it gets the next by
   * `refresh`, which is good once. Both are told this once. @throws as `make`.
   */
  lend(wish: KeyWish, client: string): Promise<Lent>;
  /** The next of both; null for what is none. What was used before voids the key. */
  renew(refresh: string, client: string): Promise<Lent | null>;
  /** Voids a key that is lent, by either of what its program holds. Nothing happens for what is none. */
  giveBack(token: string): Promise<void>;
  /** The key a client shows; null for what is none, or is none any more. */
  admit(secret: string): Promise<Key | null>;
  /**
   * Makes a link by which one browser comes into the cockpit, once and soon: whoever shows it there
   * is the operator. `expires` in milliseconds since 1970.
   */
  link(): Promise<{ readonly secret: string; readonly expires: number }>;
  /** Uses a link up; false for what is none, or is none any more. */
  useLink(secret: string): Promise<boolean>;
}
