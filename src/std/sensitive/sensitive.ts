import { PERSONAL_SHAPES } from "./personal.ts";
import { LABELLED_SHAPES } from "./labelled.ts";
import { CARRIER_SHAPES } from "./carriers.ts";
import { TOKEN_SHAPES } from "./tokens.ts";

/**
 * Finds what must not be kept or sent by itself: keys, tokens and passwords (`secret`), and numbers
 * and addresses that belong to a person (`personal`). It looks at the text as it is, before anything
 * is cut out of it.
 *
 * A shape names literals it cannot be without. They are looked for first, and only where one stands
 * is the pattern tried, once, over a bounded stretch: so the cost is linear, whatever the text, and
 * there is no length after which nothing is found any more.
 */

/** A secret opens something; what is personal is about somebody. */
export type SensitiveClass = "secret" | "personal";

/** One thing found. `start` and `end` are UTF-16 offsets; what names a secret stays outside them. */
export interface Hit {
  /** Which shape it has: `github-token`, `iban`. */
  readonly kind: string;
  readonly class: SensitiveClass;
  readonly start: number;
  readonly end: number;
}

/** How one kind of sensitive text looks. */
export interface Shape {
  readonly kind: string;
  readonly class: SensitiveClass;
  /** Literals, or one global pattern of few characters, at which it is worth looking. */
  readonly at: readonly string[] | RegExp;
  /** Characters before the literal that belong to it, and how many at most. */
  readonly lead?: { readonly chars: RegExp; readonly max: number };
  /**
   * Sticky. Tried once where a literal stands, or where its lead begins. Every repetition is bounded
   * and no two that follow each other match the same characters. A group `value` is what is found.
   */
  readonly pattern: RegExp;
  /** The last word, for what a pattern cannot say: a checksum, a placeholder. */
  readonly holds?: (value: string, text: string, start: number) => boolean;
}

const SHAPES: readonly Shape[] = [
  ...TOKEN_SHAPES,
  ...CARRIER_SHAPES,
  ...LABELLED_SHAPES,
  ...PERSONAL_SHAPES,
];

/**
 * Everything sensitive in a text, in its order; of two that overlap the one that begins first. What is
 * a secret is never taken for something personal: the password in an address looks like a mailbox.
 */
export function findSensitive(text: string): readonly Hit[] {
  const hits = SHAPES.flatMap((shape) => hitsOf(shape, text));
  const secrets = apart(hits.filter((hit) => hit.class === "secret"));
  const isFree = (hit: Hit): boolean =>
    hit.class === "personal" &&
    !secrets.some(({ start, end }) => start < hit.end && hit.start < end);
  return [...secrets, ...apart(hits.filter(isFree))].sort((a, b) => a.start - b.start);
}

/** In their order, without those that begin in one before. */
function apart(hits: readonly Hit[]): readonly Hit[] {
  let end = 0;
  return hits
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
    .filter((hit) => {
      if (hit.start < end) return false;
      end = hit.end;
      return true;
    });
}

/** The text with everything sensitive of these classes replaced by its kind, as in `[iban]`. */
export function redactSensitive(
  text: string,
  classes: readonly SensitiveClass[] = ["secret", "personal"],
): string {
  let kept = "";
  let at = 0;
  for (const hit of findSensitive(text)) {
    if (!classes.includes(hit.class)) continue;
    kept += `${text.slice(at, hit.start)}[${hit.kind}]`;
    at = hit.end;
  }
  return kept + text.slice(at);
}

function hitsOf(shape: Shape, text: string): Hit[] {
  const hits: Hit[] = [];
  let past = 0;
  for (const at of placesOf(shape.at, text)) {
    if (at < past) continue;
    const hit = hitAt(shape, text, at, past);
    if (hit === null) continue;
    hits.push(hit);
    past = hit.end;
  }
  return hits;
}

function hitAt(shape: Shape, text: string, at: number, past: number): Hit | null {
  const from = shape.lead ? leadStart(shape.lead, text, at, past) : at;
  shape.pattern.lastIndex = from;
  const found = shape.pattern.exec(text);
  if (found === null) return null;
  const value = found.groups?.["value"] ?? found[0];
  const start = from + found[0].lastIndexOf(value);
  if (shape.holds && !shape.holds(value, text, start)) return null;
  return { kind: shape.kind, class: shape.class, start, end: start + value.length };
}

function leadStart(lead: NonNullable<Shape["lead"]>, text: string, at: number, past: number) {
  const least = Math.max(past, at - lead.max);
  let start = at;
  while (start > least && lead.chars.test(text.charAt(start - 1))) start -= 1;
  return start;
}

function* placesOf(at: Shape["at"], text: string): Generator<number> {
  if (at instanceof RegExp) {
    for (const found of text.matchAll(at)) yield found.index;
    return;
  }
  for (const literal of at) {
    for (let i = text.indexOf(literal); i >= 0; i = text.indexOf(literal, i + 1)) yield i;
  }
}
