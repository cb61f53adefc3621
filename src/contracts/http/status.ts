import { z } from "zod";
import { ERRORS } from "../cognition.ts";
import type { CognitionStatus } from "../cognition/reading.ts";
import { Label } from "../label.ts";
import { MemoryPolicy } from "../memory.ts";
import { STAGES, type Status, TRAITS, UNCOUNTED } from "../stage.ts";
import type { VerifyReport } from "../trace.ts";
import { DayLimit, DayUse } from "../usage.ts";
import type { Shape } from "./wire.ts";

/** How a home stands, as it goes over the network: what the library says, field by field. */

const count = z.number().int();
const id = z.string();
const percent = z.number();
const Tally = z.record(z.string(), z.number());
const StageName = z.enum(STAGES);

export const Trait = z.strictObject({
  trait: z.enum(TRAITS),
  from: StageName,
  reached: z.boolean(),
  on: z.boolean(),
  needs: z.string().nullable(),
  does: z.string(),
  where: z.string(),
  use: z.enum(["switched", "always"]),
});

export const Evolution = z.strictObject({
  stage: StageName,
  xp: z.number(),
  proven: count,
  failed: count,
  broken: count,
  /** 0 to 1. */
  rate: z.number(),
  uncounted: z.record(z.enum(UNCOUNTED), count),
  next: z
    .strictObject({
      ...{ stage: StageName, missions: count, rate: z.number() },
      missing: z.strictObject({ missions: count, byRate: z.boolean() }),
    })
    .nullable(),
});

const Operator = z.strictObject({
  interactions: count,
  missions: Tally,
  recent: z.array(z.strictObject({ plan: z.string(), at: count, came: z.string() })),
  waits: count,
  answers: z.strictObject({ allowed: count, denied: count }),
});

const Brier = z.number().nullable();

/** `GET /v1/nexusmon/organism/status`. */
export const StatusShown: Shape<Status> = z.strictObject({
  evolution: Evolution,
  traits: z.array(Trait),
  missions: z.strictObject({ waiting: count, open: count, outcomes: Tally }),
  operator: Operator,
  agents: z.array(z.string()),
  memory: z.strictObject({ enabled: z.boolean(), notes: count, candidates: count }),
  model: z.string().nullable(),
  sandbox: z.string().nullable(),
  spend: z.strictObject({ runs: count, tokens: count, cost: z.number(), unpriced: count }),
  day: z.strictObject({ limit: DayLimit, used: DayUse }).nullable(),
  foretold: z.strictObject({ noted: count, open: count, due: count, brier: Brier }).nullable(),
  schedules: z.strictObject({ states: Tally, passed: count }),
});

const some = <T>(first: z.ZodType<T>) => z.strictObject({ n: count, first: z.array(first) });
const Share = z.strictObject({
  n: count,
  hits: count,
  interval: z.tuple([z.number(), z.number()]).nullable(),
});
const Score = { settled: count, brier: Brier, baseline: z.number().nullable() };

const Predictions = z.strictObject({
  ...Score,
  ...{ noted: count, open: count, due: count, void: count, corrected: count, byMission: count },
  calibration: z.array(
    z.strictObject({ from: count, to: count, said: percent.nullable(), came: Share }),
  ),
  reads: z.enum(["fits", "overconfident", "underconfident"]).nullable(),
});

const Beliefs = z.strictObject({
  ...{ noted: count, links: count, revised: count },
  lowered: some(z.strictObject({ id, own: percent, held: percent })),
  conflicts: some(z.strictObject({ a: id, b: id, together: percent })),
});

const Attention = z.strictObject({
  ...{ since: count, runs: count, tokens: count },
  by: some(
    z.strictObject({
      ...{ agent: z.string(), runs: count, tokens: count, calls: count },
      ...{ modelMs: z.number(), toolMs: z.number() },
    }),
  ),
  asks: z.strictObject({ asked: count, answered: count, middleMs: z.number().nullable() }),
});

/** `GET /v1/cognition/status`. */
export const CognitionShown: Shape<CognitionStatus> = z.strictObject({
  predictions: Predictions,
  beliefs: Beliefs,
  sources: z.strictObject({
    tracked: count,
    first: z.array(z.strictObject({ ...Score, source: z.string(), right: Share })),
  }),
  autopsies: z.strictObject({
    ...{ decisions: count, open: count, hindsight: count, goodCameWell: Share, badCameWell: Share },
    classes: z.record(z.enum(["correct", "bad_luck", "lucky", "deserved"]), count),
  }),
  diary: z.strictObject({
    noted: count,
    better: z.record(z.enum(["yes", "no", "unsure"]), count),
    gone: z.array(
      z.strictObject({
        ...{ decision: id, was: z.string().nullable(), instead: z.string().nullable() },
      }),
    ),
  }),
  errors: z.strictObject({
    noted: count,
    by: z.array(z.strictObject({ error: z.enum(ERRORS), n: count })),
    dominant: z.enum(ERRORS).nullable(),
    shown: z.array(z.enum(ERRORS)),
  }),
  arguments: z.strictObject({
    ...{ noted: count, unchallenged: count, challenged: count, conceded: count },
    ...{ unbacked: count, unused: count },
  }),
  counters: z.strictObject({ noted: count, open: count, met: count, conceded: count }),
  ladder: z.strictObject({ rungs: count, general: count, height: count, fromOne: some(id) }),
  prerequisites: z.strictObject({ things: count, had: count, waiting: count, ready: some(id) }),
  causes: z.strictObject({ things: count, links: count, roots: some(id) }),
  retellings: z.strictObject({ told: count, overlap: percent.nullable() }),
  attention: Attention,
  ...{ unread: count, refused: count },
});

/** The body of `POST /v1/audit/verify`: one run, or everything where none is named. */
export const Verifying = z.strictObject({ run: z.string().optional() });
export type Verifying = z.infer<typeof Verifying>;

const verified = {
  ok: z.boolean(),
  ...{ events: count, chains: count, erased: count },
  ...{ checkpoints: count, unsigned: count, unwitnessed: count },
  bad: z.string().nullable(),
};
export const Verified: Shape<VerifyReport> = z.strictObject(verified);

/** `POST /v1/audit/verify`. */
export const Audited: Shape<VerifyReport & { readonly policy: PolicyShown | null }> =
  z.strictObject({
    ...verified,
    /** Of one run: the rules and routes it was judged by, and whether they are those of now. */
    policy: z
      .strictObject({
        now: z.string(),
        /** Each the run's steps were judged by, oldest first. */
        made: z.array(z.string()),
        same: z.boolean(),
      })
      .nullable(),
  });

interface PolicyShown {
  readonly now: string;
  readonly made: readonly string[];
  readonly same: boolean;
}

/** The newest checkpoint of the journal, for whoever keeps it elsewhere. */
export const CheckpointShown = z.strictObject({
  /** A signed note of `c2sp.org/tlog-checkpoint`, with the signatures of witnesses there are. */
  checkpoint: z.string(),
  /** The verifier key of the log it is signed by. */
  log: z.string(),
  /** Milliseconds since 1970. */
  at: count,
});

/** Notes, without where they lie on this machine. */
export const MemoryShown = z.strictObject({
  settings: z.strictObject({
    ...{ enabled: z.boolean(), capture: z.boolean(), policy: MemoryPolicy },
    /** Minutes. */
    ttl: count,
  }),
  notes: z.array(
    z.strictObject({
      ...{ id, memory: z.string(), text: z.string(), hash: z.string() },
      ...{ label: Label, byHand: z.boolean() },
    }),
  ),
});
