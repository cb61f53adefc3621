import type { Keeper, SecretLine, SecretsFile } from "../../contracts/secret.ts";
import type { Clock } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Random } from "../../std/random.ts";
import { readPrivate } from "../keys.ts";
import { removeLeftovers, withLock, writeAtomic } from "../store.ts";
import { type Keys, keysOf } from "./keeping.ts";
import type { Environment } from "./keyring.ts";
import { checked, missing, notBound, tooMany } from "./refusals.ts";
import { type Bound, seal, unseal } from "./sealing.ts";

/**
 * The operator's secrets, by name, in one file of machine state. Names and hosts can be read
 * without a key; values are sealed by a key that the keyring holds or a passphrase stands for.
 * Where there is neither, nothing but the file's mode keeps them, and `doctor` says so.
 */
export interface Secrets {
  /** Names, hosts, times, sorted by name; never values. Needs no key. */
  list(): Promise<readonly SecretLine[]>;
  /**
   * Stores a value, in place of an earlier one of the name. With `keep` all of them move there.
   *
   * @throws NanosError `secret.bad_name`, `secret.too_short`, `secret.too_long`, `secret.bad_value`,
   *   `secret.bad_host`, `secret.too_many`, `secret.no_keyring`, and as `open` does.
   */
  set(name: string, value: string, options: SetOptions): Promise<SecretLine>;
  /** False when there was none. Needs no key. */
  rm(name: string): Promise<boolean>;
  /**
   * Every value. What was opened once in this process stays open, until the file changes.
   *
   * @throws NanosError `secret.locked` without a passphrase or keyring, `secret.wrong_passphrase`,
   *   `secret.damaged`, `key.unsafe`.
   */
  open(): Promise<ReadonlyMap<string, Secret>>;
  /**
   * The value, for the boundary alone: to be put into a header of a request to `host`
   * (`host:port`), or into the environment of a program where that is null.
   *
   * @throws NanosError `secret.missing`, `secret.not_bound`, and as `open` does.
   */
  lend(name: string, host: string | null): Promise<string>;
}

export interface Secret {
  readonly value: string;
  /** `host:port` it may be sent to. */
  readonly hosts: readonly string[];
}

export interface SetOptions {
  readonly hosts: readonly string[];
  readonly keep?: Keeper;
}

/** What the store works with. */
export interface SecretParts {
  readonly file: string;
  readonly clock: Clock;
  readonly random: Random;
  /** For the keyring, and NANOS_PASSPHRASE. */
  readonly env: Environment;
  /** Asks the operator; null when nobody is there, or nothing was said. */
  readonly passphrase?: ((isNew: boolean) => Promise<string | null>) | undefined;
}

/** Opens the store; reads nothing before it is asked. */
export function openSecrets(parts: SecretParts): Secrets {
  const { file, clock } = parts;
  const keys = keysOf(parts);
  const noted = new Set<string>();
  let opened: { readonly text: string; readonly values: ReadonlyMap<string, Secret> } | null = null;
  const change: Change = (act) =>
    withLock(file, clock, async () => {
      // Half a file of a process that was killed holds values as well.
      removeLeftovers(file);
      const after = await act((await load(file))?.held ?? EMPTY);
      writeAtomic(file, `${JSON.stringify(after, null, 2)}\n`);
      return after;
    });
  const open = async (): Promise<ReadonlyMap<string, Secret>> => {
    const loaded = await load(file);
    if (loaded === null) return NONE;
    if (opened?.text !== loaded.text) {
      opened = { text: loaded.text, values: await valuesOf(loaded.held, keys) };
    }
    return opened.values;
  };
  return {
    open,
    list: async () => linesOf((await load(file))?.held ?? EMPTY),
    set: async (name, value, { hosts, keep }) => {
      const secret = checked(name, value, hosts);
      // Whoever is asked for a passphrase may take longer than others wait for the file.
      await open();
      const after = await change((held) => withOne(held, { name, secret, keep }, keys, parts));
      return linesOf(after).find((line) => line.name === name) as SecretLine;
    },
    rm: (name) => without(name, change, keys),
    lend: async (name, host) => {
      const secret = (await open()).get(name);
      if (!secret) throw missing(name);
      if (host !== null && !secret.hosts.includes(host)) throw notBound(name, host);
      if (!noted.has(name)) {
        noted.add(name);
        // When it was used last is worth no waiting and no failure.
        await change(async (held) => usedAt(held, name, clock.now())).catch(() => undefined);
      }
      return secret.value;
    },
  };
}

