import type { Keeper, SecretsFile } from "../../contracts/secret.ts";
import type { NanosError } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { findKeyring, type Keyring } from "./keyring.ts";
import { changed, locked, noKeyring, wrongPassphrase } from "./refusals.ts";
import { keyOf } from "./sealing.ts";
import type { SecretParts } from "./secrets.ts";

type Kept = SecretsFile["kept"];

/** Where the key to the values comes from: asked for once in the life of a process. */
export interface Keys {
  /** Null where nothing but the file keeps the values. */
  key(kept: Kept): Promise<Buffer | null>;
  /** What is to keep the values from now on: as before, as wished, or the best there is. */
  keeper(held: SecretsFile, wish: Keeper | undefined): Promise<Kept>;
  /** Lets go of the key once it keeps nothing. */
  forget(kept: Kept): void;
  /** Why the key does not fit. */
  wrong(kept: Kept, name: string): NanosError;
}

/** Reaches for keyring and operator only when a key is needed. */
export function keysOf(parts: SecretParts): Keys {
  const source: Source = {
    ...{ parts, known: new Map(), declined: { is: false } },
    ring: findKeyring(parts.env),
    home: sha256(parts.file).slice(0, 16),
  };
  return {
    key: async (kept) => {
      if (kept.by === "file") return null;
      return kept.by === "keyring" ? ringKey(source) : phraseKey(source, kept);
    },
    keeper: async ({ kept, secrets }, wish) => {
      const isFirst = Object.keys(secrets).length === 0;
      // To be sealed by a passphrase once more is to be given another one.
      const stays = wish === undefined || (wish === kept.by && wish !== "passphrase");
      return stays && !isFirst ? kept : choose(source, wish);
    },
    forget: (kept) => {
      if (kept.by === "keyring") source.ring?.clear(source.home);
      source.known.clear();
    },
    wrong: (kept, name) => {
      source.known.clear();
      return kept.by === "passphrase" ? wrongPassphrase() : changed(parts.file, name);
    },
  };
}

interface Source {
  readonly parts: SecretParts;
  readonly ring: Keyring | null;
  /** This home's name in the keyring. */
  readonly home: string;
  /** Keys by where they come from: `keyring`, or the salt. */
  readonly known: Map<string, Buffer>;
  /** Set once the operator gave none: nobody is asked the same at every step. */
  readonly declined: { is: boolean };
}

function ringKey({ known, ring, home }: Source): Buffer {
  const found = known.get("keyring");
  if (found) return found;
  const hex = ring?.get(home) ?? null;
  if (hex === null) throw locked("The keyring that holds their key is not to be reached.");
  const key = Buffer.from(hex, "hex");
  known.set("keyring", key);
  return key;
}

async function phraseKey(
  source: Source,
  { salt, cost }: Extract<Kept, { by: "passphrase" }>,
): Promise<Buffer> {
  const found = source.known.get(salt);
  if (found) return found;
  const text = source.declined.is ? null : await ask(source, false);
  source.declined.is = !text;
  if (!text) throw locked("Their passphrase was not given.");
  const key = await keyOf(text, salt, cost);
  source.known.set(salt, key);
  return key;
}

async function choose(source: Source, wish: Keeper | undefined): Promise<Kept> {
  if ((wish === undefined || wish === "keyring") && isInKeyring(source)) return { by: "keyring" };
  if (wish === "keyring") throw noKeyring();
  const text = wish === "file" ? null : await ask(source, true);
  if (text) return newPhrase(source, text);
  if (wish === "passphrase") throw locked("No passphrase was given.");
  return { by: "file" };
}

/** Makes sure that the keyring holds a key, and gives it back. */
function isInKeyring({ parts, ring, home }: Source): boolean {
  const key = ring?.get(home) ?? parts.random.hex(32);
  return ring?.put(home, key) === true && ring.get(home) === key;
}

async function newPhrase({ parts, known }: Source, text: string): Promise<Kept> {
  const kept = { by: "passphrase", salt: parts.random.hex(16), cost: 2 ** 17 } as const;
  known.set(kept.salt, await keyOf(text, kept.salt, kept.cost));
  return kept;
}

async function ask({ parts }: Source, isNew: boolean): Promise<string | null> {
  return parts.env["NANOS_PASSPHRASE"] || ((await parts.passphrase?.(isNew)) ?? null);
}
