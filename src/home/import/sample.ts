/**
 * A short text that a pattern most likely matches, for the example a rule or a route is tried by: the
 * first way through it, read from left to right. It is only written; whether it matches is tried by
 * whoever reads the file. Null where the pattern was not understood.
 */
export function sampleOf(pattern: string): string | null {
  if (pattern.length > MOST) return null;
  const reader = { pattern, at: 0 };
  const text = alternatives(reader, 0);
  return reader.at >= pattern.length && text.length <= MOST ? text : null;
}

const MOST = 300;
const DEEPEST = 12;

interface Reader {
  readonly pattern: string;
  at: number;
}

/** The first of several; what the others are is read past. */
function alternatives(reader: Reader, depth: number): string {
  const first = sequence(reader, depth);
  while (reader.pattern[reader.at] === "|") {
    reader.at++;
    sequence(reader, depth);
  }
  return first;
}

function sequence(reader: Reader, depth: number): string {
  let text = "";
  while (reader.at < reader.pattern.length && !"|)".includes(reader.pattern[reader.at] ?? "")) {
    const piece = one(reader, depth);
    text += piece.repeat(times(reader));
  }
  return text;
}

/** How often what stands before comes: as seldom as it may, and once where that is never. */
function times(reader: Reader): number {
  const [all, least] =
    /^(?:[*+?]|\{(\d{1,3})(?:,\d{0,3})?\})\??/u.exec(reader.pattern.slice(reader.at)) ?? [];
  if (all === undefined) return 1;
  reader.at += all.length;
  if (least === undefined) return all.startsWith("+") ? 1 : 0;
  return Number(least);
}

function one(reader: Reader, depth: number): string {
  const rest = reader.pattern.slice(reader.at);
  const group = /^\((?:\?:|\?<[\w]+>)?/u.exec(rest)?.[0];
  if (group !== undefined && depth < DEEPEST) {
    reader.at += group.length;
    const inside = alternatives(reader, depth + 1);
    reader.at++;
    return inside;
  }
  const set = /^\[(\^?)((?:\\.|[^\]\\])+)\]/u.exec(rest);
  if (set !== null) {
    reader.at += set[0].length;
    return ofSet(set[1] === "^", set[2] ?? "");
  }
  const escape = /^\\(.)/u.exec(rest)?.[1];
  if (escape !== undefined) {
    reader.at += 2;
    return ESCAPES[escape] ?? escape;
  }
  reader.at++;
  const [char = ""] = rest;
  return char === "^" || char === "$" ? "" : char === "." ? "a" : char;
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ b: "", B: "", d: "2", w: "a", s: " ", S: "a", D: "a", W: " ", t: "\t", n: "\n" },
};

/** One character of a set: the first it names, or one it does not. */
function ofSet(isNot: boolean, inside: string): string {
  const [first = ""] = /^(?:\\.|.)/u.exec(inside) ?? [];
  const named = first.startsWith("\\") ? (ESCAPES[first[1] ?? ""] ?? first.slice(1)) : first;
  if (!isNot) return named;
  return ["a", " ", "0", "-", "_", "."].find((char) => !inside.includes(char)) ?? "a";
}
