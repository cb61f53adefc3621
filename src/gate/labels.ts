import type { Label } from "../contracts/label.ts";

/** The operator's own words: nobody else had a hand in them, and they are nobody else's business. */
export const OPERATOR_LABEL: Label = { integrity: "operator", secrecy: "private", sources: [] };

/**
 * A request, as a run begins with it. What the operator asks for is said to be acted on: it goes
 * where they send it, so by itself it makes nothing private.
 */
export const REQUEST_LABEL: Label = { integrity: "operator", secrecy: "public", sources: [] };

/** What is known of a value nobody labelled: the worst that is not a stored secret. */
export const UNKNOWN_LABEL: Label = { integrity: "untrusted", secrecy: "private", sources: [] };

/** Sources kept before `…` stands for the rest. */
const SOURCES = 16;
const MORE = "…";

/** True when the label lets anybody at this destination read what it is on. */
export function mayRead(label: Label, destination: string): boolean {
  if (label.readers === undefined) return true;
  const to = destination.toLowerCase();
  return label.readers.some((reader) => {
    const known = reader.toLowerCase();
    return to === known || (known.startsWith("@") && to.endsWith(known));
  });
}

/**
 * The label of what was made out of all these: the least integrity, the highest secrecy, the
 * sources of all, sorted, at most 16 and then `…`. Order and repetition do not matter.
 */
export function joinLabels(first: Label, ...others: readonly Label[]): Label {
  let joined = first;
  for (const other of others) joined = joinTwo(joined, other);
  return joined;
}

function joinTwo(a: Label, b: Label): Label {
  if (a === b) return a;
  const integrity = lowerIntegrity(a.integrity, b.integrity);
  const secrecy = higherSecrecy(a.secrecy, b.secrecy);
  const sources = joinSources(a.sources, b.sources);
  const readers = joinReaders(a.readers, b.readers);
  const same = integrity === a.integrity && secrecy === a.secrecy && sources === a.sources;
  if (same && readers === a.readers) return a;
  return { integrity, secrecy, sources, ...(readers === undefined ? {} : { readers }) };
}

// Only who may read all of it may read what was made of it; where nothing is said, anybody may.
function joinReaders(a: Label["readers"], b: Label["readers"]): Label["readers"] {
  if (a === undefined && b === undefined) return a;
  const both = (a ?? b ?? []).filter((reader) => (b ?? a ?? []).includes(reader));
  const sorted = [...new Set(both)].toSorted();
  return a?.length === sorted.length && a.every((one, i) => one === sorted[i]) ? a : sorted;
}

function lowerIntegrity(a: Label["integrity"], b: Label["integrity"]): Label["integrity"] {
  if (a === "untrusted" || b === "untrusted") return "untrusted";
  return a === "directory" || b === "directory" ? "directory" : "operator";
}

function higherSecrecy(a: Label["secrecy"], b: Label["secrecy"]): Label["secrecy"] {
  if (a === "secret" || b === "secret") return "secret";
  return a === "private" || b === "private" ? "private" : "public";
}

// Keeping the smallest sixteen, and not the first, makes the join independent of order.
function joinSources(a: string[], b: string[]): string[] {
  if (b.length === 0 && isNormal(a)) return a;
  const all = new Set(a);
  for (const source of b) all.add(source);
  if (all.size === a.length && isNormal(a)) return a;
  const more = all.delete(MORE);
  const sorted = [...all].toSorted();
  if (sorted.length <= SOURCES) return more ? [...sorted, MORE] : sorted;
  return [...sorted.slice(0, SOURCES), MORE];
}

function isNormal(sources: readonly string[]): boolean {
  const count = sources.at(-1) === MORE ? sources.length - 1 : sources.length;
  for (let i = 1; i < count; i++) {
    if ((sources[i - 1] ?? "") >= (sources[i] ?? "")) return false;
  }
  return count <= SOURCES;
}
