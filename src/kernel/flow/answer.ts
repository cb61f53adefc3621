import { canonical, ordered } from "../../std/canonical.ts";
import type { Json } from "../../std/json.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import { type Shape, release, shapeOf } from "../../gate/flow/release.ts";
import { type Frame, agentOf } from "../frame.ts";
import { isAttached, reachOf } from "../wants/tool.ts";
import { isLabelled } from "./flow.ts";

/**
 * A delegation whose answer is data: an agent that only reads what others write, and a schema that
 * lets none of their words through. Whoever asked then goes on as if nothing foreign had been read.
 */
export interface AnswerBySchema {
  readonly schema: Json;
  readonly shape: Shape;
}

/** What an answer has to fit; undefined where no schema is given, a sentence where it cannot be. */
export function answerBySchema(
  frame: Frame,
  name: string,
  schema: Json | undefined,
): AnswerBySchema | string | undefined {
  const agent = agentOf(frame.facts, name);
  if (schema === undefined || !agent || !isLabelled(frame)) return undefined;
  const acts = actsBy(frame, agent);
  if (acts.length > 0) {
    const some = acts.slice(0, 5).join(", ");
    return `${name} can do more than read (${some}), so its answer is text. Leave out the schema, or ask an agent that only reads.`;
  }
  const shape = shapeOf(schema);
  if (typeof shape === "string") return `The schema cannot be used for an answer: ${shape}.`;
  return { schema: ordered(schema), shape };
}

/** What an agent can do beyond looking something up, by tool; empty for one that only reads. */
function actsBy(frame: Frame, agent: Frame["agent"]): readonly string[] {
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
export function requestFor(request: string, { schema }: AnswerBySchema): string {
  return `${request}\n\nAnswer with one JSON value that fits this JSON Schema, and with nothing else:\n${canonical(schema)}`;
}

/** What of an answer fits; where any of it does not, not a word of it comes through. */
export function releasedOf(
  outcome: Outcome,
  text: string,
  { shape }: AnswerBySchema,
  step: string,
): Outcome {
  if (outcome.status !== "done") {
    const failure = { code: "delegate.no_answer", message: "The agent came to no answer." };
    return { ...outcome, failure };
  }
  const said = jsonIn(text);
  const released = said === undefined ? null : release(shape, said, step);
  if (released === null) {
    const failure = { code: "delegate.unfit", message: "The answer does not fit the schema." };
    return { status: "failed", failure, ...(outcome.child ? { child: outcome.child } : {}) };
  }
  const { answer, texts } = released;
  const kept = Object.keys(texts).length > 0 ? { texts: { ...texts } } : {};
  return { ...outcome, output: answer, released: true, ...kept };
}

/** The JSON an answer is, also where a model put it in a fence. */
function jsonIn(text: string): Json | undefined {
  const bare = /^\s*```(?:json)?\n([\s\S]*)\n```\s*$/u.exec(text)?.[1] ?? text;
  try {
    return JSON.parse(bare) as Json;
  } catch {
    return undefined;
  }
}
