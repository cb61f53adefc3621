import type { AgentThought, Thought, ThoughtKind, ThoughtLine } from "../../contracts/cognition.ts";
import type { Failure } from "../../contracts/outcome.ts";
import { topRun } from "../../kernel/views/traces.ts";
import { LIMITS } from "../../std/limits.ts";
import { type Graph, type OpenGraph, openGraph } from "./graph.ts";

/**
 * The thoughts that count, oldest first, as they follow from the record: each is held against those
 * before it by the rule of its kind, and what the rule refuses counts for nothing. The same rule
 * decides before something is noted, so two processes that note at once come to the same.
 */
export interface Held {
  readonly all: readonly One[];
  readonly refused: readonly One[];
  /** A thought by its id. */
  find(id: string): One | null;
  /** Thoughts that are about this one, oldest first. */
  about(id: string): readonly One[];
  readonly graph: Graph;
  /** How many the run with all it delegated to has noted. */
  byRun(run: string): number;
}

/** A thought with its place in the journal. */
export interface One extends ThoughtLine {
  readonly seq: number;
}

/** What is to be held: everything but what reading adds. */
export type Wanted = Pick<One, "id" | "by" | "thought">;

/** What one kind must fit; null where it does. */
export type Rule = (held: Held, one: Wanted) => Failure | null;

/** The rule of each kind of thought. */
export type Rules = Readonly<Record<ThoughtKind, Rule>>;

/** Holds thoughts against the rules, in the order of the journal. */
export function holdAll(rules: Rules, thoughts: Iterable<One>): Held {
  const [byId, about] = [new Map<string, One>(), new Map<string, One[]>()];
  const runs = new Map<string, number>();
  const [all, refused]: [One[], One[]] = [[], []];
  const graph = openGraph();
  const held: Held = {
    ...{ all, refused, graph },
    find: (id) => byId.get(id) ?? null,
    about: (id) => about.get(id) ?? [],
    byRun: (run) => runs.get(run) ?? 0,
  };
  for (const one of thoughts) {
    if (refusal(rules, held, one) !== null) {
      refused.push(one);
      continue;
    }
    all.push(one);
    byId.set(one.id, one);
    link(graph, one);
    const run = runOf(one);
    if (run !== null) runs.set(run, held.byRun(run) + 1);
    for (const id of subjectsOf(one.thought)) {
      const others = about.get(id);
      if (others) others.push(one);
      else about.set(id, [one]);
    }
  }
  return held;
}

function link(graph: OpenGraph, { id, thought }: One): void {
  if (thought.is === "link") graph.add(thought.how, thought.from, thought.to);
  if (thought.is === "unlink") graph.remove(thought.how, thought.from, thought.to);
  if (thought.is === "belief") for (const to of thought.on ?? []) graph.add("rests_on", id, to);
}

/** Why a thought may not be held, or null. */
export function refusal(rules: Rules, held: Held, one: Wanted): Failure | null {
  // thought.twice -> See it: nanos cognition show ID.
  if (held.find(one.id)) return { code: "thought.twice", message: `${one.id} is noted already.` };
  if (one.by !== "operator" && !AGENT_KINDS.has(one.thought.is)) {
    const message = `What becomes of a ${one.thought.is} is not for an agent to say.`;
    // thought.not_agents -> Note it yourself: nanos cognition --help.
    return { code: "thought.not_agents", message };
  }
  return fullOf(held, one) ?? rules[one.thought.is](held, one);
}

function fullOf(held: Held, one: Wanted): Failure | null {
  const run = runOf(one);
  if (held.all.length >= LIMITS.thoughts) return full(`${LIMITS.thoughts} thoughts are noted`);
  if (run !== null && held.byRun(run) >= LIMITS.thoughtsPerRun) {
    return full(`This run has noted ${LIMITS.thoughtsPerRun} thoughts`);
  }
  const crowded = subjectsOf(one.thought).find(
    (id) => held.about(id).length >= LIMITS.thoughtsAbout,
  );
  return crowded === undefined
    ? null
    : full(`${LIMITS.thoughtsAbout} thoughts are about ${crowded}`);
}

function full(why: string): Failure {
  const message = `${why}, and more are not kept.`;
  return { code: "thought.full", message, next: "Use another home: --home DIR" };
}

/** The run an agent's thought is of, with all that was delegated; null for the operator's. */
function runOf({ id, by }: Wanted): string | null {
  return by === "operator" ? null : topRun(id.split(".", 1)[0] ?? id);
}

const AGENT_KINDS: ReadonlySet<string> = new Set<AgentThought["is"]>([
  "prediction",
  "belief",
  "revision",
  "argument",
  "counter",
]);

/** The thoughts that one is about. */
function subjectsOf(thought: Thought): readonly string[] {
  if (thought.is === "link" || thought.is === "unlink") return [thought.from, thought.to];
  if (thought.is === "belief") return thought.on ?? [];
  return "of" in thought && thought.of !== undefined ? [thought.of] : [];
}

/** The thought with this id where it is of one of these kinds, or why not. */
export function ofKind(held: Held, id: string, ...kinds: readonly ThoughtKind[]): One | Failure {
  const found = held.find(id);
  if (!found) return unknown(id);
  if (kinds.includes(found.thought.is)) return found;
  const message = `${id} is a ${found.thought.is}, not a ${kinds.join(" or a ")}.`;
  return { code: "thought.other_kind", message, next: `nanos cognition show ${id}` };
}

/** There is no such thought. */
export function unknown(id: string): Failure {
  const message = `Nothing is noted under ${id}.`;
  return { code: "thought.unknown", message, next: "nanos cognition list" };
}
