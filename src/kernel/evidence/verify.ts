import type { Recorded } from "../../contracts/drive.ts";
import type { Event } from "../../contracts/event.ts";
import type { Journal } from "../../journal/journal.ts";
import { readKey, signedBy, type VerifierKey } from "../../journal/log/note.ts";
import { same } from "../../journal/log/tree.ts";
import { readPoint } from "./points.ts";

/** What the checkpoints of a journal came to. */
export interface Signed {
  readonly checkpoints: number;
  /** Events under the newest checkpoint, and under the newest that a witness signed. */
  readonly size: number;
  readonly witnessed: number;
  /** Sentence naming the first bad one, with its place; null when all are good. */
  readonly bad: string | null;
}

/** Kinds of events that `verifyCheckpoints` is given. */
export const SIGNING: readonly string[] = ["log.checkpointed", "log.cosigned", "witness.trusted"];

/**
 * Every checkpoint against the events before it: signed by this home's key, made of exactly these
 * events, and where it says so signed by a witness. The tree is grown anew from the events, which
 * were verified before; no view takes part.
 */
export function verifyCheckpoints(
  journal: Journal,
  key: VerifierKey,
  events: readonly Event[],
): Signed {
  const found = events.map((event) => ({ event, body: journal.body(event) }));
  const witnesses = found.flatMap(({ body }) => {
    const trusted = body?.kind === "witness.trusted" ? readKey(body.key) : null;
    return trusted ?? [];
  });
  const points = found.flatMap((one) => pointOf(one) ?? []);
  const roots = journal.log.roots(points.flatMap(({ point }) => point?.size ?? []));
  const none = { checkpoints: points.length, size: 0, witnessed: 0 };
  for (const { event, point } of points) {
    const root = point ? roots.get(point.size) : undefined;
    const isMade = point !== null && root !== undefined && same(root, point.root);
    const other = isMade ? null : "is not made of the events before it";
    const why = faultOf({ event, point }, key, witnesses) ?? other;
    if (why === null) continue;
    const where = `event ${event.seq} of ${event.run}, hash ${event.hash}`;
    return { ...none, bad: `A checkpoint ${why} (${where})` };
  }
  const cosigned = points.filter(({ event }) => event.kind === "log.cosigned");
  return { ...none, size: newest(points), witnessed: newest(cosigned), bad: null };
}

interface Point {
  readonly event: Event;
  /** Null where it cannot be read. */
  readonly point: ReturnType<typeof readPoint>;
}

/** The checkpoint an event holds; null when it is of another kind. */
function pointOf({ event, body }: Recorded): Point | null {
  if (event.kind === "witness.trusted") return null;
  const isPoint = body?.kind === "log.checkpointed" || body?.kind === "log.cosigned";
  return { event, point: isPoint ? readPoint(body.checkpoint) : null };
}

/** What is wrong with a checkpoint by itself, or null. */
function faultOf(
  { event, point }: Point,
  key: VerifierKey,
  witnesses: readonly VerifierKey[],
): string | null {
  if (!point) return "cannot be read";
  if (point.origin !== key.name) return `is of another log, ${point.origin}`;
  if (!signedBy(point.note, key)) return "is not signed by this home's key";
  if (point.size >= event.seq) return "says it is newer than it is";
  if (event.kind === "log.checkpointed") return null;
  const isWitnessed = witnesses.some((one) => signedBy(point.note, one));
  return isWitnessed ? null : "is not signed by a witness that was trusted";
}

function newest(points: readonly Point[]): number {
  return Math.max(0, ...points.map(({ point }) => point?.size ?? 0));
}
