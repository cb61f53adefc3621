import { LIMITS } from "../../std/limits.ts";
import type { Node } from "./parse.ts";

/**
 * Matches in time that grows with the text and the pattern and with nothing else: all ways to match
 * are followed at once, one character at a time, and none is ever tried again (Thompson's method,
 * with the priorities and groups of a backtracking matcher, as Pike described it). No text can make
 * it slow, which is why patterns meet texts of strangers here and not in the runtime's matcher.
 */
export interface Program {
  readonly steps: readonly Step[];
  readonly sets: readonly CharSet[];
  /** Capturing groups, the whole match not counted. */
  readonly groups: number;
  readonly ignoreCase: boolean;
}

type Step =
  | { readonly do: "take"; readonly set: number }
  /** Goes on at both, the first before the second. */
  | { readonly do: "fork"; first: number; second: number }
  | { readonly do: "jump"; to: number }
  | { readonly do: "save"; readonly slot: number }
  /** Forgets what groups `from` to `to` held, as each turn of a loop begins. */
  | { readonly do: "forget"; readonly from: number; readonly to: number }
  | { readonly do: "edge"; readonly edge: "^" | "$" | "b" | "B" }
  | { readonly do: "done" };

/** Builds the program; null when it would be longer than `LIMITS.patternSteps`. */
export function compileLinear(root: Node, groups: number, flags: "u" | "iu"): Program | null {
  const builder: Builder = { steps: [], sets: [], known: new Map(), flags };
  if (!emit(builder, root)) return null;
  builder.steps.push({ do: "done" });
  return { steps: builder.steps, sets: builder.sets, groups, ignoreCase: flags === "iu" };
}

/**
 * Where each group matched first in `text`: start and end, in UTF-16 units, -1 for groups that took
 * no part; the whole match comes first. Null when nothing matches.
 */
export function runLinear(program: Program, text: string): readonly number[] | null {
  const { steps } = program;
  const run: Run = { program, text, seen: new Int32Array(steps.length).fill(-1) };
  let found: readonly number[] | null = null;
  let threads: Thread[] = [];
  for (let at = 0; ;) {
    if (found === null) follow(run, threads, 0, at, emptySlots(program));
    const code = text.codePointAt(at) ?? -1;
    const after = at + (code > 0xffff ? 2 : 1);
    const next: Thread[] = [];
    for (const { pc, slots } of threads) {
      const step = steps[pc];
      if (step?.do === "take") {
        if (code !== -1 && program.sets[step.set]?.has(code))
          follow(run, next, pc + 1, after, slots);
      } else if (step?.do === "done") {
        found = slots.with(1, at);
        // Those behind it are less wanted than what was found.
        break;
      }
    }
    if (code === -1 || (next.length === 0 && found !== null)) return found;
    threads = next;
    at = after;
  }
}

interface Thread {
  readonly pc: number;
  readonly slots: readonly number[];
}

interface Run {
  readonly program: Program;
  readonly text: string;
  /** The position at which each step was last reached: it is followed once at each. */
  readonly seen: Int32Array;
}

function emptySlots(program: Program): number[] {
  return Array.from({ length: 2 * (program.groups + 1) }, () => -1);
}

/** Adds the thread at `pc` and whatever it comes to without taking a character. */
function follow(
  run: Run,
  threads: Thread[],
  start: number,
  at: number,
  given: readonly number[],
): void {
  const slots = start === 0 ? given.with(0, at) : given;
  const waiting: [number, readonly number[]][] = [[start, slots]];
  for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
    const [pc, held] = item;
    if (run.seen[pc] === at) continue;
    run.seen[pc] = at;
    const step = run.program.steps[pc];
    if (step === undefined) continue;
    switch (step.do) {
      case "fork":
        waiting.push([step.second, held], [step.first, held]);
        break;
      case "jump":
        waiting.push([step.to, held]);
        break;
      case "save":
        waiting.push([pc + 1, held.with(step.slot, at)]);
        break;
      case "forget":
        waiting.push([pc + 1, held.map((v, i) => (i >= step.from && i < step.to ? -1 : v))]);
        break;
      case "edge":
        if (isAtEdge(run, step.edge, at)) waiting.push([pc + 1, held]);
        break;
      case "take":
      case "done":
        threads.push({ pc, slots: held });
        break;
    }
  }
}

function isAtEdge({ program, text }: Run, edge: "^" | "$" | "b" | "B", at: number): boolean {
  if (edge === "^") return at === 0;
  if (edge === "$") return at === text.length;
  const between = isWord(text.charCodeAt(at - 1), program) !== isWord(text.charCodeAt(at), program);
  return between === (edge === "b");
}

