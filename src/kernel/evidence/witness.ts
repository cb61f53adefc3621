import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { EvidenceKeys, Taken, TrustedKey } from "../../contracts/evidence.ts";
import {
  base64,
  cosignatureLine,
  keyOf,
  keyText,
  readKey,
  signedBy,
  type VerifierKey,
  withSignatures,
} from "../../journal/log/note.ts";
import { type Hash, isConsistent, same } from "../../journal/log/tree.ts";
import { note } from "../desk/note.ts";
import type { World } from "../world.ts";
import { checkpoint } from "./checkpoints.ts";
import { cosignedSize, lastSeen, readPoint, trustedKeys } from "./points.ts";

/**
 * Witnesses. A log that was rewritten whole, with its key, verifies by itself; only who saw it before
 * can tell. So another home signs its checkpoints: each must continue the newest it signed. Requests
 * and what comes of them are texts, as `tlog-witness` of C2SP has them, and travel as files.
 */
type Witnessing = Pick<World, "journal" | "log" | "witness" | "clock" | "alone">;

/** The request to a witness, or to the only one there is. */
export async function askWitness(world: Witnessing, name?: string, from?: number): Promise<string> {
  const { journal, log } = world;
  const old = from ?? cosignedSize(journal, chosen(journal, name));
  const point = readPoint(await checkpoint(journal, log));
  if (!point || old > point.size || old < 0) throw badRequest("it asks about more than there is");
  const proof = journal.log.consistency(old, point.size).map(base64);
  const lines = point.note.signatures.map(({ line }) => line);
  return [`old ${old}`, ...proof, "", point.note.text, ...lines, ""].join("\n");
}

function chosen(journal: World["journal"], name: string | undefined): VerifierKey {
  const witnesses = trustedKeys(journal, "cosignature");
  const found = name === undefined ? witnesses : witnesses.filter((key) => key.name === name);
  const [one] = found;
  if (one && found.length === 1) return one;
  if (one) {
    const message = "There are several witnesses.";
    throw new NanosError("witness.choose", message, `Name one: ${nameList(witnesses)}`);
  }
  throw new NanosError(
    "witness.unknown",
    name === undefined ? "This log has no witness yet." : `There is no witness ${name}.`,
    "Trust one by its key, which `nanos witness` shows there: nanos witness trust KEY",
  );
}

/** Signs what a request asks for, where it continues what was signed before. */
export async function cosign(world: Witnessing, request: string): Promise<string> {
  const { journal, clock, witness } = world;
  const { old, proof, point } = readRequest(request);
  const known = trustedKeys(journal, "note").filter((key) => key.name === point.origin);
  if (known.length === 0) throw unknownLog(point.origin);
  if (!known.some((key) => signedBy(point.note, key))) throw unsigned(point.origin);
  // What was seen and that it is signed now are one thing: nobody else signs in between.
  return world.alone(async () => {
    const last = lastSeen(journal, point.origin) ?? { size: 0, root: EMPTY };
    refuse(point, last, old, proof);
    const { origin, size, root } = point;
    await note(journal, { kind: "witness.signed", origin, size, root: base64(root) });
    const line = cosignatureLine(point.note.text, Math.floor(clock.now() / 1_000), witness);
    const lines = point.note.signatures.map((one) => one.line);
    return withSignatures(`${point.note.text}\n${lines.join("\n")}\n`, [line]);
  });
}

const EMPTY: Hash = new Uint8Array(32);

interface Seen {
  readonly size: number;
  readonly root: Hash;
}

/** Throws what is wrong with a log that should continue `last`. */
function refuse(
  point: Seen & { readonly origin: string },
  last: Seen,
  old: number,
  proof: readonly Hash[],
): void {
  const { origin, size } = point;
  if (size < last.size) {
    throw refused("truncated", origin, `has ${size} events now; ${last.size} were signed before`);
  }
  if (size === last.size && !same(point.root, last.root)) {
    throw refused("rewritten", origin, `is another one at the ${size} events that were signed`);
  }
  if (old !== last.size) {
    throw new NanosError(
      "witness.other_size",
      `The request is from ${old} events on; ${last.size} were signed last.`,
      `Make another one where the log is: nanos witness ask FILE --from ${last.size}`,
    );
  }
  if (!isConsistent(last, point, proof)) {
    throw refused("rewritten", origin, `does not continue the ${last.size} events signed before`);
  }
}

interface Request {
  readonly old: number;
  readonly proof: readonly Hash[];
  readonly point: NonNullable<ReturnType<typeof readPoint>>;
}

