import { z } from "zod";
import { Action, Decision, Rank } from "./action.ts";
import { Grant } from "./config.ts";
import { ArtifactReviewed } from "./artifact.ts";
import { THOUGHT_EVENTS } from "./cognition.ts";
import { JsonSchema } from "./json.ts";
import { Mission, Signal } from "./engine.ts";
import { EVIDENCE_EVENTS } from "./evidence.ts";
import { Held, Tier } from "./isolation.ts";
import { KEY_EVENTS } from "./http/key.ts";
import { Wish } from "./http/wish.ts";
import { Label } from "./label.ts";
import { AssistantMessage, GivenImage, Message } from "./message.ts";
import { MISSION_EVENTS, MissionStart, PlanMost, STAGE_EVENTS } from "./mission.ts";
import { ChosenModel, ModelCard } from "./model.ts";
import { Failure, Outcome } from "./outcome.ts";
import { Answer, Ask, RunEnd } from "./run.ts";
import { RunSchedule, SCHEDULE_EVENTS } from "./schedule.ts";
import { Scope } from "./scope.ts";
import { RunEvent } from "./skill.ts";
import { KEEPERS } from "./secret.ts";
import { Budget, Day, Spent, Usage } from "./usage.ts";

/**
 * One journal entry, as it is hashed and stored for ever. What happened is in the body, which lies
 * beside it under a salted digest and can be erased without breaking the chain.
 * `hash` is SHA-256 over the canonical JSON of all the other fields.
 */
export const Event = z.strictObject({
  v: z.literal(1),
  /** Global order in this home, from 1, without gaps. */
  seq: z.number().int().positive(),
  /** The chain it belongs to: a run's id, or `home` for what belongs to no run. */
  run: z.string(),
  /** The action it belongs to, `RUN.N`; null for events about the run itself. */
  step: z.string().nullable(),
  /** Milliseconds since 1970. */
  at: z.number().int(),
  /** `operator`, `kernel`, `agent:NAME`, `tool:NAME` or `model:NAME`. */
  actor: z.string(),
  kind: z.string(),
  /** Hash of the policy in force; null where none was. */
  policy: z.string().nullable(),
  /** The isolation really applied; null where nothing ran. */
  isolation: Tier.nullable(),
  label: Label.nullable(),
  body: z.strictObject({
    /** Salted SHA-256 of the canonical body. */
    digest: z.string(),
    /** Length of the canonical body in UTF-8 bytes. */
    bytes: z.number().int(),
  }),
  /** Hash of the entry before it in the same chain; 64 zeros for the first of a root chain. */
  prev: z.string(),
  hash: z.string(),
});
export type Event = z.infer<typeof Event>;

/** What is asked to be appended: an event without what the journal adds. */
export interface Draft {
  readonly run: string;
  readonly step: string | null;
  readonly actor: string;
  readonly policy: string | null;
  readonly isolation: z.infer<typeof Tier> | null;
  readonly label: Label | null;
  /** Milliseconds since 1970, where the time itself was an input; else the journal's clock. */
  readonly at?: number;
  readonly body: EventBody;
}

/**
 * The bodies, by kind. Adding a kind is adding a variant here; every exhaustive switch then stops
 * compiling until it is handled. A kind is never changed once released, and an unknown kind (from
 * a newer version) is shown as it is and never fatal.
 */
