import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import * as fs from "node:fs";
import { dirname } from "node:path";
import { codeOf, NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { readPlain } from "./files.ts";

/** A key of this home, Ed25519: what it signed can be told from what was made up. */
export interface HomeKey {
  /** Signature over the UTF-8 text, base64. Makes the key at the first need. */
  sign(text: string): string;
  verify(text: string, signature: string): boolean;
  /** The public half, PEM. */
  publicKey(): string;
}

/**
 * The key in a file. `without` says what doing without it takes, for when it is damaged.
 *
 * @throws NanosError `key.unsafe` when others may read the key, `key.damaged`.
 */
export function openKey(file: string, without: string): HomeKey {
  let key: KeyObject | null = null;
  const load = (): KeyObject => (key ??= readKey(file, without) ?? makeKey(file, without));
  return {
    sign: (text) => sign(null, Buffer.from(text), load()).toString("base64"),
    verify: (text, signature) =>
      verify(null, Buffer.from(text), createPublicKey(load()), Buffer.from(signature, "base64")),
    publicKey: () => createPublicKey(load()).export({ type: "spki", format: "pem" }).toString(),
  };
}

function readKey(file: string, without: string): KeyObject | null {
  const pem = readPrivate(file);
  if (pem === null) return null;
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Falls through to the one sentence both causes share.
  }
  throw new NanosError(
    "key.damaged",
    `${file} is not an Ed25519 private key.`,
    `Bring it back from a copy, or move it away and ${without}: mv ${file} ${file}.broken`,
  );
}

/** Whoever links first wins; the loser of a race uses the winner's key. */
function makeKey(file: string, without: string): KeyObject {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  const temporary = `${file}.${process.pid}.tmp`;
  fs.mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  fs.rmSync(temporary, { force: true });
  const fd = fs.openSync(temporary, "wx", 0o600);
  try {
    fs.writeFileSync(fd, pem);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  try {
    fs.linkSync(temporary, file);
    return privateKey;
  } catch (error) {
    const theirs = codeOf(error) === "EEXIST" ? readKey(file, without) : null;
    if (theirs === null) throw error;
    return theirs;
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** A file that only its owner may read; anything wider is refused, since it may be known. */
export function readPrivate(file: string, what = "key"): string | null {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  const user = process.getuid?.();
  const open = user !== undefined && (stat.uid !== user || (stat.mode & 0o077) !== 0);
  if (!stat.isFile() || open) {
    throw new NanosError(
      "key.unsafe",
      `The ${what} ${file} is not a file that you alone can read.`,
      `If nobody else has read it: chmod 600 ${file}; otherwise replace it.`,
    );
  }
  return readPlain(file, LIMITS.storedBytes)?.toString("utf8") ?? null;
}
