import type { Action, Decision } from "../contracts/action.ts";
import type { Draft } from "../contracts/event.ts";
import type { Label } from "../contracts/label.ts";
import type { Keeping } from "../contracts/memory.ts";
import type { AssistantMessage } from "../contracts/message.ts";
import type { Failure, Outcome } from "../contracts/outcome.ts";
import type { Ask } from "../contracts/run.ts";
import type { Scope } from "../contracts/scope.ts";
import type { Usage } from "../contracts/usage.ts";
import type { Standing } from "../gate/gate.ts";
import type { Process } from "../sandbox/sandbox.ts";
import { type Frame, draft } from "./frame.ts";

/** Something wanted, with what the gate must know about it and how it is done. */
export interface Want {
  readonly action: Action;
  /** What the tool declared, resolved; null for what is not a tool's doing. */
  readonly declared: readonly Scope[] | null;
  /** The skill is attached to the agent, or the tool or agent is on its list. */
  readonly attached: boolean;
  /** False when the agent's manifest lists tools or agents and this is none of them. */
  readonly listed?: boolean;
  /** The kind of process it needs; none where nothing is started. */
  readonly process?: Process;
  /** For a model call: what of the model it asks is looked at. */
  readonly model?: {
    readonly priced: boolean;
    readonly resting: boolean;
    /** Tokens it is sent, about. */
    readonly sends: number;
    /** False for one that answers in nothing that has tokens. */
    readonly answers?: false;
  };
  /** For a memory write: what it is judged by, found out when it is proposed. */
  readonly keeping?: () => Promise<Keeping>;
  /** What the operator named for this alone, beside what they said. */
  readonly named?: string;
  /** True when doing it again after a crash can do no harm. */
  readonly repeatable: boolean;
  /** True when doing it leaves no trace outside the run: all that a rehearsal does. */
  readonly inert?: boolean;
  /** True for what is done even where the run was stopped: it keeps what the run came to. */
  readonly last?: boolean;
  /** Label of what it would give back, for a rehearsal that does not do it. */
  readonly returns?: Label;
  /** Does it, and says how the step is settled. Throws `Waiting` when it cannot go on. */
  perform(one: Proposed): Promise<Draft>;
  /** Finds out whether an effect in doubt took place; null when that cannot be told. */
  readonly probe?: (one: Proposed) => Promise<boolean | null>;
  /** Rebuilds what the effect asked back for, while re-driving. */
  readonly nested?: (action: Action) => Want;
}

/** Thrown through a running effect when something inside it waits for the operator. */
export class Waiting extends Error {
  readonly asks: readonly Ask[];
  constructor(asks: readonly Ask[]) {
    super("waits for the operator");
    this.asks = asks;
  }
}

/** What came of a want, or that it waits for the operator. */
export type Acted =
  | {
      readonly status: "settled";
      readonly step: string;
      readonly outcome: Outcome;
      /** Of what came of it; null when that is the kernel's own word. */
      readonly label: Label | null;
      readonly ms: number;
    }
  | {
      readonly status: "answered";
      readonly step: string;
      readonly message: AssistantMessage;
      readonly finish: string;
      readonly failure: Failure | undefined;
      readonly usage: Usage | undefined;
      /** It broke off when something had arrived that nobody counted. */
      readonly uncounted: true | undefined;
      readonly ms: number;
    }
  | { readonly status: "waiting"; readonly asks: readonly Ask[] };

/** A want that was judged and recorded, on its way to its effect. */
export interface Proposed {
  readonly want: Want;
  readonly step: string;
  readonly parent: string | null;
  /** True when it was let through in an earlier process that did not settle it. */
  readonly begun: boolean;
  standing: Standing;
  decision: Decision;
  /** Hash of the newest judgement's event: what a delegated run's chain continues. */
  judged: string;
  /** Set when it cannot go on in this process, with the asks it waits for. */
  waits: readonly Ask[] | null;
  /** Set when something it asked back for before a crash or a wait cannot be closed yet. */
  open: readonly Ask[] | null;
  /** True when its tool's probe found the effect in place, so that it is not begun again. */
  found: boolean;
  /** How many asks this step has raised: part of each ask's id. */
  rounds: number;
  /** What it asked back for before a crash or a wait, and that must not be done twice. */
  readonly done: Done[];
}

/** Something a step asked back for, as canonical JSON, and what came of it. */
export interface Done {
  readonly wanted: string;
  readonly outcome: Outcome;
}

/** A call of what is nanos' own, which reaches nothing: what is left to say is its arguments. */
export function ownAction(
  { agent, label }: Pick<Frame, "agent" | "label">,
  name: string,
): Omit<Action, "args"> {
  return {
    ...{ gate: "call", kind: "tool", name, agent: agent.manifest.name },
    ...{ scopes: [], destinations: [], label },
  };
}

/** A decision as an action: where a request goes, that something begins, that it is accepted. */
export function decisionWant(
  frame: Frame,
  about: Pick<Action, "gate" | "kind" | "name" | "args"> & Partial<Action>,
): Want {
  return {
    action: {
      agent: frame.agent.manifest.name,
      scopes: [],
      destinations: [],
      label: frame.label,
      ...about,
    },
    declared: null,
    attached: true,
    repeatable: true,
    inert: true,
    perform: async ({ step }) =>
      draft(frame, step, "kernel", {
        kind: "action.settled",
        outcome: { status: "done", output: null },
        ms: 0,
      }),
  };
}
