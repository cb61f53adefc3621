import { canonical } from "../../std/canonical.ts";
import { messageOf } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Label } from "../../contracts/label.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import type { Failure, Outcome } from "../../contracts/outcome.ts";
import type { Ask, RunEnd } from "../../contracts/run.ts";
import type { Budget } from "../../contracts/usage.ts";
import { UNKNOWN_LABEL, joinLabels } from "../../gate/labels.ts";
import { carveBudget } from "../../gate/budget.ts";
import { misfits } from "../../tools/schema.ts";
import {
  type AnswerBySchema,
  answeredOf,
  outputOf,
  releasedOf,
  requestFor,
} from "../flow/answer.ts";
import { evidenceIn } from "../flow/evidence.ts";
import { isLabelled } from "../flow/flow.ts";
import { type Frame, NOTHING_SPENT, agentOf, draft } from "../frame.ts";
import type { Inner } from "../world.ts";
import { type Proposed, Waiting, type Want } from "../proposal.ts";

/** The name models call to hand work to another agent. */
export const DELEGATE = "delegate";

/** Delegation as a tool of the model's, with the agents this one may hand work to; null for none. */
export function delegateSpec(
  frame: Pick<Frame, "agent" | "facts" | "depth" | "budget">,
): ToolSpec | null {
  const { agent, facts, depth, budget } = frame;
  const about = facts.evidence ? `${BY_SCHEMA} ${BY_EVIDENCE}` : BY_SCHEMA;
  const bySchema = isLabelled(frame) ? { schema: { type: "object", description: about } } : {};
  const known = agent.manifest.agents.flatMap((name) => agentOf(facts, name)?.manifest ?? []);
  if (known.length === 0 || depth >= budget.depth) return null;
  const list = known.map(({ name, description, input }) => {
    const takes = input === undefined ? "" : ` Its input: ${canonical(input)}`;
    return `${name}: ${description}${takes}`;
  });
  const structured = known.some(({ input }) => input !== undefined);
  return {
    name: DELEGATE,
    description: `Hand a piece of work to another agent and get its answer.\n${list.join("\n")}`,
    input: {
      type: "object",
      properties: {
        agent: { type: "string", enum: known.map(({ name }) => name) },
        request: { type: "string", description: "What it should do, complete in itself." },
        ...(structured ? { input: { type: "object", description: INPUT } } : {}),
        ...bySchema,
      },
      required: ["agent", "request"],
      additionalProperties: false,
    },
  };
}

const BY_SCHEMA =
  "A JSON Schema the answer has to fit, for an agent that only reads. It then comes back as data: " +
  "choices (enum), numbers, booleans, and strings of the format date, time, date-time or id; for " +
  "any other string a handle comes back, which stands for the text in later calls and answers.";

const BY_EVIDENCE =
  "Of an agent that acts the answer fits the schema and stays its own text, and it has to name what " +
  "shows that it was done.";

const INPUT = "What an agent takes beside the request, in the form its line names.";

/** How a child run is carried and what it comes to; handed in, as runs build on actions. */
export type RunChild = (given: {
  frame: Frame;
  /** The delegation's step, judged and on disk. */
  one: Proposed;
  agent: string;
  request: string;
  budget: Budget;
  /** The model it is asked of, whatever its agent chooses. */
  model?: string;
  /** It reads for another, and its answer has to fit a schema. */
  reader: boolean;
  /** It acts for another, and its answer has to name its evidence. */
  proves: boolean;
  /** The arrangement the agent is, for one of that kind. */
  inner?: Inner;
}) => Promise<
  | {
      readonly state: "ended";
      readonly run: string;
      readonly end: RunEnd;
      readonly head: string;
      /** Join of all that was in its conversation. */
      readonly label: Label;
    }
  | { readonly state: "waiting"; readonly asks: readonly Ask[] }
  /** It could not be begun. */
  | { readonly state: "refused"; readonly failure: Failure }
>;

/** A piece of work for another agent, with what it may use. */
export interface Errand {
  readonly agent: string;
  readonly request: string;
  /** What it is given beside the request. */
  readonly input?: Json;
  readonly budget: Budget;
  /** The model that stands in for its agent's. */
  readonly model?: string;
  /** What its answer has to fit, to be read as data. */
  readonly answer?: AnswerBySchema;
}

/** A delegation as an action. */
export function delegateWant(frame: Frame, errand: Errand, runChild: RunChild): Want {
  const { agent, request, input, answer, model } = errand;
  const beside = {
    ...(model === undefined ? {} : { model }),
    ...(input === undefined ? {} : { input }),
    ...(answer ? { schema: answer.schema } : {}),
  };
  const action: Action = {
    gate: "call",
    kind: "agent",
    name: agent,
    agent: frame.agent.manifest.name,
    args: { agent, request, ...beside },
    scopes: [`agent:${agent}`],
    destinations: [],
    label: frame.label,
  };
  return {
    action,
    declared: null,
    attached: frame.agent.manifest.agents.includes(agent),
    // A child run finds its own record and goes on from there.
    repeatable: true,
    // The run it begins is a rehearsal as well.
    inert: true,
    perform: (one) => delegate(frame, errand, one, runChild),
  };
}

