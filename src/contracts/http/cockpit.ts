import { z } from "zod";
import { Decision, Rank, Verdict } from "../action.ts";
import { Grant } from "../config.ts";
import { Held, Tier } from "../isolation.ts";
import { JsonSchema } from "../json.ts";
import { Label } from "../label.ts";
import type { Candidate, Forgotten } from "../memory.ts";
import type { Simulation } from "../question.ts";
import { Rule } from "../rules.ts";
import { DayUse } from "../usage.ts";
import { UndoFile } from "../undo.ts";
import { Key } from "./key.ts";
import { Changes } from "./runs.ts";
import { Evolution, Trait, Verified } from "./status.ts";
import type { Shape } from "./wire.ts";

/** The way into the cockpit, as it goes over the network. */

/** The body of `POST /v1/seats`: the link the operator was shown, without what comes before it. */
export const SeatAsked = z.strictObject({ link: z.string().max(256) });
export type SeatAsked = z.infer<typeof SeatAsked>;

const Seat = z.strictObject({
  id: z.string(),
  /** Milliseconds since 1970. */
  at: z.number().int(),
  expires: z.number().int(),
});

/** A seat that was taken: one half of it is a cookie, the other is `proof`, told this once. */
export const SeatTaken = Seat.extend({ proof: z.string() });

/** `own`: true for the one it is asked from. */
export const SeatList = z.strictObject({ data: z.array(Seat.extend({ own: z.boolean() })) });
export const SeatLeft = z.strictObject({ id: z.string() });

const count = z.number().int();
const text = z.string();
const State = z.enum(["running", "waiting", "ended", "interrupted"]);

/** `GET /v1/workers`: what goes on now, and what of it is being done. */
export const WorkerList = z.strictObject({
  /** The sandbox programs run in here; null where there is none. */
  sandbox: Tier.nullable(),
  data: z.array(
    z.strictObject({
      ...{ run: text, agent: text, request: text, at: count, state: State },
      /** Steps that were begun and have not settled, those of delegated runs too. */
      doing: z.array(
        z.strictObject({
          ...{ step: text, kind: text, name: text, agent: text, at: count.nullable() },
          /** It waits for the operator. */
          waits: z.boolean(),
          /** What the call may use at most, where that was said when it was last done. */
          held: Held.nullable(),
        }),
      ),
    }),
  ),
});

const Note = z.strictObject({
  ...{ id: text, memory: text, text, hash: text, label: Label, byHand: z.boolean() },
});
const CandidateOut: Shape<Candidate> = z.strictObject({
  ...{ id: text, memory: text, text, source: text, conversation: text },
  ...{ at: count, seen: count, expires: count, passes: count },
});
export const Inbox = z.strictObject({ data: z.array(CandidateOut) });
export const Remembered = z.union([Note, CandidateOut]);
export const NoteShown = Note;
/** The body of `POST /v1/memory/{id}/forget`: with `rehearse` it only says what would go. */
export const Forgetting = z.strictObject({ rehearse: z.boolean().default(false) });
export type Forgetting = z.infer<typeof Forgetting>;
export const ForgottenShown: Shape<Forgotten> = z.strictObject({
  ...{ bodies: count, notes: z.array(text), left: z.array(text) },
});
/** The body of `POST /v1/memory/{id}/vouch`: the hash of the note as it was shown. */
export const Vouching = z.strictObject({ hash: text });
export type Vouching = z.infer<typeof Vouching>;

/** Keys for the network, with what was used of each. No secret is among it. */
export const KeyList = z.strictObject({
  data: z.array(Key.extend({ used: z.strictObject({ total: DayUse, day: DayUse }) })),
});

/** Something that was done, by its id. */
export const Done = z.strictObject({ id: text });

export const UndoShown = z.strictObject({
  of: text,
  files: z.array(UndoFile),
  changes: Changes,
  outward: z.array(
    z.strictObject({ ...{ step: text, kind: text, name: text, to: z.array(text) } }),
  ),
});
export const DiffOfArtifact = z.strictObject({
  from: text.nullable(),
  to: text,
  changes: Changes,
});