export const EventBody = z.discriminatedUnion("kind", [
  // A run, from request to end.
  z.strictObject({
    kind: z.literal("run.started"),
    agent: z.string(),
    request: z.string(),
    /** The one call the operator made directly, with no agent between. */
    call: z
      .strictObject({
        tool: z.string(),
        args: JsonSchema,
        /** Stored secrets whose values stood in the arguments. */
        secrets: z.array(z.string()).optional(),
      })
      .optional(),
    /** The turns of the conversation before this run, by run id, oldest first. */
    after: z.array(z.string()),
    /** Tokens it has for what calls of those turns came to; without it, it was given words alone. */
    results: z.number().int().optional(),
    /** Images that came with the request. */
    images: z.array(GivenImage).optional(),
    /** The step that delegated to this run. */
    parent: z
      .strictObject({
        run: z.string(),
        step: z.string(),
        hash: z.string(),
        depth: z.number().int(),
      })
      .optional(),
    /**
     * The run it was forked from: its steps before this one, and its newest entry among them. The
     * chain goes on from that entry, and the numbers of the steps from this one.
     */
    fork: z.strictObject({ run: z.string(), step: z.string(), hash: z.string() }).optional(),
    /** The operator's own words, where they are not the request: a command, or a delegated run. */
    said: z.string().optional(),
    /** The skill's command the request is made of. */
    command: z.strictObject({ skill: z.string(), name: z.string() }).optional(),
    /** The prompt of a server the request stands for, with what it is filled with. */
    prompt: z.strictObject({ tool: z.string(), args: JsonSchema }).optional(),
    /** What began it, where that was no person: a subscription of a skill. */
    event: RunEvent.optional(),
    /** Who asked, where that was not the operator: `mcp`, `key:ID`. Nothing said is the operator's. */
    client: z.string().optional(),
    earlier: z.array(Message).optional(), // the conversation before it, as that client holds it
    /** What came after the request: calls of the client's own tools, and what it says came of them. */
    since: z.array(Message).optional(),
    /** What that client brings beside its words. */
    wish: Wish.optional(),
    /** The schedule whose time began it. */
    schedule: RunSchedule.optional(),
    /** The plan it follows: what comes next is the plan's to say, and no model's. */
    mission: MissionStart.optional(),
    /** Memories a delegated run may look into at most: those its parent may, and its own. */
    memories: z.array(z.string()).optional(),
    /** True for one that reads for another and answers by schema: it has no memory. */
    reader: z.boolean().optional(),
    /** Present where its agent may hand in plans: the most a mission may then use, where that is said. */
    plans: PlanMost.optional(),
    /** True for one whose answer names its evidence: results say what they can be named by. */
    proves: z.boolean().optional(),
    model: ChosenModel,
    /** True where it goes by the model in use, whichever that becomes. */
    follows: z.literal(true).optional(),
    /** The folder its relative scopes resolve against. */
    workspace: z.string(),
    /** Present where that is a copy of this folder, made for the run and gone with it; of its branch. */
    tree: z.strictObject({ from: z.string(), branch: z.string().optional() }).optional(),
    /** How the operator works here, as the oracle is told. */
    companion: z.string().optional(),
    /** The operator's date when it began, `2026-11-21`. */
    today: z.string(),
    /** Ids of the rules in force, and of those among them that hold only in some tasks, not here. */
    rules: z.array(z.string()),
    aside: z.array(z.string()).optional(),
    /** Hash of the facts the run is judged by (arrangement, tools, rules), kept in the vault. */
    facts: z.string(),
    grants: z.array(Grant),
    budget: Budget,
    localOnly: z.boolean(),
    /** The most it may reach, with all it delegates to; whatever is declared, where nothing is said. */
    within: z.array(Scope).optional(),
    /** Tools that agents above it may not use. */
    without: z.array(z.string()).optional(),
    /** The least rank of what it does, as a manifest of an agent above it says. */
    floor: z.strictObject({ rank: Rank, by: z.string() }).optional(),
    /** True when an operator is at hand to be asked in the terminal. */
    attended: z.boolean(),
    /** Ids of yeses given beforehand that this run may use. */
    approvals: z.array(z.string()).optional(),
    /** Every effect is withheld: the run is there to show what it would ask. */
    rehearsal: z.literal(true).optional(),
    version: z.string(),
  }),
  z.strictObject({
    kind: z.literal("run.waiting"),
    asks: z.array(Ask),
    /** Names of signals that take it on as well. */
    signals: z.array(z.string()).optional(),
    /** When it goes on by itself, in milliseconds since 1970. */
    until: z.number().int().optional(),
  }),
  z.strictObject({ kind: z.literal("run.resumed"), by: z.string() }),
  /** The operator changed grants or the model while the run was going on; from this step on. */
  z.strictObject({
    kind: z.literal("standing.changed"),
    grants: z.array(Grant),
    /** The model that is asked from now on, where it is another one. */
    model: ChosenModel.optional(),
  }),
  z.strictObject({ kind: z.literal("run.ended"), end: RunEnd }),

  // An action: proposed and judged before its effect, settled after it.
  /** `spent` is what the run had used when it was proposed. */
  z.strictObject({
    kind: z.literal("action.proposed"),
    action: Action,
    spent: Spent,
    /** How the day stood, where the home has a limit for one. */
    day: Day.optional(),
  }),
  z.strictObject({ kind: z.literal("action.judged"), decision: Decision }),
  /** Begun before a crash or a wait, and nothing says what came of it. */
  z.strictObject({
    kind: z.literal("action.in_doubt"),
    /** What its tool's probe said: whether the effect took place; absent when none said anything. */
    probed: z.boolean().optional(),
    /** True when doing it again can do no harm; else the operator is asked. */
    repeat: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal("action.settled"),
    outcome: Outcome,
    /** Milliseconds the effect took. */
    ms: z.number().int(),
    /** What the process that did it was held to; absent where none was started. */
    held: Held.optional(),
  }),
  /** A model call's outcome; its message joins the conversation, also when it is incomplete. */
  z.strictObject({
    kind: z.literal("model.answered"),
    message: AssistantMessage,
    finish: z.string(),
    /** Set when it failed or was stopped; the message is then what had arrived. */
    failure: Failure.optional(),
    usage: Usage.optional(),
    /** It broke off when something had arrived that nobody counted: what it cost is not known. */
    uncounted: z.literal(true).optional(),
    /** The provider's own name of the model, when it said one. */
    model: z.string().optional(),
    ms: z.number().int(),
  }),

  /** What was done about a failure, and why: another model is asked in its place. */
  z.strictObject({
    kind: z.literal("recovery.taken"),
    how: z.literal("fallback"),
    from: z.string(),
    to: z.string(),
    why: Failure,
  }),

  // A run that follows a plan.
  ...MISSION_EVENTS,

  /** The conversation grew too long for the model: what the next calls leave out of it. */
  z.strictObject({
    kind: z.literal("context.cut"),
    model: z.string(),
    /** Messages left out, of all there are. */
    left: z.number().int(),
    of: z.number().int(),
    /** Tokens the rest is thought to have, and the model's window. */
    tokens: z.number().int(),
    window: z.number().int(),
  }),

  /** The model is offered these of the tools there are, as many as it calls right. */
  z.strictObject({
    kind: z.literal("tools.chosen"),
    model: z.string(),
    names: z.array(z.string()),
    /** Tools there are, and how many it is offered at most. */
    of: z.number().int(),
    most: z.number().int(),
  }),

  /** The step goes on at this time, whatever happens to the process meanwhile. */
  z.strictObject({ kind: z.literal("timer.set"), until: z.number().int() }),

  // Asks and answers.
  z.strictObject({ kind: z.literal("approval.asked"), ask: Ask }),
  /** On the home chain, when the operator answers; on the run's chain, when the answer is used. */
  z.strictObject({ kind: z.literal("approval.answered"), ask: Ask, answer: Answer }),
  z.strictObject({ kind: z.literal("approval.used"), id: z.string(), answer: Answer }),
  z.strictObject({ kind: z.literal("approval.expired"), id: z.string() }),
  /** On the home chain: a yes given before it is asked for, and an answer taken back unused. */
  z.strictObject({ kind: z.literal("approval.given"), answer: Answer }),
  z.strictObject({ kind: z.literal("approval.revoked"), id: z.string(), by: z.string() }),

  // What belongs to no run: the home chain.
  z.strictObject({ kind: z.literal("home.created"), version: z.string() }),
  z.strictObject({
    kind: z.literal("arrangement.applied"),
    from: z.string(),
    hash: z.string(),
    files: z.array(z.string()),
  }),
  z.strictObject({ kind: z.literal("trust.given"), dir: z.string(), hash: z.string() }),
  z.strictObject({
    kind: z.literal("grant.given"),
    skill: z.string(),
    scopes: z.array(Scope),
    /** Hash of the skill; null for what is no skill. */
    hash: z.string().nullable(),
    expires: z.number().int().optional(),
    /** The one run it is for. */
    run: z.string().optional(),
    /** What was seen, in the vault. */
    seen: z.string().optional(),
    /** It may run held by nothing, made of what has this hash. */
    unconfined: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal("grant.revoked"),
    skill: z.string(),
    scopes: z.array(Scope),
    /** The one agent it was taken from. */
    agent: z.string().optional(),
  }),
  /** The operator changed which skills there are, or which agent has one. */
  z.strictObject({
    kind: z.literal("skill.changed"),
    change: z.enum(["installed", "removed", "attached", "detached"]),
    skill: z.string(),
    /** Over its files; null for what has none. */
    hash: z.string().nullable(),
    agent: z.string().optional(),
    /** Where it was installed from. */
    from: z.string().optional(),
    /** Codes of what was found in its texts and installed all the same. */
    findings: z.array(z.string()).optional(),
  }),
  z.strictObject({ kind: z.literal("model.chosen"), name: z.string(), adapter: z.string() }),
  z.strictObject({
    kind: z.literal("secret.stored"),
    name: z.string(),
    hosts: z.array(z.string()),
    kept: z.enum(KEEPERS),
  }),
  z.strictObject({ kind: z.literal("secret.removed"), name: z.string() }),
  z.strictObject({
    kind: z.literal("model.probed"),
    name: z.string(),
    /** Hash of the config it had. */
    config: z.string(),
    card: ModelCard,
    /** The runs that measured it. */
    runs: z.array(z.string()),
  }),
  /** A note that nobody recorded was found: written or changed by hand. */
  z.strictObject({
    kind: z.literal("memory.noticed"),
    memory: z.string(),
    id: z.string(),
    hash: z.string(),
  }),
  /** The operator stands behind a note that was written or changed by hand, as it was then. */
  z.strictObject({
    kind: z.literal("memory.vouched"),
    memory: z.string(),
    id: z.string(),
    hash: z.string(),
  }),
  z.strictObject({ kind: z.literal("memory.rejected"), id: z.string() }),
  /** What was kept under this name is gone: file, candidate, and the bodies that held its words. */
  z.strictObject({ kind: z.literal("memory.forgotten"), id: z.string() }),
  // What carries missions, on the home chain as well.
  z.strictObject({
    kind: z.literal("engine.submitted"),
    mission: Mission,
    /** The engine it was given to; absent for that of this machine. */
    engine: z.string().optional(),
  }),
  /** Another engine carries it from here on; what is in this home is a copy up to its last wait. */
  z.strictObject({ kind: z.literal("engine.moved"), run: z.string(), to: z.string() }),
  ...KEY_EVENTS,
  /** Only the first of its name counts. */
  z.strictObject({ kind: z.literal("engine.signalled"), run: z.string(), signal: Signal }),
  /** It can't go on as it is; what it needs is in `why`. */
  z.strictObject({ kind: z.literal("engine.blocked"), run: z.string(), why: Failure }),
  ...SCHEDULE_EVENTS,
  ...EVIDENCE_EVENTS,
  ArtifactReviewed,
  ...STAGE_EVENTS,
  ...THOUGHT_EVENTS,
  z.strictObject({ kind: z.literal("run.cancel_requested"), run: z.string(), by: z.string() }),
  z.strictObject({ kind: z.literal("body.erased"), hash: z.string(), why: z.string() }),
]);
export type EventBody = z.infer<typeof EventBody>;
/** The body of `run.started`: all that a run begins with. */
export type ActionProposed = Extract<EventBody, { kind: "action.proposed" }>;
export type RunStarted = Extract<EventBody, { kind: "run.started" }>;
