import { messageOf, NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Label } from "../../contracts/label.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import { joinLabels } from "../../gate/labels.ts";
import { CONVERSATION, memoryNamed, type Note, ownMemory, SHARED } from "../../memory/memory.ts";
import { labelsOf } from "../memory/notice.ts";
import { type Frame, draft } from "../frame.ts";
import type { Want } from "../proposal.ts";

/** The name models call to look into memory. */
export const RECALL = "recall";

/** Looking into memory as a tool of the model's; null where memory is off. */
export function recallSpec({
  facts,
  memories,
  reader,
}: Pick<Frame, "facts" | "memories" | "reader">): ToolSpec | null {
  if (!facts.memory?.enabled || reader) return null;
  return {
    name: RECALL,
    description: `Look for what is remembered (${memories.join(", ")}). Without words, all of it.`,
    input: {
      type: "object",
      properties: {
        words: { type: "string", description: "What to look for." },
        memory: { type: "string", enum: [...memories] },
      },
      additionalProperties: false,
    },
  };
}

/**
 * The memories an agent may look into. The oracle may look into all; another into its own and those
 * its manifest names, as far as whoever handed it the work may look there too.
 */
export function memoriesOf(
  { facts, agent }: Pick<Frame, "facts" | "agent">,
  parent: readonly string[] | undefined,
): readonly string[] {
  const { name, memory } = agent.manifest;
  const agents = facts.agents.map(({ manifest }) => ownMemory(manifest.name));
  if (name === facts.oracle && parent === undefined) return [SHARED, CONVERSATION, ...agents];
  const named = memory.map(memoryNamed).filter((one) => parent?.includes(one) ?? true);
  const own = name === facts.oracle ? [] : [ownMemory(name)];
  return [...new Set([...own, ...named])];
}

/** A look into memory as an action: what it may see is its reach. */
export function recallWant(frame: Frame, words: string, memory: string | null): Want {
  const wanted = memory === null ? frame.memories : [memoryNamed(memory)];
  const action: Action = {
    gate: "call",
    kind: "tool",
    name: RECALL,
    agent: frame.agent.manifest.name,
    args: { words, memories: [...wanted] },
    scopes: wanted.map((name) => `memory:${name}`),
    destinations: [],
    label: frame.label,
  };
  return {
    action,
    declared: frame.memories.map((name) => `memory:${name}`),
    attached: frame.facts.memory?.enabled === true,
    repeatable: true,
    inert: true,
    perform: ({ step }) => recall(frame, wanted, words, step),
  };
}

/** What is found comes with the label of whoever had a hand in it, in this run or an earlier one. */
async function recall(
  frame: Frame,
  memories: readonly string[],
  words: string,
  step: string,
): Promise<Draft> {
  const { world } = frame;
  if (!world) throw new Error("bug: a replay looked into memory");
  try {
    const found = world.memory.search(memories, words, LIMITS.notes * memories.length);
    const notes = found.slice(0, LIMITS.recalledNotes);
    const more = found.length - notes.length;
    const labels = await labelsOf(world, notes);
    const output = {
      ...(more > 0
        ? { more: `${more} more hold these words: ask for fewer with other words` }
        : {}),
      notes: notes.map(({ id, memory, text }) => ({ id, memory, text })),
    };
    const body = { kind: "action.settled", outcome: { status: "done", output }, ms: 0 } as const;
    return { ...draft(frame, step, "kernel", body), label: sourced(frame.label, notes, labels) };
  } catch (error) {
    const failure =
      error instanceof NanosError
        ? { code: error.code, message: error.message, next: error.next }
        : { code: "memory.broken", message: `Memory could not be read: ${messageOf(error)}` };
    const body = { kind: "action.settled", outcome: { status: "failed", failure }, ms: 0 } as const;
    return draft(frame, step, "kernel", body);
  }
}

function sourced(own: Label, notes: readonly Note[], labels: readonly Label[]): Label {
  const named = labels.map((label, i) => ({
    ...label,
    sources: [...label.sources, `memory:${notes[i]?.id ?? "?"}`],
  }));
  return joinLabels(own, ...named);
}
