import { sha256 } from "../std/hash.ts";
import type { ChosenModel } from "../contracts/model.ts";
import type { RunStarted, Draft, EventBody } from "../contracts/event.ts";
import type { Drive, Recorded } from "../contracts/drive.ts";
import type { Decision } from "../contracts/action.ts";
import type { AgentManifest } from "../contracts/agent.ts";
import type { Grant } from "../contracts/config.ts";
import type { Label } from "../contracts/label.ts";
import type { Message } from "../contracts/message.ts";
import type { ToolSpec } from "../contracts/model.ts";
import type { PatchLine } from "../contracts/outcome.ts";
import type { Rule } from "../contracts/rules.ts";
import type { Scope } from "../contracts/scope-parts.ts";
import type { AgentSession } from "../contracts/run.ts";
import type { Spent } from "../contracts/usage.ts";
import type { Floor } from "../gate/gate.ts";
import { OPERATOR_LABEL } from "../gate/labels.ts";
import { type Answers, answersIn } from "./asks/answers.ts";
import type { Watch } from "./drive/watch.ts";
import type { Branches } from "./drive/leave.ts";
import { type RunFlow, newFlow } from "./flow/flow.ts";
import { WHOLE, type Window } from "./wants/window.ts";
import type { Facts, Hooks, World } from "./world.ts";

/** What a frame is made of: given once, and the same again when the run is re-driven. */
export interface Given {
  readonly drive: Drive;
  /** The live parts; null in a replay, where nothing real is reached. */
  readonly world: World | null;
  /** The run's time; null in a replay, which has none. */
  readonly watch: Watch | null;
  readonly facts: Facts;
  readonly hooks: Hooks;
  readonly started: RunStarted;
  readonly agent: { readonly manifest: AgentManifest; readonly prompt: string };
  /** The operator's own words in this run and the conversation before it. */
  readonly said: string;
  /** They said in this request that something is to be remembered. */
  readonly intent: boolean;
  /** Memories the agent may look into. */
  readonly memories: readonly string[];
  readonly system: string;
  /** Join of all that is in the conversation before the first turn. */
  readonly label: Label | null;
  /** Where it leaves the runs it was forked from; none for one that was not. */
  readonly branches?: Branches | undefined;
}

/**
 * One agent working on one request: everything the kernel keeps in mind while a run goes on.
 * All of it follows from the recorded events, so re-driving builds the same frame again.
 */
export interface Frame
  extends Omit<Given, "label">, Pick<RunStarted, "today" | "budget" | "localOnly" | "workspace"> {
  /** The model that is asked now. */
  model: ChosenModel;
  /** True where that is the model in use, whichever it becomes. */
  readonly follows: boolean;
  /** Tools it is offered; null until it is asked first. */
  specs: readonly ToolSpec[] | null;
  /** What models were offered of them that are not offered all, by the model's name. */
  readonly offered: Map<string, readonly ToolSpec[]>;
  /** The model taken for the step that is about to be proposed; null where it stays. */
  swapped: ChosenModel | null;
  /** The workspace is a copy made for the run. */
  readonly scratch: boolean;
  /** The most the run may reach, whatever its tools declare; null where nothing was said. */
  readonly within: readonly Scope[] | null;
  /** The rules it is judged by: those of its facts but for the ids in `aside`. */
  readonly rules: readonly Rule[];
  readonly aside: readonly string[];
  /** Tools that some agent above this one may not use, and so not hand on either. */
  readonly without: readonly string[];
  /** The least rank of what the agents above this one do, and so of what is done for them. */
  readonly floor: Floor | null;
  /** Hash the facts are kept under. */
  readonly factsHash: string;
  /** Ids of yeses given beforehand that it may use. */
  readonly approvals: readonly string[];
  /** True when its effects are withheld. */
  readonly rehearsal: boolean;
  /** 0 for the agent the operator talks to. */
  readonly depth: number;
  readonly messages: Message[];
  /** Tokens of all the messages, as good as can be told. */
  tokens: number;
  /** Where in the messages this run's request stands; what is before it was said before. */
  requestAt: number;
  /** Which of the messages a model is sent. */
  window: Window;
  /** Hash over the messages so far: evidence of what a model was sent. */
  digest: string;
  readonly systemHash: string;
  /** Hashes of the system text and the tools the model was last given. */
  given: string;
  /** Grants as of now. */
  grants: readonly Grant[];
  /** Grants as they were read last, to see at once that nothing changed. */
  seenGrants: readonly Grant[];
  /** Grants by where in the record they came into force, oldest first. */
  readonly grantChanges: readonly { readonly seq: number; readonly grants: readonly Grant[] }[];
  spent: Spent;
  /** Calls set aside for the runs it delegated to that still go on. */
  setAside: number;
  readonly usage: { input: number; output: number; cached: number };
  /** Join of all that is in the conversation. */
  label: Label;
  /** How values flow through it. */
  readonly flow: RunFlow;
  /** It reads for another agent and answers by schema. */
  readonly reader: boolean;
  /** Its agent may hand in plans, whose missions use no more than this; null where it may not. */
  readonly plans: NonNullable<RunStarted["plans"]> | null;
  /** Its answer names its evidence. */
  readonly proves: boolean;
  readonly answers: Answers;
  /** Its promise ends when the ask that is being put to the operator has ended. */
  readonly asking: { last: Promise<unknown> };
  steps: number;
  /** Handles of secrets by the outermost step they were given in: `NAME HOST`. */
  readonly lent: Map<string, Set<string>>;
  /** How much each step under way has asked back for. */
  readonly nested: Map<string, number>;
  /** Steps of this turn in which something was done that cannot be done again. */
  readonly outward: Set<string>;
  /** Steps whose stage is used up, to be cleared once that is on disk. */
  readonly stages: string[];
  /** The session its agent can go on in after this run. */
  session: AgentSession | null;
  asks: number;
  /** Tool calls and delegations: what a person counts as calls. */
  calls: number;
  readonly hosts: Set<string>;
  readonly files: Map<string, string>;
  /** Patches that it and the runs it delegated to ended with. */
  readonly patches: PatchLine[];
  /** Tools that ran held by no sandbox. */
  readonly unconfined: Set<string>;
  /** The first decision, and those that a rule in mode observe would have made otherwise. */
  readonly decisions: Decision[];
  /** Rules that were seen to be passed by. */
  readonly bypassed: Set<string>;
  /** Per tool: whether any of its calls came to something, and whether the gate stopped one. */
  readonly tried: Map<string, { done: number; failed: number; denied: number; degraded: number }>;
}

