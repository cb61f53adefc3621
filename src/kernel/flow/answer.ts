import { canonical, ordered } from "../../std/canonical.ts";
import { messageOf } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import type { ChildRun, Evidence, Outcome } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import { type Shape, release, shapeOf } from "../../gate/flow/release.ts";
import { misfits } from "../../tools/schema.ts";
import { type Frame, agentOf } from "../frame.ts";
import { isAttached, reachOf } from "../wants/tool.ts";
import { toolOf } from "../wants/work.ts";
import { isEmpty, PROVING, provenIn } from "./evidence.ts";
import { isLabelled } from "./flow.ts";

/**
 * A delegation whose answer is one JSON value. Of an agent that only reads what others write it is
 * data: the schema lets none of their words through, and whoever asked goes on as if nothing foreign
 * had been read. An agent that acts names with it what shows that it acted.
 */
export interface AnswerBySchema {
  readonly schema: Json;
  /** What lets the answer through as data; null for an agent that acts: its answer stays its own. */
  readonly shape: Shape | null;
  /** True where the agent names what shows that it acted: one that is a program sees no step. */
  readonly proves: boolean;
}

/** What an answer has to fit; undefined where no schema is given, a sentence where it cannot be. */
export function answerBySchema(
  frame: Frame,
  name: string,
  wanted: Json | undefined,
): AnswerBySchema | string | undefined {
  const agent = agentOf(frame.facts, name);
  const schema = wanted ?? agent?.manifest.output;
  if (schema === undefined || !agent || !isLabelled(frame)) return undefined;
  const acts = actsBy(frame, agent);
  if (acts.length > 0) {
    const proves = toolOf(agent.manifest) === null;
    if (frame.facts.evidence) return { schema: ordered(schema), shape: null, proves };
    const some = acts.slice(0, 5).join(", ");
    return `${name} can do more than read (${some}), so its answer is text. Leave out the schema, or ask an agent that only reads.`;
  }
  const shape = shapeOf(schema);
  if (typeof shape === "string") return `The schema cannot be used for an answer: ${shape}.`;
  return { schema: ordered(schema), shape, proves: false };
}

/** What an agent can do beyond looking something up, by tool; empty for one that only reads. */
function actsBy(frame: Frame, agent: Frame["agent"]): readonly string[] {
  // What another arrangement's agents can do is not known here.
  if (agent.manifest.kind === "arrangement") return ["agents of its own"];
  const acting = frame.facts.tools
    .filter((tool) => isAttached({ agent }, tool))
    .filter((tool) => tool.manifest.reads !== true || !isReading(reachOf(frame, tool)))
    .map(({ manifest }) => manifest.name);
  const handsOn = agent.manifest.agents.length > 0 && frame.depth + 1 < frame.budget.depth;
  return handsOn ? [...acting, "delegate"] : acting;
}

function isReading(scopes: readonly Scope[]): boolean {
  return scopes.every((scope) => /^(?:read|net|env):/u.test(scope));
}

/** What the agent is asked, with what its answer has to be. */
export function requestFor(request: string, { schema, proves }: AnswerBySchema): string {
  if (proves) {
    return `${request}\n\n${PROVING} \`answer\` fits this JSON Schema:\n${canonical(schema)}`;
  }
  return `${request}\n\nAnswer with one JSON value that fits this JSON Schema, and with nothing else:\n${canonical(schema)}`;
}

/** What of an answer fits; where any of it does not, not a word of it comes through. */
export function releasedOf(outcome: Outcome, text: string, shape: Shape, step: string): Outcome {
  if (outcome.status !== "done") {
    // delegate.no_answer -> See what it did: nanos trace show RUN.
    const failure = { code: "delegate.no_answer", message: "The agent came to no answer." };
    return { ...outcome, failure };
  }
  const said = jsonIn(text);
  const released = said === undefined ? null : release(shape, said, step);
  if (released === null) {
    // delegate.unfit -> Nothing: it is asked once more; else mend its schema or its prompt.
    const failure = { code: "delegate.unfit", message: "The answer does not fit the schema." };
    return { status: "failed", failure, ...(outcome.child ? { child: outcome.child } : {}) };
  }
  const { answer, texts } = released;
  const kept = Object.keys(texts).length > 0 ? { texts: { ...texts } } : {};
  return { ...outcome, output: answer, released: true, ...kept };
}

/** The answer of an agent that acts, where it fits and what it names as evidence is on its record. */
export async function answeredOf(
  outcome: Outcome,
  text: string,
  { schema, proves }: AnswerBySchema,
): Promise<Outcome> {
  if (outcome.status !== "done" || !outcome.child?.evidence) return outcome;
  const { child } = outcome;
  const all = outcome.child.evidence;
  const value = jsonIn(text);
  const said = proves ? provenIn(value, all) : { answer: value ?? text, evidence: all };
  const why = typeof said === "string" ? said : await whyUnfit(schema, said.answer);
  if (typeof said === "string" || why !== null) {
    const failure = { code: "delegate.unfit", message: why ?? "The answer does not fit." };
    return { status: "failed", failure, child };
  }
  const { answer, evidence } = said;
  return { ...outcome, output: outputOf(answer, evidence, outcome), child: { ...child, evidence } };
}

/** What the one who asked reads: the answer, and what shows that anything was done. */
export function outputOf(
  answer: Json,
  evidence: Evidence,
  { degraded, child }: { degraded?: boolean | undefined; child?: ChildRun | undefined },
): Json {
  const shown = isEmpty(evidence) ? NOTHING_SHOWN : { ...evidence };
  const patches = child?.patches?.map(({ run, files }) => ({ run, files }));
  const outcome = degraded ? "degraded" : "succeeded";
  return { answer, evidence: shown, outcome, ...(patches && { patches }) };
}

const NOTHING_SHOWN = "none: nothing on its record shows that anything was done";

/** Why a value does not fit a schema; null where it does. */
export async function whyUnfit(schema: Json, answer: Json): Promise<string | null> {
  try {
    const misfit = await misfits(schema, answer);
    return misfit.length === 0 ? null : `The answer does not fit the schema: ${misfit.join("; ")}.`;
  } catch (error) {
    return `The schema cannot be used for an answer: ${messageOf(error)}.`;
  }
}

/** The JSON an answer is, also where a model put it in a fence. */
export function jsonIn(text: string): Json | undefined {
  const bare = /^\s*```(?:json)?\n([\s\S]*)\n```\s*$/u.exec(text)?.[1] ?? text;
  try {
    return JSON.parse(bare) as Json;
  } catch {
    return undefined;
  }
}
