import { createPublicKey } from "node:crypto";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Draft } from "../../contracts/event.ts";
import type { HomeKey } from "../../home/keys.ts";
import type { Journal } from "../../journal/journal.ts";
import { base64, signCheckpoint, type Signer } from "../../journal/log/note.ts";
import { note } from "../desk/note.ts";
import { topRun } from "../views/traces.ts";
import type { World } from "../world.ts";

/**
 * Signs the log when it matters: after every answer of the operator, at the end of every run, and
 * after so many events. A checkpoint is an event of the home chain, as it then is itself in the chain
 * and under the next checkpoint: who takes one away breaks both.
 */

/**
 * The journal, which is signed after what calls for it. A checkpoint is on disk when `append` returns.
 * What is on disk when one is begun is covered by it: runs that end together share one.
 */
export function withCheckpoints(journal: Journal, log: Signer): Journal {
  /** Events of this process since it last signed. */
  let since = 0;
  let newest = { size: 0, done: Promise.resolve() };
  const sign = (): Promise<void> => {
    const size = journal.size();
    // What was appended stands, signed or not: the next checkpoint covers it as well.
    const done = checkpoint(journal, log, size).then(nothing, nothing);
    newest = { size, done };
    return done;
  };
  return {
    ...journal,
    append: async (drafts) => {
      const events = await journal.append(drafts);
      since += events.length;
      if (since < LIMITS.checkpointEvents && !drafts.some(calls)) return events;
      since = 0;
      const { seq = 0 } = events.at(-1) ?? {};
      await (seq <= newest.size ? newest.done : sign());
      return events;
    },
  };
}

function nothing(): void {
  // There is nothing to be done with a checkpoint, nor with a failed one.
}

/** Signs all there is and writes it down; returns the signed note. */
export async function checkpoint(
  journal: Journal,
  log: Signer,
  size = journal.size(),
): Promise<string> {
  const signed = signCheckpoint({ size, root: journal.log.root(size) }, log);
  await note(journal, { kind: "log.checkpointed", checkpoint: signed }, "kernel");
  return signed;
}

/** The keys of a home as a world has them. */
export function signersOf({
  operator,
  log,
  witness,
}: {
  readonly operator: HomeKey;
  readonly log: HomeKey;
  readonly witness: HomeKey;
}): Pick<World, "sign" | "verify" | "operatorKey" | "log" | "witness"> {
  return {
    sign: operator.sign,
    verify: operator.verify,
    operatorKey: () => base64(rawKey(operator)),
    log: signerOf(log, "nanos-log"),
    witness: signerOf(witness, "nanos-witness"),
  };
}

/** A key of the home under the name it signs notes by, which follows from the key. */
export function signerOf(key: HomeKey, what: "nanos-log" | "nanos-witness"): Signer {
  const publicKey = (): Uint8Array => rawKey(key);
  return {
    get name() {
      return `${what}/${sha256(publicKey()).slice(0, 16)}`;
    },
    sign: key.sign,
    publicKey,
  };
}

function rawKey(key: HomeKey): Uint8Array {
  const spki = createPublicKey(key.publicKey()).export({ type: "spki", format: "der" });
  // The last 32 bytes are the key itself.
  return spki.subarray(-32);
}

function calls({ run, body }: Draft): boolean {
  switch (body.kind) {
    case "approval.answered":
    case "approval.given":
      return true;
    case "run.ended":
      return topRun(run) === run;
    default:
      return false;
  }
}
