import { ordered } from "../../std/canonical.ts";
import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import { AgentThought, type Thought, type ThoughtTool } from "../../contracts/cognition.ts";
import type { Draft } from "../../contracts/event.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { TraitName } from "../../contracts/stage.ts";
import { joinLabels } from "../../gate/labels.ts";
import { type Frame, draft } from "../frame.ts";
import { TOOLS } from "./specs.ts";
import { ownAction, type Want } from "../proposal.ts";

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
  thought_argue: "CLAIM_ANALYZE",
  thought_counter: "CLAIM_ANALYZE",
  thought_show: "CLAIM_ANALYZE",
};

/** True for the names that stand for thoughts, where this agent is offered them. */
export function isOfThoughts(frame: Offered, name: string): boolean {
  return thoughtSpecs(frame).some((spec) => spec.name === name);
}

/** What a model's call of such a name wants, or what is wrong with its arguments. */
export function thoughtWant(frame: Frame, name: string, given: Json): Want | string {
  if (name === "thought_list") return listWant(frame);
  if (name === "thought_show") return showWant(frame, given);
  const wish = wishIn(name as keyof typeof KINDS, isObject(given) ? given : {});
  if (typeof wish === "string") return wish;
  const { thought, texts } = wish;
  const fault = wordsFault(texts) ?? partsFault(thought, texts) ?? namedFault(frame, thought);
  if (fault !== null) return fault;
  return {
    action: {
      ...ownAction(frame, name),
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

function wishIn(name: keyof typeof KINDS, given: Given): Wish | string {
  const { is, takes } = KINDS[name];
  const { text, ...figures } = is === "argument" ? linesIn(given) : given;
  const thought = AgentThought.safeParse({ ...figures, is });
  const said = text ?? [];
  const texts = Array.isArray(said) ? said : [said];
  if (texts.every((one) => typeof one === "string") && thought.success) {
    return { texts, thought: thought.data };
  }
  return `${name} takes ${takes}.`;
}

const KINDS: Readonly<
  Record<
    Exclude<ThoughtTool, "thought_list" | "thought_show">,
    { is: AgentThought["is"]; takes: string }
  >
> = {
  thought_predict: { is: "prediction", takes: '{"text": TEXT, "chance": 0 to 100}' },
  thought_believe: { is: "belief", takes: '{"text": TEXT, "chance": 0 to 100, "on": [ID]}' },
  thought_revise: { is: "revision", takes: '{"of": ID, "chance": 0 to 100}' },
  thought_argue: { is: "argument", takes: '{"lines": [{"text": TEXT, "from": [LINE]}]}' },
  thought_counter: { is: "counter", takes: '{"of": ID, "line": N, "text": TEXT}' },
};

/** An argument's lines, words and figures apart; what is none stays as it is and fits nothing. */
function linesIn(given: Given): Given {
  const { lines, ...rest } = given;
  if (!Array.isArray(lines) || !lines.every((line) => isObject(line))) return given;
  return {
    ...rest,
    text: lines.map(({ text }) => text ?? null),
    lines: lines.map(({ text: _, ...line }) => ({ from: [], ...line })),
  };
}

type Given = Readonly<Record<string, Json | undefined>>;

/** What is wrong with how many parts a thought's words have; null where nothing is. */
export function partsFault(thought: Thought, texts: readonly string[]): string | null {
  const bounds = PARTS[thought.is] ?? [0, 1];
  const [least, most] =
    thought.is === "argument" ? [thought.lines.length, thought.lines.length] : bounds;
  if (texts.length >= least && texts.length <= most) return null;
  return least === 0 ? "It has words where none belong." : "It is not said in words.";
}

/** Those that say something in words, and those that only say something of another. */
const PARTS: Readonly<Partial<Record<Thought["is"], readonly [least: number, most: number]>>> = {
  ...{ prediction: [1, 1], belief: [1, 1], decision: [1, 1], statement: [1, 1] },
  ...{ instead: [1, 1], counter: [1, 1], retelling: [1, 1] },
  ...{ link: [0, 0], unlink: [0, 0], known: [0, 0] },
};

/** An argument that the operator did not name is none of the agent's business. */
function namedFault({ said }: Frame, thought: AgentThought): string | null {
  if (thought.is !== "counter" || said.includes(thought.of)) return null;
  return `The operator named no argument ${thought.of}.`;
}

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
    action: { ...ownAction(frame, "thought_list"), args: {}, reads: true },
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

/** Reads an argument: whoever wrote it, what it says is text like any other. */
function showWant(frame: Frame, given: Json): Want | string {
  const of = isObject(given) ? given["of"] : null;
  if (typeof of !== "string") return 'thought_show takes {"of": ID}.';
  if (!frame.said.includes(of)) return `The operator named no argument ${of}.`;
  return {
    action: { ...ownAction(frame, "thought_show"), args: { of }, reads: true },
    declared: null,
    attached: true,
    repeatable: true,
    inert: true,
    perform: async ({ step }) => {
      const { world } = frame;
      if (!world) throw new Error("bug: a replay looked at thoughts");
      const one = world.thoughts.find(of);
      if (one?.thought.is !== "argument") {
        const message = `${of} is no argument.`;
        const failure = { code: "thought.unknown", message };
        return settledBy(frame, step, { status: "failed", failure });
      }
      const lines = one.thought.lines.map((line, i) => ({
        ...{ n: i + 1, text: one.texts?.[i] ?? "(erased)", from: line.from },
      }));
      const label = joinLabels(frame.label, ...(one.label ? [one.label] : []));
      return { ...settledBy(frame, step, { status: "done", output: { id: of, lines } }), label };
    },
  };
}

function settledBy(frame: Frame, step: string, outcome: Outcome): Draft {
  const by = `agent:${frame.agent.manifest.name}`;
  const settled = { kind: "action.settled", outcome, ms: 0 } as const;
  return { ...draft(frame, step, by, settled), label: frame.label };
}
