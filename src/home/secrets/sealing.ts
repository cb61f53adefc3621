import { createCipheriv, createDecipheriv, scrypt } from "node:crypto";
import type { Random } from "../../std/random.ts";

/**
 * Sealing with AES-256-GCM. What is sealed is bound to a name and to where it may go, so that
 * whoever can write the file can neither swap two values nor send one elsewhere.
 */

const NONCE = 12;
const TAG = 16;

/** What a value is bound to. */
export interface Bound {
  readonly name: string;
  readonly hosts: readonly string[];
}

/** Base64 of nonce, sealed text and tag. */
export function seal(key: Buffer, text: string, bound: Bound, random: Random): string {
  const nonce = Buffer.from(random.hex(NONCE), "hex");
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad(bound));
  return (
    Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()])
      // One spelling: a value is compared as text.
      .toString("base64")
  );
}

/** The text; null when the key is another one, or anything of it was changed. */
export function unseal(key: Buffer, sealed: string, bound: Bound): string | null {
  const bytes = Buffer.from(sealed, "base64");
  if (bytes.length < NONCE + TAG) return null;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE));
  decipher.setAAD(aad(bound)).setAuthTag(bytes.subarray(-TAG));
  try {
    const text = decipher.update(bytes.subarray(NONCE, -TAG));
    return Buffer.concat([text, decipher.final()]).toString("utf8");
  } catch {
    return null;
  }
}

function aad({ name, hosts }: Bound): Buffer {
  return Buffer.from(JSON.stringify(["nanos.secret.v1", name, ...hosts]));
}

/** The key a passphrase stands for. Takes 128 MiB and some tenths of a second, by intention. */
export function keyOf(passphrase: string, salt: string, cost: number): Promise<Buffer> {
  const how = { N: cost, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    const text = passphrase.normalize("NFC");
    scrypt(text, Buffer.from(salt, "hex"), 32, how, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
