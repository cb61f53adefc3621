import { messageOf, NanosError } from "../../std/error.ts";
import { isObject, type Json } from "../../std/json.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Label } from "../../contracts/label.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { TraitName } from "../../contracts/stage.ts";
import { joinLabels } from "../../gate/labels.ts";
import { draft, type Frame } from "../frame.ts";
import { decisionWant, type Want } from "../proposal.ts";

/**
 * Looks back at what is on record, as tools of agents whose file lists them, while the operator has
 * the trait switched on. A look changes nothing, and what is found comes with the label of whoever
 * had a hand in it. What is looked for is found by whoever put the world together.
 */

/** The names models call. */
export const RECALL_MISSIONS = "recall_missions";
export const MISSION_NUMBERS = "mission_numbers";

const LOOKS: Readonly<Record<string, { readonly trait: TraitName; readonly spec: ToolSpec }>> = {
  [RECALL_MISSIONS]: {
    trait: "RECALL",
    spec: {
      name: RECALL_MISSIONS,
      description:
        "Look for past missions by words: their plans, what they came to, the titles of their " +
        "artifacts, and notes kept in them. Without words, the newest.",
      input: {
        type: "object",
        properties: { words: { type: "string", description: "What to look for." } },
        additionalProperties: false,
      },
    },
  },
  [MISSION_NUMBERS]: {
    trait: "ANALYZE",
    spec: {
      name: MISSION_NUMBERS,
      description:
        "Numbers of one mission from its record: steps, verdicts, failures by code, time, cost, " +
        "and what the operator was asked.",
      input: {
        type: "object",
        properties: { mission: { type: "string", description: "Its id." } },
        required: ["mission"],
        additionalProperties: false,
      },
    },
  },
};

type Speaker = Pick<Frame, "facts" | "agent" | "reader">;

/** The looks an agent is offered. */
export function lookSpecs({ facts, agent, reader }: Speaker): readonly ToolSpec[] {
  if (reader) return [];
  return Object.values(LOOKS)
    .filter(({ trait }) => facts.traits?.includes(trait) === true)
    .filter(({ spec }) => agent.manifest.tools?.includes(spec.name) === true)
    .map(({ spec }) => spec);
}

/** True for a name that stands for a look here. */
export function isLook(frame: Speaker, name: string): boolean {
  return lookSpecs(frame).some((spec) => spec.name === name);
}

/** Who looks: only what that one was given is found. */
export interface Looker {
  /** The mission or run it is part of. */
  readonly run: string;
  readonly agent: string;
  /** True for the oracle speaking with the operator, or carrying the operator's plan. */
  readonly isOracle: boolean;
  /** Memories it may look into. */
  readonly memories: readonly string[];
  readonly workspace: string;
}

/** What was found, and who had a hand in it. */
export interface Found {
  readonly output: Json;
  readonly label: Label;
}

/** What a model's call of such a name wants, or what is wrong with its arguments. */
export function lookWant(frame: Frame, name: string, args: Json): Want | string {
  const field = name === RECALL_MISSIONS ? "words" : "mission";
  const { [field]: text = field === "words" ? "" : null, ...rest } = isObject(args) ? args : {};
  if (typeof text !== "string" || Object.keys(rest).length > 0) {
    return `${name} takes {"${field}": TEXT}.`;
  }
  const about = { gate: "call", kind: "tool", name, args: { [field]: text } } as const;
  return {
    ...decisionWant(frame, { ...about, reads: true }),
    perform: ({ step }) => look(frame, name, { text, step }),
  };
}

async function look(
  frame: Frame,
  name: string,
  { text, step }: { readonly text: string; readonly step: string },
): Promise<Draft> {
  const { world, drive, agent, facts, depth, memories } = frame;
  if (!world) throw new Error("bug: a replay looked back");
  const start = drive.elapsed();
  const isOracle = depth === 0 && agent.manifest.name === facts.oracle;
  const looker: Looker = {
    ...{ run: drive.run, agent: agent.manifest.name, isOracle },
    memories: facts.memory?.enabled === true ? memories : [],
    workspace: facts.workspace,
  };
  const found = await lookedFor(world, LOOKS[name]?.trait, () => world.look(name, text, looker));
  const outcome: Outcome =
    "output" in found ? { status: "done", output: found.output } : { status: "failed", ...found };
  const ms = Math.round(drive.elapsed() - start);
  const label = "label" in found ? joinLabels(frame.label, found.label) : frame.label;
  return { ...draft(frame, step, "kernel", { kind: "action.settled", outcome, ms }), label };
}

type Looked = Found | Pick<Extract<Outcome, { status: "failed" }>, "failure">;

async function lookedFor(
  world: NonNullable<Frame["world"]>,
  trait: TraitName | undefined,
  act: () => Promise<Found>,
): Promise<Looked> {
  try {
    // A run has its traits as they were when it began; what was switched off since is off.
    if (trait !== undefined && !(await world.traits()).includes(trait)) {
      const next = `The operator can switch it on: nanos trait on ${trait}`;
      return { failure: { code: "trait.off", message: `${trait} is off.`, next } };
    }
    return await act();
  } catch (error) {
    if (error instanceof NanosError) {
      const { code, message, next } = error;
      return { failure: { code, message, next } };
    }
    return {
      // look.broken -> Try again; if it stays, say it with what stands in nanos why STEP.
      failure: { code: "look.broken", message: `Nothing could be read: ${messageOf(error)}` },
    };
  }
}
