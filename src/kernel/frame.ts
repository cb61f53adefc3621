import type { Answer } from "../contracts/run.ts";
import type { Drive } from "../contracts/drive.ts";
import type { Draft, EventBody } from "../contracts/event.ts";
import type { Decision } from "../contracts/action.ts";
import type { AgentManifest } from "../contracts/agent.ts";
import type { Grant } from "../contracts/config.ts";
import type { Label } from "../contracts/label.ts";
import type { Message } from "../contracts/message.ts";
import type { Budget, Spent } from "../contracts/usage.ts";
import { OPERATOR_LABEL } from "../gate/labels.ts";
import type { Facts, Hooks, World } from "./world.ts";

/**
 * One agent working on one request: everything the kernel keeps in mind while a run goes on.
 * All of it follows from the recorded events, so re-driving builds the same frame again.
 */
export interface Frame {
  readonly drive: Drive;
  /** The live parts; null in a replay, where nothing real is reached. */
  readonly world: World | null;
  readonly facts: Facts;
  /** Hash the facts are kept under. */
  readonly factsHash: string;
  readonly hooks: Hooks;
  readonly agent: { readonly manifest: AgentManifest; readonly prompt: string };
  readonly model: { readonly name: string; readonly host: string | null; readonly priced: boolean };
  /** The operator's own words in this run and the conversation before it. */
  readonly said: string;
  /** The operator's date, `2026-11-21`. */
  readonly today: string;
  readonly budget: Budget;
  /** 0 for the agent the operator talks to. */
  readonly depth: number;
  readonly localOnly: boolean;
  readonly system: string;
  readonly messages: Message[];
  /** Hash over the messages so far: evidence of what a model was sent. */
  digest: string;
  /** Hashes of the system text and the tools the model was last given. */
  given: string;
  grants: readonly Grant[];
  spent: Spent;
  readonly usage: { input: number; output: number; cached: number };
  /** Join of all that is in the conversation. */
  label: Label;
  /** Answers that hold for the rest of the run, by ask key. */
  answers: ReadonlyMap<string, Answer>;
  /** Answers that hold for one step and what it asks back for. */
  readonly stepAnswers: Map<string, ReadonlyMap<string, Answer>>;
  /** Hash of each step's newest judgement: what a delegated run's chain continues. */
  readonly heads: Map<string, string>;
  steps: number;
  readonly nested: Map<string, number>;
  asks: number;
  /** Tool calls and delegations: what a person counts as calls. */
  calls: number;
  readonly hosts: Set<string>;
  readonly files: Map<string, string>;
  /** Steps whose stage may still be there: kept until the end of the run is on disk. */
  readonly stages: Set<string>;
  readonly decisions: Decision[];
  /** Per tool: whether any of its calls came to something, and whether the gate stopped one. */
  readonly tried: Map<string, { done: number; failed: number; denied: number; degraded: number }>;
}

export const NOTHING_SPENT: Spent = {
  turns: 0,
  calls: 0,
  tokens: 0,
  ms: 0,
  cost: 0,
  unpriced: false,
};

/** A frame at the start of its run. */
export function newFrame(
  given: Pick<
    Frame,
    | "drive"
    | "world"
    | "facts"
    | "factsHash"
    | "hooks"
    | "agent"
    | "model"
    | "said"
    | "today"
    | "budget"
    | "depth"
    | "localOnly"
    | "system"
    | "grants"
  > & { readonly label?: Label },
): Frame {
  return {
    ...given,
    messages: [],
    digest: "",
    given: "",
    spent: NOTHING_SPENT,
    usage: { input: 0, output: 0, cached: 0 },
    label: given.label ?? OPERATOR_LABEL,
    answers: new Map(),
    stepAnswers: new Map(),
    heads: new Map(),
    steps: 0,
    nested: new Map(),
    asks: 0,
    calls: 0,
    hosts: new Set(),
    files: new Map(),
    stages: new Set(),
    decisions: [],
    tried: new Map(),
  };
}

/** The name actions of the operator's own (`nanos tool call`) go under; no agent can have it. */
export const OPERATOR = "operator";

/** The id of the frame's next step: `RUN.N`, or `STEP.N` for what a running step asks back for. */
export function nextStep(frame: Frame, parent: string | null): string {
  if (parent === null) {
    frame.steps += 1;
    return `${frame.drive.run}.${frame.steps}`;
  }
  const n = (frame.nested.get(parent) ?? 0) + 1;
  frame.nested.set(parent, n);
  return `${parent}.${n}`;
}

/** A draft of this run under its policy. */
export function draft(
  frame: Frame,
  step: string | null,
  actor: string,
  body: EventBody,
  at?: number,
): Draft {
  const { run } = frame.drive;
  const common = {
    run,
    step,
    actor,
    policy: frame.facts.policy,
    isolation: null,
    label: null,
    body,
  };
  return at === undefined ? common : { ...common, at };
}
