import { HOME_CHAIN } from "../contracts/chain.ts";
import type { Recorded } from "../contracts/drive.ts";
import type { StageName, TraitName } from "../contracts/stage.ts";
import type { Journal } from "../journal/journal.ts";
import type { Reviews } from "./mission.ts";

/** What the home's own chain says, up to one of its entries. */
export interface HomeSeen {
  /** The newest entry it was read to; 0 and empty where there is none. */
  readonly seq: number;
  readonly hash: string;
  /** The operator's newest words on results. */
  readonly reviews: Reviews;
  /** The stage that was noted last. */
  readonly stage: StageName;
  /** The newest word on each trait that was ever switched: on, or off. */
  readonly switched: ReadonlyMap<TraitName, boolean>;
  /** How often something was erased. */
  readonly erased: number;
}

/**
 * Reads the home's chain on from what is known of it, or whole where that is no part of it.
 *
 * @throws NanosError `journal.tampered`.
 */
export function homeIn(journal: Journal, known: HomeSeen | null): HomeSeen {
  const from = known?.seq ?? 0;
  const more = journal.chain(HOME_CHAIN, from)[Symbol.iterator]();
  if (known === null || from === 0) return readOn(NOTHING, rest(more));
  const first = more.next();
  const isOurs = first.done !== true && first.value.event.hash === known.hash;
  if (!isOurs) return homeIn(journal, null);
  const seen = readOn(known, rest(more));
  // What an erased entry had said counts no more, so that all is read again.
  return seen.erased === known.erased ? seen : homeIn(journal, null);
}

function* rest(more: Iterator<Recorded>): Generator<Recorded> {
  for (let next = more.next(); next.done !== true; next = more.next()) yield next.value;
}

const NOTHING: HomeSeen = {
  ...{ seq: 0, hash: "", erased: 0, stage: "DORMANT" },
  ...{ reviews: new Map(), switched: new Map() },
};

function readOn(known: HomeSeen, more: Iterable<Recorded>): HomeSeen {
  const reviews = new Map(known.reviews);
  const switched = new Map(known.switched);
  let { seq, hash, stage, erased } = known;
  for (const { event, body } of more) {
    ({ seq, hash } = event);
    if (event.kind === "body.erased") erased += 1;
    if (body?.kind === "stage.changed") stage = body.to;
    if (body?.kind === "trait.switched") switched.set(body.trait, body.on);
    if (body?.kind !== "artifact.reviewed") continue;
    const { artifact, review } = body;
    // What is put away was looked at before; that stands.
    if (review.verdict !== "archived") {
      reviews.set(artifact, { hash: body.hash, verdict: review.verdict });
    }
  }
  return { seq, hash, reviews, stage, switched, erased };
}
