import { messageOf, NanosError } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Label } from "../../contracts/label.ts";
import { Accepted, type Keeping, type Kept } from "../../contracts/memory.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import { type Cleaned, clean } from "../../memory/clean.ts";
import { CONVERSATION, ownMemory, SHARED } from "../../memory/memory.ts";
import { noteHash } from "../../memory/open.ts";
import { type Frame, OPERATOR, draft } from "../frame.ts";
import type { Proposed, Want } from "../proposal.ts";
import { openCandidates, sameCandidate } from "../views/memory.ts";

/** The name models call to have something remembered. */
export const REMEMBER = "remember";

/** Remembering as a tool of the model's; null where nothing is kept. */
export function rememberSpec({
  facts,
  agent,
  reader,
}: Pick<Frame, "facts" | "agent" | "reader">): ToolSpec | null {
  const { memory } = facts;
  if (reader || !memory?.enabled || !memory.capture || memory.policy === "off") return null;
  const isOracle = agent.manifest.name === facts.oracle;
  return {
    name: REMEMBER,
    description:
      "Keep one fact for later runs, in at most two sentences. Secrets are never kept; " +
      "what comes from tools, files or pages waits for the operator's yes.",
    input: {
      type: "object",
      properties: {
        text: { type: "string", description: "The fact, complete in itself." },
        ...(isOracle ? {} : { shared: { type: "boolean", description: "For all agents." } }),
      },
      required: ["text"],
      additionalProperties: false,
    },
  };
}

/** Something to be remembered. */
export interface Wish {
  readonly text: string;
  readonly memory: string;
  /** The candidate it is made from, and who had a hand in that. */
  readonly from?: { readonly id: string; readonly label: Label };
}

/** The memories that are an agent's own, the one it keeps things in first. */
export function ownMemories({ facts, agent }: Pick<Frame, "facts" | "agent">): readonly string[] {
  const { name } = agent.manifest;
  return name === facts.oracle ? [SHARED, CONVERSATION] : [ownMemory(name)];
}

/** A memory write as an action, at the gate `remember`. */
export function noteWant(frame: Frame, wish: Wish): Want {
  const { memory, from } = wish;
  const agent = frame.agent.manifest.name;
  const cleaned = clean(wish.text);
  const mine = ownMemories(frame);
  const own = agent === OPERATOR || mine.includes(memory);
  const action: Action = {
    gate: "remember",
    kind: "note",
    name: REMEMBER,
    agent,
    args: { memory, text: cleaned.text, ...(from ? { from: from.id } : {}) },
    scopes: [`memory:${memory}`],
    destinations: [],
    label: from?.label ?? frame.label,
  };
  return {
    action,
    // An agent keeps things for itself or for all, and in nobody else's memory.
    declared: agent === OPERATOR ? null : [...mine, SHARED].map((name) => `memory:${name}`),
    attached: true,
    // The same words under the same name: done twice it is done once.
    repeatable: true,
    keeping: () => keepingOf(frame, wish, cleaned, own),
    perform: (one) => keep(frame, wish, cleaned, one),
  };
}

/** What the gate has to know, found out now: intent, what is in the text, what is there already. */
async function keepingOf(
  frame: Frame,
  { memory, from }: Wish,
  { text, chars, found }: Cleaned,
  own: boolean,
): Promise<Keeping> {
  const { world, intent } = frame;
  if (!world) throw new Error("bug: a replay looked into memory");
  const known = { intent: intent || from !== undefined, chars, own, found: [...found] };
  try {
    const seen = seenAs(frame, memory, text, from !== undefined);
    return { ...known, seen, fault: fullOf(frame, memory) };
  } catch (error) {
    return { ...known, seen: null, fault: messageOf(error) };
  }
}

function seenAs(frame: Frame, memory: string, text: string, accepted: boolean): Keeping["seen"] {
  if (sameNote(frame, memory, text) !== null) return "note";
  // Taking it out of the inbox is no second wish for it.
  if (accepted) return null;
  const { world } = frame;
  const same = world && sameCandidate(world.journal, memory, text, world.clock.now());
  return same ? "candidate" : null;
}

function sameNote({ world }: Frame, memory: string, text: string): string | null {
  const hash = noteHash(text);
  return world?.memory.list([memory]).notes.find((note) => note.hash === hash)?.id ?? null;
}

function fullOf({ world }: Frame, memory: string): string | null {
  if (!world) return null;
  if (world.memory.list([memory]).notes.length >= LIMITS.notes) return `${memory} is full`;
  const open = openCandidates(world.journal, world.clock.now());
  return open.length >= LIMITS.candidates ? "too many candidates wait" : null;
}

/** Does what was decided: writes the note, holds the candidate, or confirms what is there. */
async function keep(frame: Frame, wish: Wish, cleaned: Cleaned, one: Proposed): Promise<Draft> {
  const { world } = frame;
  if (!world) throw new Error("bug: a replay wrote to memory");
  const { action } = one.want;
  const outcome = await keepAs(frame, wish, cleaned, one).catch(failed);
  const settled = { kind: "action.settled", outcome, ms: 0 } as const;
  return { ...draft(frame, one.step, `agent:${action.agent}`, settled), label: action.label };
}

async function keepAs(
  frame: Frame,
  { memory, from }: Wish,
  { text, cut }: Cleaned,
  { step, decision, standing, want }: Proposed,
): Promise<Outcome> {
  const { label, keeping } = want.action;
  const id = from?.id ?? step.replaceAll(".", "-");
  const hash = noteHash(text);
  const common = { memory, text, hash, label, ...(from ? { from: from.id } : {}) };
  const { ttl } = standing.memory;
  const again = decision.reason === "allow:dedupe_update";
  if (again && keeping?.seen === "candidate") {
    const same = frame.world && sameCandidate(frame.world.journal, memory, text, standing.now);
    return done({ ...common, as: "candidate", id: same ?? id, again, ttl }, cut);
  }
  if (again)
    return done({ ...common, as: "note", id: sameNote(frame, memory, text) ?? id, again }, cut);
  if (decision.reason === "allow:capture_only") {
    return done({ ...common, as: "candidate", id, again, ttl }, cut);
  }
  frame.world?.memory.write(memory, id, text);
  return done({ ...common, as: "note", id, again }, cut);
}

function done(kept: Kept, cut: number): Outcome {
  const held = kept.as === "candidate" ? HELD : {};
  const output = {
    kept: kept.as,
    id: kept.id,
    text: kept.text,
    ...held,
    ...(cut > 0 ? { cut } : {}),
  };
  return { status: "done", output, kept };
}

const HELD = { waits: "It is not remembered before the operator accepts it." };

function failed(error: unknown): Outcome {
  const failure =
    error instanceof NanosError
      ? { code: error.code, message: error.message, next: error.next }
      : // memory.broken -> Look at the folder of memory, who owns it and what room is left, then try again.
        { code: "memory.broken", message: `It could not be kept: ${messageOf(error)}` };
  return { status: "failed", failure };
}

/** The call that stands for the operator's yes to a candidate; no tool can be called so. */
export const ACCEPT = "memory.accept";

/** The wish in such a call. */
export function acceptedIn(args: Json): Wish {
  const { text, memory, id, label } = Accepted.parse(args);
  return { text, memory, from: { id, label } };
}