function isWord(code: number, program: Program): boolean {
  const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
  if (letter || (code >= 0x30 && code <= 0x39) || code === 0x5f) return true;
  // The long s and the Kelvin sign are word characters when case does not count.
  return program.ignoreCase && (code === 0x17f || code === 0x212a);
}

/** One atom's characters: those of ASCII from a table, the others by asking the runtime. */
interface CharSet {
  has(code: number): boolean;
}

function charSet(source: string, flags: "u" | "iu"): CharSet {
  const one = new RegExp(`^(?:${source})$`, flags);
  const table = Array.from({ length: 128 }, (_, code) => one.test(String.fromCharCode(code)));
  return {
    has: (code) => (code < 128 ? table[code] === true : one.test(String.fromCodePoint(code))),
  };
}

interface Builder {
  readonly steps: Step[];
  readonly sets: CharSet[];
  readonly known: Map<string, number>;
  readonly flags: "u" | "iu";
}

/** Writes the steps of one node; false when the program has become too long. */
function emit(builder: Builder, node: Node): boolean {
  const { steps } = builder;
  if (steps.length > LIMITS.patternSteps) return false;
  switch (node.type) {
    case "set":
      steps.push({ do: "take", set: setNumber(builder, node.source) });
      return true;
    case "edge":
      steps.push({ do: "edge", edge: node.edge });
      return true;
    case "seq":
      return node.items.every((item) => emit(builder, item));
    case "alt":
      return emitAlternatives(builder, node.options);
    case "group":
      return emitGroup(builder, node.index, node.body);
    case "repeat":
      return emitRepeat(builder, node);
    default:
      return false;
  }
}

function setNumber(builder: Builder, source: string): number {
  const known = builder.known.get(source);
  if (known !== undefined) return known;
  builder.known.set(source, builder.sets.length);
  return builder.sets.push(charSet(source, builder.flags)) - 1;
}

function emitGroup(builder: Builder, index: number | null, body: Node): boolean {
  if (index === null) return emit(builder, body);
  builder.steps.push({ do: "save", slot: 2 * index });
  if (!emit(builder, body)) return false;
  builder.steps.push({ do: "save", slot: 2 * index + 1 });
  return true;
}

function emitAlternatives(builder: Builder, options: readonly Node[]): boolean {
  const { steps } = builder;
  const jumps: { do: "jump"; to: number }[] = [];
  for (const [i, option] of options.entries()) {
    const last = i === options.length - 1;
    const fork = { do: "fork" as const, first: steps.length + 1, second: -1 };
    if (!last) steps.push(fork);
    if (!emit(builder, option)) return false;
    if (last) break;
    const jump = { do: "jump" as const, to: -1 };
    jumps.push(jump);
    steps.push(jump);
    fork.second = steps.length;
  }
  for (const jump of jumps) jump.to = steps.length;
  return true;
}

function emitRepeat(builder: Builder, node: Extract<Node, { type: "repeat" }>): boolean {
  const { steps } = builder;
  const { body, min, max, greedy } = node;
  const slots = slotsIn(body);
  const turn = (): boolean => {
    if (slots !== null) steps.push({ do: "forget", from: slots[0], to: slots[1] });
    return emit(builder, body);
  };
  for (let i = 0; i < min; i++) if (!turn()) return false;
  const forks: { do: "fork"; first: number; second: number }[] = [];
  const endless = max === Number.POSITIVE_INFINITY;
  for (let i = min; i < (endless ? min + 1 : max); i++) {
    const fork = { do: "fork" as const, first: steps.length + 1, second: -1 };
    forks.push(fork);
    const start = steps.push(fork) - 1;
    if (!turn()) return false;
    if (endless) steps.push({ do: "jump", to: start });
  }
  for (const fork of forks) {
    fork.second = steps.length;
    if (!greedy) [fork.first, fork.second] = [fork.second, fork.first];
  }
  return true;
}

/** The slots of the groups inside a node, from the first to past the last; null without groups. */
function slotsIn(node: Node): readonly [number, number] | null {
  const indices: number[] = [];
  const walk = (inner: Node): void => {
    if (inner.type === "group" && inner.index !== null) indices.push(inner.index);
    if (inner.type === "seq") inner.items.forEach(walk);
    if (inner.type === "alt") inner.options.forEach(walk);
    if (inner.type === "group" || inner.type === "repeat") walk(inner.body);
  };
  walk(node);
  return indices.length === 0 ? null : [2 * Math.min(...indices), 2 * Math.max(...indices) + 2];
}