/** What a run has used when it begins. */
export const NOTHING_SPENT: Spent = {
  calls: 0,
  cost: 0,
  ms: 0,
  tokens: 0,
  turns: 0,
  unpriced: false,
};

/** A frame at the start of its run. */
export function newFrame({ started, label, ...given }: Given): Frame {
  const { record } = given.drive;
  const grantChanges = [{ seq: 0, grants: started.grants }, ...record.flatMap(changeIn)];
  const grants = grantChanges.at(-1)?.grants ?? [];
  return {
    ...given,
    ...{ started, specs: null, offered: new Map() },
    model: started.model,
    ...{ follows: started.follows ?? false, swapped: null },
    today: started.today,
    budget: started.budget,
    approvals: started.approvals ?? [],
    rehearsal: started.rehearsal ?? false,
    ...reachOf(started, given.facts),
    floor: started.floor ?? null,
    factsHash: started.facts,
    depth: started.parent?.depth ?? 0,
    ...{ messages: [], tokens: 0 },
    ...{ requestAt: 0, session: null },
    window: WHOLE,
    digest: "",
    systemHash: sha256(given.system),
    given: "",
    grants,
    seenGrants: grants,
    grantChanges,
    spent: NOTHING_SPENT,
    setAside: 0,
    usage: { input: 0, output: 0, cached: 0 },
    label: label ?? OPERATOR_LABEL,
    flow: newFlow(),
    ...{ reader: started.reader === true, plans: started.plans ?? null },
    proves: started.proves === true,
    answers: answersIn(record),
    asking: { last: Promise.resolve() },
    steps: 0,
    lent: new Map(),
    nested: new Map(),
    outward: new Set(),
    stages: [],
    ...{ asks: 0, calls: 0 },
    hosts: new Set(),
    files: new Map(),
    patches: [],
    unconfined: new Set(),
    decisions: [],
    bypassed: new Set(),
    tried: new Map(),
  };
}

/** Where a run works, and what it may reach at most. */
function reachOf(
  { localOnly, workspace, within, without = [], aside = [] }: RunStarted,
  facts: Facts,
): Pick<Frame, "localOnly" | "workspace" | "scratch" | "within" | "without" | "rules" | "aside"> {
  const scratch = workspace !== facts.workspace;
  const reach = { localOnly, workspace, scratch, within: within ?? null, without };
  return { ...reach, ...withoutRules(facts, aside) };
}

/** The rules of facts but for some. */
export function withoutRules(
  { rules }: Pick<Facts, "rules">,
  aside: readonly string[],
): Pick<Frame, "rules" | "aside"> {
  // Nearly always all of them: the gate knows these by being the same.
  return {
    aside,
    rules: aside.length === 0 ? rules : rules.filter(({ id }) => !aside.includes(id)),
  };
}

function changeIn({ event, body }: Recorded): { seq: number; grants: readonly Grant[] }[] {
  return body?.kind === "standing.changed" ? [{ seq: event.seq, grants: body.grants }] : [];
}

/** The name actions of the operator's own (`nanos tool call`) go under; no agent can have it. */
export const OPERATOR = "operator";

/** The agent of that name; null when there is none, or the name is the operator's. */
export function agentOf(facts: Facts, name: string): Facts["agents"][number] | null {
  if (name === OPERATOR) return null;
  const skill = name.startsWith(BY_ITSELF) ? name.slice(BY_ITSELF.length) : null;
  if (skill !== null && facts.skills.some((one) => one.name === skill)) return byItself(skill);
  return facts.agents.find(({ manifest }) => manifest.name === name) ?? null;
}

/** The name what a skill does by itself goes under; no agent can have it. */
export const BY_ITSELF = "skill:";

/** A skill that answers an event: it has its own tools and nothing else. */
function byItself(skill: string): Facts["agents"][number] {
  const common = { model: "inherit", agents: [], memory: [], limits: {}, kind: "prompt" } as const;
  const manifest = { ...common, name: `${BY_ITSELF}${skill}`, description: "", skills: [skill] };
  return { manifest: { ...manifest, agents: [], memory: [] }, prompt: "" };
}

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

/** Keeps of a decision what the end of the run says about rules. */
export function noteDecision(frame: Frame, decision: Decision): void {
  const isFirst = frame.decisions.length === 0;
  const passed = decision.mode === "observe" ? decision.rules.map(({ rule }) => rule) : [];
  if (!isFirst && passed.every((rule) => frame.bypassed.has(rule))) return;
  for (const rule of passed) frame.bypassed.add(rule);
  frame.decisions.push(decision);
}

/** A draft of this run under its policy. */
export function draft(
  frame: Pick<Frame, "drive" | "facts">,
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