type Change = (act: (held: SecretsFile) => Promise<SecretsFile>) => Promise<SecretsFile>;

/** The file with one more, all of it sealed by what keeps them from now on. */
async function withOne(
  held: SecretsFile,
  given: { readonly name: string; readonly secret: Secret; readonly keep: Keeper | undefined },
  keys: Keys,
  { clock, random }: SecretParts,
): Promise<SecretsFile> {
  const { name, secret, keep } = given;
  if (!(name in held.secrets) && Object.keys(held.secrets).length >= LIMITS.secrets) {
    throw tooMany();
  }
  const values = new Map([...(await valuesOf(held, keys)), [name, secret]]);
  const kept = await keys.keeper(held, keep);
  const key = await keys.key(kept);
  const times = { ...held.secrets, [name]: { at: clock.now() } };
  return resealed(kept, values, times, (value, bound) =>
    key === null ? value : seal(key, value, bound, random),
  );
}

async function without(name: string, change: Change, keys: Keys): Promise<boolean> {
  let found = false;
  await change(async (held) => {
    const { [name]: gone, ...secrets } = held.secrets;
    found = gone !== undefined;
    // With the last of them the key has nothing to keep.
    if (Object.keys(secrets).length > 0) return { ...held, secrets };
    keys.forget(held.kept);
    return EMPTY;
  });
  return found;
}

/** Noted once in the life of a process: the journal has every single use. */
function usedAt(held: SecretsFile, name: string, used: number): SecretsFile {
  const entry = held.secrets[name];
  return entry ? { ...held, secrets: { ...held.secrets, [name]: { ...entry, used } } } : held;
}

const NONE: ReadonlyMap<string, Secret> = new Map();
const EMPTY: SecretsFile = { v: 1, kept: { by: "file" }, secrets: {} };

async function load(file: string): Promise<{ text: string; held: SecretsFile } | null> {
  const text = readPrivate(file, "file of secrets");
  if (text === null) return null;
  const { SecretsFile: schema } = await import("../../contracts/secret.ts");
  // No parser's words: they would quote what lies there.
  const read = schema.safeParse(json(text));
  if (read.success) return { text, held: read.data };
  throw new NanosError(
    "secret.damaged",
    `${file} is not as nanos wrote it.`,
    `Bring it back from a copy, or begin anew: mv ${file} ${file}.broken`,
  );
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function linesOf({ kept, secrets }: SecretsFile): readonly SecretLine[] {
  return Object.entries(secrets)
    .map(([name, { hosts, at, used }]) => ({ name, hosts, kept: kept.by, at, used: used ?? null }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function valuesOf(held: SecretsFile, keys: Keys): Promise<Map<string, Secret>> {
  const values = new Map<string, Secret>();
  const entries = Object.entries(held.secrets);
  const key = entries.length === 0 ? null : await keys.key(held.kept);
  for (const [name, { value, hosts }] of entries) {
    const text = key === null ? value : unseal(key, value, { name, hosts });
    if (text === null) throw keys.wrong(held.kept, name);
    values.set(name, { value: text, hosts });
  }
  return values;
}

function resealed(
  kept: SecretsFile["kept"],
  values: ReadonlyMap<string, Secret>,
  times: Readonly<Record<string, { readonly at: number; readonly used?: number | undefined }>>,
  sealed: (value: string, bound: Bound) => string,
): SecretsFile {
  const secrets: SecretsFile["secrets"] = {};
  for (const [name, { value, hosts }] of values) {
    const { at = 0, used } = times[name] ?? {};
    secrets[name] = {
      hosts: [...hosts],
      at,
      ...(used === undefined ? {} : { used }),
      value: sealed(value, { name, hosts }),
    };
  }
  return { v: 1, kept, secrets };
}
