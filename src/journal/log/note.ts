import { createPublicKey, verify } from "node:crypto";
import { sha256Bytes } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Hash, Tree } from "./tree.ts";

/**
 * Checkpoints as text, in the forms of C2SP: `signed-note` (text, an empty line, a line for each
 * signature), `tlog-checkpoint` (origin, size, root) and `tlog-cosignature` (a witness's signature with
 * its time). What a stranger gets is read strictly: one writing of each thing, and no other.
 */

/** A key that signs notes. `sign` gives base64 over the UTF-8 text; the public half has 32 bytes. */
export interface Signer {
  readonly name: string;
  sign(text: string): string;
  publicKey(): Uint8Array;
}

/** A verifier key, `NAME+ID+KEY`: a log's (`note`) or a witness's (`cosignature`). */
export interface VerifierKey {
  readonly name: string;
  readonly type: KeyType;
  readonly publicKey: Uint8Array;
}

export type KeyType = "note" | "cosignature";

export interface Checkpoint extends Tree {
  /** Name of the log. */
  readonly origin: string;
}

/** A note taken apart. Its signatures are not checked yet. */
export interface Note {
  /** With its last newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteSignature {
  readonly name: string;
  /** Number of the key, four bytes as hex. */
  readonly id: string;
  readonly bytes: Uint8Array;
  /** The whole line, without its newline. */
  readonly line: string;
}

/** A checkpoint, signed by its log. */
export function signCheckpoint({ size, root }: Tree, log: Signer): string {
  const text = `${log.name}\n${size}\n${base64(root)}\n`;
  return `${text}\n${signatureLine(keyOf(log, "note"), decoded(log.sign(text)))}\n`;
}

/** The line by which a witness says that it saw this checkpoint continue all it saw before. */
export function cosignatureLine(text: string, seconds: number, witness: Signer): string {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  const signature = decoded(witness.sign(cosigned(text, String(seconds))));
  return signatureLine(keyOf(witness, "cosignature"), Buffer.concat([time, signature]));
}

/** The note with more signature lines, each once. */
export function withSignatures(note: string, lines: readonly string[]): string {
  const { signatures = [] } = readNote(note) ?? {};
  const fresh = lines.filter((line) => !signatures.some((known) => known.line === line));
  return note + fresh.map((line) => `${line}\n`).join("");
}

/** The public half of a key, for notes or for cosignatures. */
export function keyOf(signer: Signer, type: KeyType): VerifierKey {
  return { name: signer.name, type, publicKey: signer.publicKey() };
}

/** The key as it is given to whoever verifies. */
export function keyText(key: VerifierKey): string {
  return `${key.name}+${idOf(key)}+${base64(material(key))}`;
}

/** The key in a text, or null when it is none. */
export function readKey(text: string): VerifierKey | null {
  const [name = "", id, encoded = "", ...rest] = text.split("+");
  // Base64 has plus signs of its own.
  const bytes = decoded([encoded, ...rest].join("+"));
  const type = (Object.keys(TYPES) as KeyType[]).find((one) => TYPES[one] === bytes[0]);
  if (name === "" || /\s/u.test(name) || type === undefined || bytes.length !== 33) return null;
  const key = { name, type, publicKey: bytes.subarray(1) };
  return idOf(key) === id && keyText(key) === text ? key : null;
}

/** A note, or null when it is none. */
export function readNote(note: string): Note | null {
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n") || note.length > LIMITS.noteTextChars) return null;
  const lines = note.slice(end + 2, -1).split("\n");
  if (lines.length > LIMITS.noteSignatures) return null;
  const signatures = lines.map(readSignature);
  return signatures.includes(null)
    ? null
    : { text: note.slice(0, end + 1), signatures: signatures as NoteSignature[] };
}

function readSignature(line: string): NoteSignature | null {
  const [, name, encoded] = /^\u2014 (\S+) ([A-Za-z0-9+/]+=*)$/u.exec(line) ?? [];
  const bytes = decoded(encoded ?? "");
  if (name === undefined || bytes.length < 5 || base64(bytes) !== encoded) return null;
  return { name, id: bytes.toString("hex", 0, 4), bytes: bytes.subarray(4), line };
}

/** What the text of a note says, or null when it is no checkpoint. */
export function readCheckpoint(text: string): Checkpoint | null {
  const [, origin, size, encoded] =
    /^([^\n]+)\n(0|[1-9]\d{0,15})\n([^\n]{44})\n$/u.exec(text) ?? [];
  const root = decoded(encoded ?? "");
  if (origin === undefined || root.length !== 32 || base64(root) !== encoded) return null;
  return Number.isSafeInteger(Number(size)) ? { origin, size: Number(size), root } : null;
}

/** The line that this key signed the note by, when one did; a witness's with its time in seconds. */
export function signedBy(
  { text, signatures }: Note,
  key: VerifierKey,
): { readonly line: string; readonly seconds: number | null } | null {
  const id = idOf(key);
  const own = signatures.filter((one) => one.name === key.name && one.id === id);
  for (const { bytes, line } of own) {
    if (key.type === "note") {
      return isSignature(key, text, bytes) ? { line, seconds: null } : null;
    }
    if (bytes.length !== 72) return null;
    const time = Buffer.from(bytes).readBigUInt64BE();
    if (time > BigInt(Number.MAX_SAFE_INTEGER)) return null;
    const isGood = isSignature(key, cosigned(text, String(time)), bytes.subarray(8));
    return isGood ? { line, seconds: Number(time) } : null;
  }
  return null;
}

function isSignature({ publicKey }: VerifierKey, text: string, signature: Uint8Array): boolean {
  const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey).toString("base64url") };
  const key = createPublicKey({ key: jwk, format: "jwk" });
  return signature.length === 64 && verify(null, Buffer.from(text), key, signature);
}

function cosigned(text: string, seconds: string): string {
  return `cosignature/v1\ntime ${seconds}\n${text}`;
}

function signatureLine(key: VerifierKey, signature: Uint8Array): string {
  const id = Buffer.from(idOf(key), "hex");
  return `\u2014 ${key.name} ${base64(Buffer.concat([id, signature]))}`;
}

const TYPES: Readonly<Record<KeyType, number>> = { note: 1, cosignature: 4 };

function material({ type, publicKey }: VerifierKey): Uint8Array {
  return Buffer.concat([Buffer.from([TYPES[type]]), publicKey]);
}

function idOf(key: VerifierKey): string {
  const named = Buffer.concat([Buffer.from(`${key.name}\n`), material(key)]);
  return Buffer.from(sha256Bytes(named)).toString("hex", 0, 4);
}

/** Standard base64 of some bytes. */
export function base64(bytes: Hash): string {
  return Buffer.from(bytes).toString("base64");
}

function decoded(text: string): Buffer {
  return Buffer.from(text, "base64");
}
