import { messageOf } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { compileLinear, type Program, runLinear } from "./linear.ts";
import { canBeEmpty, type Node, parsePattern } from "./parse.ts";

/** The texts of a match by place: `0` the whole, `1`… and names its groups, empty where unused. */
export type Places = ReadonlyMap<string, string>;

/** A regular expression that no text can make slow. */
export interface Pattern {
  /** False for a text longer than is looked at; ask before matching. */
  fits(text: string): boolean;
  test(text: string): boolean;
  match(text: string): Places | null;
}

/** What is wrong with a pattern: the last word of a code, and the end of "it …". */
export interface PatternFault {
  readonly fault: "bad_pattern" | "control_character" | "slow_pattern";
  readonly why: string;
}

/**
 * Reads a regular expression of a rule or route. Short texts meet the runtime's own matcher where it
 * cannot be slow, all others one whose time grows with the text alone. Refused are repetitions
 * inside repetitions, references back, flags inside, and looking around beside repetitions.
 */
export function compilePattern(source: string, flags: "u" | "iu"): Pattern | PatternFault {
  // eslint-disable-next-line no-control-regex -- control characters are what this refuses
  if (/[\u0000-\u001f\u007f]/u.test(source)) return { fault: "control_character", why: "" };
  if (source.length > LIMITS.patternChars) {
    return { fault: "bad_pattern", why: `is longer than ${LIMITS.patternChars} characters` };
  }
  let regex: RegExp;
  try {
    regex = new RegExp(source, flags);
  } catch (error) {
    return { fault: "bad_pattern", why: `is no regular expression (${messageOf(error)})` };
  }
  const { root, groups } = parsePattern(source);
  const shape = shapeOf(root);
  const fault = faultOf(shape);
  if (fault !== null) return fault;
  const program = shape.look ? null : compileLinear(root, groups.length, flags);
  if (program === null && !shape.look) return { fault: "slow_pattern", why: TOO_LONG };
  return patternOf(regex, program, shortLength(shape), ["0", ...groups]);
}

const TOO_LONG = "becomes too long when its counted repetitions are written out; count less";

function patternOf(
  regex: RegExp,
  program: Program | null,
  short: number,
  names: readonly (string | null)[],
): Pattern {
  const most =
    program === null ? Math.min(short, LIMITS.patternInputChars) : LIMITS.patternInputChars;
  const isShort = (text: string): boolean => program === null || text.length <= short;
  const match = (text: string): readonly (string | undefined)[] | null => {
    if (program === null || isShort(text)) return regex.exec(text);
    const slots = runLinear(program, text);
    return (
      slots && names.map((_, i) => text.slice(slots[2 * i], Math.max(0, slots[2 * i + 1] ?? 0)))
    );
  };
  return {
    fits: (text) => text.length <= most,
    test: (text) => match(text) !== null,
    match: (text) => {
      const texts = match(text);
      return texts && placesOf(texts, names);
    },
  };
}

function placesOf(
  texts: readonly (string | undefined)[],
  names: readonly (string | null)[],
): Places {
  const places = new Map<string, string>();
  for (const [i, name] of names.entries()) {
    const text = texts[i] ?? "";
    places.set(String(i), text);
    if (name !== null) places.set(name, text);
  }
  return places;
}

/** What decides how long a backtracking matcher may take. */
interface Shape {
  /** Repetitions without a small end: each multiplies the time by the length of the text. */
  loops: number;
  /** Product of all other choices: each path is tried. */
  choices: number;
  /** A loop whose turns can go more than one way: time may double with each character. */
  tangled: boolean;
  /** A loop without an end inside another. */
  nested: boolean;
  look: boolean;
  back: boolean;
  flags: boolean;
}

/** A counted repetition with fewer turns than this to choose from is a choice and not a loop. */
const FEW = 4;

function shapeOf(root: Node): Shape {
  const shape: Shape = {
    loops: 0,
    choices: 1,
    tangled: false,
    nested: false,
    look: false,
    back: false,
    flags: false,
  };
  measure(root, shape, { inLoop: false, inEndless: false });
  return shape;
}

function measure(node: Node, shape: Shape, where: { inLoop: boolean; inEndless: boolean }): void {
  switch (node.type) {
    case "seq":
      for (const item of node.items) measure(item, shape, where);
      return;
    case "alt":
      shape.choices *= node.options.length;
      shape.tangled ||= where.inLoop;
      for (const option of node.options) measure(option, shape, where);
      return;
    case "group":
      return measure(node.body, shape, where);
    case "repeat":
      return measureRepeat(node, shape, where);
    case "look":
      shape.look = true;
      return measure(node.body, shape, where);
    case "back":
    case "flags":
      shape[node.type] = true;
      return;
    case "set":
    case "edge":
      return;
  }
}

function measureRepeat(
  node: Extract<Node, { type: "repeat" }>,
  shape: Shape,
  where: { inLoop: boolean; inEndless: boolean },
): void {
  const endless = node.max === Number.POSITIVE_INFINITY;
  const spread = node.max - node.min;
  // A turn that takes nothing is where the two matchers part; such patterns meet only one of them.
  if (spread > 0) shape.tangled ||= where.inLoop || canBeEmpty(node.body);
  shape.nested ||= endless && where.inEndless;
  if (spread >= FEW) shape.loops += 1;
  else shape.choices *= spread + 1;
  measure(node.body, shape, {
    inLoop: where.inLoop || node.max > 1,
    inEndless: where.inEndless || endless,
  });
}

function faultOf(shape: Shape): PatternFault | null {
  if (shape.back)
    return { fault: "bad_pattern", why: "refers back to a group, which is not supported" };
  if (shape.flags)
    return { fault: "bad_pattern", why: "sets flags inside, which is not supported" };
  if (shape.nested) {
    const why =
      "repeats a repetition, as (a+)+ does, and could take for ever; take one of them out";
    return { fault: "slow_pattern", why };
  }
  if (shape.look && shortLength(shape) < 1_000) {
    const why =
      "looks around beside repetitions and could take for ever; say it without (?=…) or (?!…)";
    return { fault: "slow_pattern", why };
  }
  return null;
}

/** The longest text the runtime's matcher takes no more than some milliseconds for. */
function shortLength(shape: Shape): number {
  if (shape.tangled || shape.choices > 256) return 0;
  return SHORT[shape.loops] ?? 0;
}

const SHORT: readonly number[] = [Number.POSITIVE_INFINITY, 2_000, 160, 45, 25];