/** `GET /v1/arrangement`: who there is, and what holds them. */
export const ArrangementShown = z.strictObject({
  ...{ name: text.nullable(), hash: text, workspace: text, warnings: z.array(text) },
  agents: z.array(
    z.strictObject({
      ...{ name: text, description: text, kind: text, model: text, rank: Rank.nullable() },
      ...{ skills: z.array(text), tools: z.array(text), agents: z.array(text) },
    }),
  ),
  skills: z.array(
    z.strictObject({
      ...{ name: text, kind: text, description: text, state: text, hash: text.nullable() },
      ...{ agents: z.array(text), tools: z.array(text), may: z.array(text) },
      /** True where it is not what the yes was given to. */
      changed: z.boolean(),
    }),
  ),
  grants: z.array(Grant),
  rules: z.array(Rule),
  models: z.array(
    z.strictObject({
      ...{ name: text, adapter: text, model: text.nullable(), host: text.nullable() },
      ...{ from: text, inUse: z.boolean() },
    }),
  ),
  plans: z.array(text),
  commands: z.array(z.strictObject({ name: text, skill: text, description: text })),
});

export const ToolList = z.strictObject({
  data: z.array(
    z.strictObject({
      ...{ name: text, skill: text, kind: text, description: text, rank: text },
      ...{ scopes: z.array(text), agents: z.array(text) },
      /** Why it cannot be used. */
      failure: z.strictObject({ code: text, message: text }).nullable(),
    }),
  ),
});

/** The body of `POST /v1/can`. */
export const Asking = z.strictObject({ agent: text, tool: text, args: JsonSchema });
export type Asking = z.infer<typeof Asking>;
export const CanShown = z.strictObject({
  decision: Decision,
  explanation: z.array(text),
  /** Whether the operator would be asked. */
  asks: z.boolean(),
});

/** The body of `POST /v1/rules/simulate`: a rules file as it could be written. */
export const Simulating = z.strictObject({ rules: text });
export type Simulating = z.infer<typeof Simulating>;
export const Simulated: Shape<Simulation> = z.strictObject({
  ...{ judged: count, unknown: count, denied: count, asked: count, allowed: count },
  lines: z.array(
    z.strictObject({
      ...{ step: text, agent: text, name: text, was: Verdict, now: Verdict },
      rule: text.nullable(),
    }),
  ),
});

/** The body of `POST /v1/grants`: `hash` is that of the skill as it was shown. */
export const Granting = z.strictObject({
  ...{ skill: text, hash: text.nullable() },
  net: z.array(text).optional(),
  exec: z.array(text).optional(),
  read: z.array(text).optional(),
  /** Milliseconds since 1970. */
  until: count.optional(),
});
export type Granting = z.infer<typeof Granting>;
export { Grant as Granted };

/** `GET /v1/evolution`. */
export const EvolutionShown = z.strictObject({
  evolution: Evolution,
  traits: z.array(Trait),
  /** Stages as they were come to, oldest first. */
  stages: z.array(
    z.strictObject({
      ...{ at: count, seq: count, from: text, to: text },
      ...{ proven: count, failed: count, xp: count },
    }),
  ),
  /** The newest missions with what each came to. */
  missions: z.array(
    z.strictObject({
      ...{ run: text, plan: text, at: count },
      /** `proven`, `failed`, `broken`, or why it counts for nothing; null while it has not ended. */
      came: text.nullable(),
      rank: Rank.nullable(),
    }),
  ),
});
/** The body of `POST /v1/traits/{name}`. */
export const Switching = z.strictObject({ on: z.boolean() });
export type Switching = z.infer<typeof Switching>;
export const TraitShown = Trait;

/** `GET /v1/evidence`. */
export const EvidenceShown = z.strictObject({
  report: Verified,
  keys: z.strictObject({
    ...{ log: text, witness: text, operator: text },
    trusted: z.array(
      z.strictObject({ name: text, is: z.enum(["witness", "log"]), key: text, size: count }),
    ),
  }),
  /** The newest signed checkpoints, newest first. */
  checkpoints: z.array(z.strictObject({ seq: count, at: count, kind: text, checkpoint: text })),
});

/** `GET /v1/search?q=WORDS`. */
export const Found = z.strictObject({
  runs: z.array(z.strictObject({ run: text, agent: text, request: text, at: count, state: State })),
  missions: z.array(z.strictObject({ run: text, plan: text, at: count, state: State })),
  notes: z.array(z.strictObject({ id: text, memory: text, text })),
  artifacts: z.array(z.strictObject({ id: text, title: text, version: count, at: count })),
});
