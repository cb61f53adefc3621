import type { Keeper, SecretsFile } from "../../contracts/secret.ts";
import type { NanosError } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { findKeyring } from "./keyring.ts";
import { changed, locked, noKeyring, wrongPassphrase } from "./refusals.ts";
import { keyOf } from "./sealing.ts";
import type { SecretParts } from "./secrets.ts";

/** Where the key comes from. */
export interface Keys {
  /** Null where nothing but the file keeps the values. */
  key(kept: SecretsFile["kept"]): Promise<Buffer | null>;
  /** What is to keep the values from now on. */
  keeper(held: SecretsFile, wish: Keeper | undefined): Promise<SecretsFile["kept"]>;
  /** The file without any secret. */
  forget(held: SecretsFile): SecretsFile;
  wrong(kept: SecretsFile["kept"], name: string): NanosError;
}

export function keysOf({ file, random, env, passphrase }: SecretParts): Keys {
  const home = sha256(file).slice(0, 16);
  const ring = findKeyring(env);
  const known = new Map<string, Buffer>();
  const ask = async (isNew: boolean): Promise<string | null> =>
    env["NANOS_PASSPHRASE"] || ((await passphrase?.(isNew)) ?? null);

  const byPassphrase = async (text: string, salt: string, cost: number): Promise<Buffer> => {
    const key = await keyOf(text, salt, cost);
    known.set(salt, key);
    return key;
  };
  const newPassphrase = async (text: string): Promise<SecretsFile["kept"]> => {
    const kept = { by: "passphrase", salt: random.hex(16), cost: 2 ** 17 } as const;
    await byPassphrase(text, kept.salt, kept.cost);
    return kept;
  };
  const inKeyring = (): SecretsFile["kept"] | null => {
    const key = ring?.get(home) ?? random.hex(32);
    return ring?.put(home, key) === true && ring.get(home) === key ? { by: "keyring" } : null;
  };
  return {
    key: async (kept) => {
      switch (kept.by) {
        case "file":
          return null;
        case "keyring": {
          const key = known.get("keyring") ?? fromHex(ring?.get(home) ?? null);
          if (key === null) throw locked("The keyring that holds their key is not to be reached.");
          known.set("keyring", key);
          return key;
        }
        case "passphrase": {
          const found = known.get(kept.salt);
          if (found) return found;
          const text = await ask(false);
          if (!text) throw locked("Their passphrase was not given.");
          return byPassphrase(text, kept.salt, kept.cost);
        }
      }
    },
    keeper: async (held, wish) => {
      const isFirst = Object.keys(held.secrets).length === 0;
      if (wish === undefined && !isFirst) return held.kept;
      if (wish === held.kept.by && !isFirst && wish !== "passphrase") return held.kept;
      const ringed = wish === undefined || wish === "keyring" ? inKeyring() : null;
      if (ringed) return ringed;
      if (wish === "keyring") throw noKeyring();
      const text = wish === "file" ? null : await ask(true);
      if (text) return newPassphrase(text);
      if (wish === "passphrase") throw locked("No passphrase was given.");
      return { by: "file" };
    },
    forget: (held) => {
      if (held.kept.by === "keyring") ring?.clear(home);
      known.clear();
      return { v: 1, kept: { by: "file" }, secrets: {} };
    },
    wrong: (kept, name) => {
      known.clear();
      return kept.by === "passphrase" ? wrongPassphrase() : changed(file, name);
    },
  };
}

function fromHex(key: string | null): Buffer | null {
  return key === null ? null : Buffer.from(key, "hex");
}