/**
 * What a delegated run may use: an equal part of what is left, and no more than its agent's limits.
 * `calls` and `delegations` of this turn share it; a turn and a token stay with the one who asks.
 * Counts are below 1 where what is left does not reach that far.
 */
export function budgetFor(
  frame: Frame,
  agent: string,
  sharing: { readonly calls: number; readonly delegations: number },
): Budget {
  const { budget, spent } = frame;
  const { calls, delegations } = sharing;
  const part = (left: number, share: number): number => Math.floor(Math.max(0, left) / share);
  const most: Budget = {
    ...budget,
    turns: part(budget.turns - spent.turns - 1, delegations),
    calls: part(budget.calls - spent.calls - calls, calls),
    tokens: part(budget.tokens - spent.tokens - 1, delegations),
    ms: budget.ms - spent.ms,
    ...(budget.cost === undefined
      ? {}
      : { cost: Math.max(0, budget.cost - spent.cost) / delegations }),
  };
  const limits = agentOf(frame.facts, agent)?.manifest.limits ?? {};
  return carveBudget(most, NOTHING_SPENT, limits as Partial<Budget>);
}

async function delegate(
  frame: Frame,
  errand: Errand,
  one: Proposed,
  runChild: RunChild,
): Promise<Draft> {
  const { drive } = frame;
  const start = drive.elapsed();
  const { agent, budget, answer, model } = errand;
  const unfit = await badInput(frame, errand);
  const child: Ran = unfit
    ? { state: "refused", failure: unfit }
    : await runChild({
        ...{ frame, one, agent, budget, request: wordsOf(errand) },
        ...(model === undefined ? {} : { model }),
        reader: !!answer?.shape,
        proves: answer?.proves ?? false,
      });
  if (child.state === "waiting") throw new Waiting(child.asks);
  const ms = Math.round(drive.elapsed() - start);
  const actor = `agent:${agent}`;
  const outcome = await answerOf(frame, errand, child, one.step);
  const label = child.state === "ended" ? child.label : UNKNOWN_LABEL;
  if (answer?.shape && outcome.status !== "done") {
    // Every word of it is the kernel's own.
    return draft(frame, one.step, actor, { kind: "action.settled", outcome, ms });
  }
  return {
    ...draft(frame, one.step, actor, { kind: "action.settled", outcome, ms }),
    // Another agent's words are nobody's orders, whatever it read.
    label: joinLabels(frame.label, label, { ...UNKNOWN_LABEL, sources: [actor] }),
  };
}

type Ran = Awaited<ReturnType<RunChild>>;
type Done = Exclude<Ran, { state: "waiting" }>;

/** The request with what is given beside it, and with what the answer has to be. */
function wordsOf({ request, input, answer }: Errand): string {
  const whole = input === undefined ? request : `${request}\n\nInput:\n${canonical(input)}`;
  return answer ? requestFor(whole, answer) : whole;
}

/** Why an agent is not asked: what it would be given is not what it takes. */
async function badInput({ facts }: Frame, { agent, input }: Errand): Promise<Failure | null> {
  const schema = agentOf(facts, agent)?.manifest.input;
  if (schema === undefined && input === undefined) return null;
  const why =
    schema === undefined
      ? ["it takes nothing beside the request"]
      : await misfits(schema, input ?? {}).catch((error: unknown) => [messageOf(error)]);
  if (why.length === 0) return null;
  const message = `The input does not fit what ${agent} takes: ${why.join("; ")}.`;
  // delegate.bad_input -> Nothing: the model is told so, and asks again in another way.
  return { code: "delegate.bad_input", message };
}

async function answerOf(
  frame: Frame,
  { answer }: Errand,
  ran: Done,
  step: string,
): Promise<Outcome> {
  const outcome = outcomeOf(frame, ran);
  const text = ran.state === "ended" ? ran.end.text : "";
  if (!answer) return outcome;
  return answer.shape
    ? releasedOf(outcome, text, answer.shape, step)
    : answeredOf(outcome, text, answer);
}

function outcomeOf({ world }: Frame, ran: Done): Outcome {
  if (ran.state === "refused") return { status: "failed", failure: ran.failure };
  const { end, run, head } = ran;
  const { usage, hosts, files, unconfined, asks, patches } = end;
  const evidence = evidenceIn([...(world?.journal.chain(run) ?? [])]);
  const more = {
    ...(unconfined && { unconfined }),
    ...(asks > 0 ? { asks } : {}),
    ...(patches && { patches }),
  };
  const child = { run, head, usage, hosts, files, ...more, evidence };
  if (end.outcome === "succeeded" || end.outcome === "degraded") {
    const degraded = end.outcome === "degraded" ? { degraded: true } : {};
    const output = outputOf(end.text, evidence, { ...degraded, child });
    return { status: "done", output, child, hosts, ...degraded };
  }
  // run.failed -> See what it did: nanos trace show RUN.
  const failure = end.failure ?? { code: "run.failed", message: "The delegated run failed." };
  return { status: end.outcome, failure, child };
}