function readRequest(text: string): Request {
  const cut = text.indexOf("\n\n");
  const [head = "", ...lines] = text.slice(0, Math.max(0, cut)).split("\n");
  const [, old] = /^old (0|[1-9]\d{0,15})$/u.exec(head) ?? [];
  const point = readPoint(text.slice(cut + 2));
  if (old === undefined || point === null) throw badRequest("it is none of `nanos witness ask`");
  if (lines.length > MOST_PROOF) throw badRequest("its proof is too long");
  const proof = lines.map((line) => Buffer.from(line, "base64"));
  if (proof.some((hash, i) => hash.length !== 32 || base64(hash) !== lines[i])) {
    throw badRequest("its proof is damaged");
  }
  if (Number(old) > point.size) throw badRequest("it is from a size on that it does not have");
  return { old: Number(old), proof, point };
}

const MOST_PROOF = 63;

/** Keeps a checkpoint of this log with the signatures of its witnesses. */
export async function takeCosigned(world: Witnessing, text: string): Promise<Taken> {
  const { journal, log } = world;
  const point = readPoint(text);
  const isOurs =
    point !== null &&
    point.size <= journal.size() &&
    signedBy(point.note, keyOf(log, "note")) !== null &&
    same(point.root, journal.log.root(point.size));
  if (!isOurs) {
    throw new NanosError(
      "witness.not_ours",
      "It is no checkpoint of this log.",
      "Take the file that `nanos witness sign` wrote for this home.",
    );
  }
  const witnesses = trustedKeys(journal, "cosignature").filter((key) => signedBy(point.note, key));
  if (witnesses.length === 0) {
    throw new NanosError(
      "witness.nobody",
      "No witness you trust signed it.",
      "Trust the one that did by its key: nanos witness trust KEY",
    );
  }
  await note(journal, { kind: "log.cosigned", checkpoint: text });
  return { size: point.size, witnesses: witnesses.map(({ name }) => name) };
}

/** Trusts a key from now on. */
export async function trustKey(world: Pick<World, "journal">, text: string): Promise<TrustedKey> {
  const key = readKey(text.trim());
  if (key === null) {
    throw new NanosError(
      "witness.key",
      "It is no verifier key.",
      "A key is one word, as `nanos witness` shows it: NAME+ID+KEY",
    );
  }
  const many = trustedKeys(world.journal, key.type).length;
  if (many >= LIMITS.witnesses) {
    const message = `There are ${many} of them already, which is the limit.`;
    throw new NanosError("witness.limit", message, "Drop one first: nanos witness drop NAME");
  }
  await note(world.journal, { kind: "witness.trusted", key: keyText(key) });
  return trustedView(world, key);
}

/** Trusts a key no more. */
export async function dropKey(world: Pick<World, "journal">, name: string): Promise<void> {
  const found = allKeys(world).filter((key) => key.name === name);
  if (found.length === 0) {
    const next = `See them all: nanos witness`;
    throw new NanosError("witness.unknown", `There is no witness or log ${name}.`, next);
  }
  for (const key of found)
    await note(world.journal, { kind: "witness.dropped", key: keyText(key) });
}

/** This home's keys, and every key that is trusted with how far it is signed. */
export function keysOf(world: World): EvidenceKeys {
  const { log, witness, operatorKey } = world;
  return {
    log: keyText(keyOf(log, "note")),
    witness: keyText(keyOf(witness, "cosignature")),
    operator: operatorKey(),
    trusted: allKeys(world).map((key) => trustedView(world, key)),
  };
}

function allKeys({ journal }: Pick<World, "journal">): readonly VerifierKey[] {
  return [...trustedKeys(journal, "cosignature"), ...trustedKeys(journal, "note")];
}

function trustedView({ journal }: Pick<World, "journal">, key: VerifierKey): TrustedKey {
  const { name, type } = key;
  return type === "cosignature"
    ? { name, is: "witness", key: keyText(key), size: cosignedSize(journal, key) }
    : { name, is: "log", key: keyText(key), size: lastSeen(journal, name)?.size ?? 0 };
}

function nameList(keys: readonly VerifierKey[]): string {
  return keys.map(({ name }) => name).join(", ");
}

function badRequest(why: string): NanosError {
  return new NanosError(
    "witness.request",
    `The request cannot be read: ${why}.`,
    "Make one where the log is: nanos witness ask FILE",
  );
}

function unknownLog(origin: string): NanosError {
  return new NanosError(
    "witness.unknown_log",
    `The log ${origin} is not known here.`,
    "If you are to witness it, trust its key: nanos witness trust KEY",
  );
}

function unsigned(origin: string): NanosError {
  return new NanosError(
    "witness.unsigned",
    `The checkpoint is not signed by ${origin}.`,
    "Do not sign it; ask who made it.",
  );
}

function refused(how: "truncated" | "rewritten", origin: string, why: string): NanosError {
  return new NanosError(
    `witness.${how}`,
    `The log ${origin} was ${how}: it ${why}.`,
    "Do not rely on it; keep this request, it is the evidence.",
  );
}
