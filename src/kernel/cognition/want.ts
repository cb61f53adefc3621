import { ordered } from "../../std/canonical.ts";
import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import type { Action } from "../../contracts/action.ts";
import { AgentThought, type ThoughtTool } from "../../contracts/cognition.ts";
import type { Draft } from "../../contracts/event.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { TraitName } from "../../contracts/stage.ts";
import { joinLabels } from "../../gate/labels.ts";
import { type Frame, draft } from "../frame.ts";
import type { Want } from "../proposal.ts";

/**
 * What agents may note and look at: an action like any other, judged and recorded before it counts.
 * The words stand in the step's arguments and the figures in its outcome, so that the words can be
 * erased. What came of it is not an agent's to say.
 */

type Offered = Pick<Frame, "facts" | "agent" | "reader">;

/** Those of the tools this agent is offered: its manifest lists them, and the trait they need is on. */
export function thoughtSpecs({ facts, agent, reader }: Offered): readonly ToolSpec[] {
  if (facts.thoughts !== true || reader) return [];
  const listed = new Set(agent.manifest.tools);
  return TOOLS.filter(({ name }) => {
    const trait = NEEDS[name];
    return listed.has(name) && (trait === undefined || facts.traits?.includes(trait) === true);
  });
}

/** What is not there before the operator switched a trait on. */
const NEEDS: Readonly<Partial<Record<ThoughtTool, TraitName>>> = {
  thought_believe: "BELIEF_TRACK",
  thought_revise: "BELIEF_TRACK",
};

/** True for the names that stand for thoughts, where this agent is offered them. */
export function isOfThoughts(frame: Offered, name: string): boolean {
  return thoughtSpecs(frame).some((spec) => spec.name === name);
}

const TEXT = { type: "string", description: "Complete in itself." };
const CHANCE = { type: "integer", minimum: 0, maximum: 100, description: "In percent." };

const TOOLS: readonly (ToolSpec & { readonly name: ThoughtTool })[] = [
  {
    name: "thought_predict",
    description:
      "Foretell something that can be told later, with a chance. The operator says what came of " +
      "it, and how good your chances are is worked out from that.",
    input: {
      type: "object",
      properties: { text: TEXT, chance: CHANCE },
      required: ["text", "chance"],
      additionalProperties: false,
    },
  },
  {
    name: "thought_believe",
    description:
      "Note what you hold to be so, with a chance, and which of your beliefs it rests on: it is " +
      "held no more surely than the least sure of them.",
    input: {
      type: "object",
      properties: {
        text: TEXT,
        chance: CHANCE,
        on: { type: "array", items: { type: "string" }, description: "Ids of beliefs." },
      },
      required: ["text", "chance"],
      additionalProperties: false,
    },
  },
  {
    name: "thought_revise",
    description: "Give one of your beliefs another chance.",
    input: {
      type: "object",
      properties: { of: { type: "string", description: "Its id." }, chance: CHANCE },
      required: ["of", "chance"],
      additionalProperties: false,
    },
  },
  {
    name: "thought_list",
    description: "What you noted before, newest first, and what came of it.",
    input: { type: "object", properties: {}, additionalProperties: false },
  },
];

/** What a model's call of such a name wants, or what is wrong with its arguments. */
export function thoughtWant(frame: Frame, name: string, given: Json): Want | string {
  if (name === "thought_list") return listWant(frame);
  const wish = wishIn(name as keyof typeof KINDS, isObject(given) ? given : {});
  if (typeof wish === "string") return wish;
  const fault = wordsFault(wish.texts);
  if (fault !== null) return fault;
  const { thought, texts } = wish;
  return {
    action: {
      ...actionOf(frame, name),
      args: { texts: [...texts], thought: ordered(thought as Json) },
    },
    declared: null,
    attached: true,
    // It counts once it is recorded, and is recorded once.
    repeatable: true,
    perform: async ({ step }) => settledBy(frame, step, noted(frame, step, thought)),
  };
}

interface Wish {
  readonly thought: AgentThought;
  readonly texts: readonly string[];
}

function wishIn(
  name: keyof typeof KINDS,
  given: Readonly<Record<string, Json | undefined>>,
): Wish | string {
  const { text, ...figures } = given;
  const { is, takes } = KINDS[name];
  const thought = AgentThought.safeParse({ is, ...figures });
  const texts = is === "revision" && text === undefined ? [] : [text];
  if (texts.every((one) => typeof one === "string") && thought.success) {
    return { texts, thought: thought.data };
  }
  return `${name} takes ${takes}.`;
}

const KINDS: Readonly<
  Record<Exclude<ThoughtTool, "thought_list">, { is: AgentThought["is"]; takes: string }>
> = {
  thought_predict: { is: "prediction", takes: '{"text": TEXT, "chance": 0 to 100}' },
  thought_believe: { is: "belief", takes: '{"text": TEXT, "chance": 0 to 100, "on": [ID]}' },
  thought_revise: { is: "revision", takes: '{"of": ID, "chance": 0 to 100}' },
};

/** What is wrong with the words of a thought, one sentence; null where nothing is. */
export function wordsFault(texts: readonly string[]): string | null {
  if (texts.length > LIMITS.thoughtTexts) return `It has more than ${LIMITS.thoughtTexts} parts.`;
  for (const text of texts) {
    if (text.trim() === "") return "It says nothing.";
    if (text.length > LIMITS.thoughtChars)
      return `It has more than ${LIMITS.thoughtChars} characters.`;
    if (plainText(text) !== text || !text.isWellFormed()) return "It holds what no screen shows.";
  }
  return null;
}

/** The words of a thought in the arguments of the step that noted it. */
export function textsIn(args: Json): readonly string[] {
  const texts = isObject(args) ? args["texts"] : null;
  return Array.isArray(texts) ? texts.filter((text) => typeof text === "string") : [];
}

function noted({ world, agent }: Frame, step: string, thought: AgentThought): Outcome {
  if (!world) throw new Error("bug: a replay noted a thought");
  const by = `agent:${agent.manifest.name}`;
  const failure = world.thoughts.refuse({ id: step, by, thought });
  if (failure) return { status: "failed", failure };
  return { status: "done", output: { noted: step }, thought };
}

function listWant(frame: Frame): Want {
  return {
    action: { ...actionOf(frame, "thought_list"), args: {}, reads: true },
    declared: null,
    attached: true,
    repeatable: true,
    inert: true,
    perform: async ({ step }) => {
      const { world, agent } = frame;
      if (!world) throw new Error("bug: a replay looked at thoughts");
      const mine = world.thoughts.of(`agent:${agent.manifest.name}`);
      const label = joinLabels(frame.label, ...mine.flatMap((one) => one.label ?? []));
      const output = mine.map(({ id, thought, texts, came }) => ({ id, texts, ...thought, came }));
      return { ...settledBy(frame, step, { status: "done", output: output as Json }), label };
    },
  };
}

function actionOf({ agent, label }: Frame, name: string): Omit<Action, "args"> {
  return {
    ...{ gate: "call", kind: "tool", name, agent: agent.manifest.name },
    ...{ scopes: [], destinations: [], label },
  };
}

function settledBy(frame: Frame, step: string, outcome: Outcome): Draft {
  const by = `agent:${frame.agent.manifest.name}`;
  const settled = { kind: "action.settled", outcome, ms: 0 } as const;
  return { ...draft(frame, step, by, settled), label: frame.label };
}
