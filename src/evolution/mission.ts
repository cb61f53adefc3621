import type { Rank } from "../contracts/action.ts";
import type { Review } from "../contracts/artifact.ts";
import type { Recorded } from "../contracts/drive.ts";
import type { EventBody } from "../contracts/event.ts";
import type { MissionStart, TaskEnded } from "../contracts/mission.ts";
import type { RunOutcome } from "../contracts/run.ts";
import type { Came } from "../contracts/stage.ts";
import { hashOf } from "../std/hash.ts";

/**
 * What one mission came to, from its own record. It is proven where it succeeded, nothing of it came
 * to less, and something stands behind it: a check that binds and was met, or the operator's yes to
 * an output, when it was to be accepted or in the vault afterwards. Nothing stands behind a check that
 * was let go, or that came with an agent's own plan; and a result the operator rejected proves
 * nothing, whatever was met.
 *
 * What was erased proves nothing, and an end that cannot be read is a failure: else erasing a
 * failure would raise a stage.
 */
export function cameTo(chain: Iterable<Recorded>, reviews: Reviews = new Map()): Came {
  return withReviews(ownOf(chain), reviews);
}

/** What a mission's own record shows, before the operator's words on its results, which may change. */
export type Own =
  | Came
  | {
      readonly counts: "by reviews";
      readonly rank: Rank;
      readonly key: string;
      /** True where a met check or a yes within the mission stands behind it. */
      readonly stands: boolean;
      /** Outputs of its tasks: the step that made each, and its hash. */
      readonly outputs: readonly (readonly [from: string, hash: string])[];
    };

export function ownOf(chain: Iterable<Recorded>): Own {
  const seen = readAll(chain);
  if (seen.start?.rehearsal) return { counts: "nothing", why: "rehearsal" };
  if (seen.start?.fork) return { counts: "nothing", why: "fork" };
  if (!seen.hasEnded) return { counts: "nothing", why: "open" };
  switch (seen.outcome) {
    case "degraded":
    case "cancelled":
      return { counts: "nothing", why: seen.outcome };
    case "succeeded":
      return ownOfSuccess(seen);
    default:
      return { counts: "failed" };
  }
}

/** The same with what the operator says of its results as of now. */
export function withReviews(own: Own, reviews: Reviews): Came {
  if (own.counts !== "by reviews") return own;
  const { rank, key, stands, outputs } = own;
  const said = outputs.flatMap(([from, hash]) => {
    const review = reviews.get(from);
    // Only what was said of exactly what the task came to.
    return review?.hash === hash ? [review.verdict] : [];
  });
  const isProven = !said.includes("rejected") && (stands || said.includes("approved"));
  return isProven ? { counts: "proven", rank, key } : UNPROVEN;
}

const UNPROVEN = { counts: "nothing", why: "unproven" } as const;

function ownOfSuccess({ rank, start, tasks, accepted }: Seen): Own {
  if (!rank || !start?.mission) return UNPROVEN;
  if (tasks.some(({ status }) => status === "failed" || status === "degraded")) return UNPROVEN;
  const checks = tasks.flatMap((task) => (task.status === "succeeded" ? task.checks : []));
  const binding = checks.filter(({ observe }) => observe !== true);
  if (binding.some(({ status }) => status === "missed" || status === "unknown")) return UNPROVEN;
  const { by } = start.mission;
  const stands = accepted || (by === "operator" && binding.some(({ status }) => status === "met"));
  const outputs = tasks.flatMap(({ from, output }) =>
    from === null || output === null ? [] : [[from, output] as const],
  );
  return { counts: "by reviews", rank, key: keyOf(start.mission), stands, outputs };
}

interface Seen {
  start: Extract<EventBody, { kind: "run.started" }> | null;
  rank: Rank | null;
  tasks: TaskEnded[];
  /** The operator said yes to an output. */
  accepted: boolean;
  hasEnded: boolean;
  /** Null where it cannot be read. */
  outcome: RunOutcome | null;
}

function readAll(chain: Iterable<Recorded>): Seen {
  const seen: Seen = {
    ...{ start: null, rank: null, tasks: [], accepted: false, hasEnded: false, outcome: null },
  };
  for (const { event, body } of chain) {
    if (event.kind === "run.ended") seen.hasEnded = true;
    if (body) note(seen, body);
  }
  return seen;
}

function note(seen: Seen, body: EventBody): void {
  if (body.kind === "run.started") seen.start = body;
  if (body.kind === "mission.started") seen.rank = body.rank;
  if (body.kind === "task.ended") seen.tasks.push(body);
  if (body.kind === "run.ended") seen.outcome = body.end.outcome;
  if (body.kind === "action.judged" && isAcceptance(body.decision)) seen.accepted = true;
}

/** The layer `accept` answers at that gate alone. */
function isAcceptance({
  verdict,
  reason,
  layers,
}: Extract<EventBody, { kind: "action.judged" }>["decision"]): boolean {
  const isAccept = layers.some(({ reason: said }) => said === "allow:checks_met");
  return isAccept && verdict === "allow" && reason === "allow:by_answer";
}

/** The operator's newest words on results, by the step that made them. */
export type Reviews = ReadonlyMap<string, { readonly hash: string } & Pick<Review, "verdict">>;

function keyOf({ hash, inputs }: MissionStart): string {
  return hashOf({ hash, inputs });
}
