import { LIMITS } from "../limits.ts";

/**
 * Finds stored secrets by their exact value, in text that may come in pieces. Each value is looked
 * for in eight writings at once: as it is, base64, base64url, hex in lower and in upper case,
 * percent-encoded, as inside JSON and as inside HTML. In base64 it is found at all three places of
 * a group, so also as a part of something longer, such as `user:password`.
 *
 * One automaton over all writings (Aho and Corasick) reads each character once, however many secrets
 * there are, and keeps back from a stream only what may be the beginning of one.
 */

/** A stored secret: its name, which may be shown, and its value, which may not. */
export interface StoredSecret {
  readonly name: string;
  readonly value: string;
}

/** One place where a stored secret stands: UTF-16 offsets into the text. */
export interface StoredHit {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface StoredMatcher {
  /** Every place, in order; of those that overlap, the stretch they cover together. */
  find(text: string): readonly StoredHit[];
  /** The text with each replaced by `[secret:NAME]`. */
  redact(text: string): string;
  /** The same for text that comes in pieces, wherever it is cut. */
  stream(): RedactingStream;
}

export interface RedactingStream {
  /** What of all that was pushed can be let go. */
  push(piece: string): string;
  /** The rest. Call it once, after the last piece. */
  end(): string;
}

/**
 * A matcher for these secrets. A value shorter than `LIMITS.storedSecretChars` is not looked for, as
 * it would be found everywhere; nor is the same value twice.
 */
export function storedMatcher(secrets: readonly StoredSecret[]): StoredMatcher {
  const root = automaton(secrets);
  const hint = beginnings(root);
  const redact = (text: string): string => {
    if (!hint.test(text)) return text;
    const stream = openStream(root);
    return stream.push(text) + stream.end();
  };
  return {
    find: (text) => (hint.test(text) ? merged(reader(root).read(text)) : []),
    redact,
    stream: () => openStream(root),
  };
}

/** Every way of writing a value that is looked for. */
export function writingsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value, "utf8");
  const hex = bytes.toString("hex");
  const all = [
    value,
    ...base64Of(bytes, "base64"),
    ...base64Of(bytes, "base64url"),
    hex,
    hex.toUpperCase(),
    ...percentOf(value),
    JSON.stringify(value).slice(1, -1),
    value.replace(/[&<>"']/gu, (char) => HTML[char] ?? char),
  ];
  const least = LIMITS.storedSecretChars;
  return [...new Set(all)].filter((text) => text.length >= least);
}

const HTML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** The characters of base64 that this value alone decides, for each place it may begin at. */
function base64Of(bytes: Buffer, encoding: "base64" | "base64url"): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString(encoding)
      .replace(/=+$/u, "");
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(Math.ceil((before * 8) / 6), whole);
  });
}

/** As browsers, as the standard and as forms write it. */
function percentOf(value: string): string[] {
  const plain = encodeURIComponent(value);
  const code = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  const strict = plain.replace(/[!'()*]/gu, code);
  return [plain, strict, strict.replaceAll("%20", "+")];
}

/** A state: the longest beginning of some writing that the text read so far ends with. */
interface State {
  readonly depth: number;
  readonly next: Map<string, State>;
  fall: State | null;
  /** Length and name of the longest writing that ends here; null where none does. */
  found: { readonly length: number; readonly name: string } | null;
}

function automaton(secrets: readonly StoredSecret[]): State {
  const root: State = { depth: 0, next: new Map(), fall: null, found: null };
  for (const { name, value } of secrets) {
    if (value.length < LIMITS.storedSecretChars) continue;
    for (const text of writingsOf(value)) addWriting(root, text, name);
  }
  const queue: State[] = [...root.next.values()];
  for (const state of queue) state.fall = root;
  for (const state of queue) {
    for (const [char, child] of state.next) {
      child.fall = follow(state.fall ?? root, char, root);
      child.found ??= child.fall.found;
      queue.push(child);
    }
  }
  return root;
}

function addWriting(root: State, text: string, name: string): void {
  let state = root;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    let child = state.next.get(char);
    if (!child) state.next.set(char, (child = { ...EMPTY, depth: i + 1, next: new Map() }));
    state = child;
  }
  state.found ??= { length: text.length, name };
}

const EMPTY = { fall: null, found: null };

/** Finds where some writing may begin: nearly all texts are let go by it, at a fraction of the cost. */
function beginnings(root: State): RegExp {
  const found: string[] = [];
  const walk = (state: State, text: string): void => {
    if (state.depth === LIMITS.storedSecretChars) found.push(text);
    else for (const [char, next] of state.next) walk(next, text + char);
  };
  walk(root, "");
  const escaped = found.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&"));
  // An empty class matches nothing.
  return new RegExp(escaped.length === 0 ? "[]" : escaped.join("|"));
}

function follow(from: State, char: string, root: State): State {
  for (let state: State | null = from; state; state = state.fall) {
    const next = state.next.get(char);
    if (next) return next;
  }
  return root;
}

/** Reads on from where it was, and gives what ended since: offsets from the first piece's start. */
function reader(root: State): { read(piece: string): StoredHit[]; depth(): number } {
  let state = root;
  let at = 0;
  return {
    depth: () => state.depth,
    read: (piece) => {
      const hits: StoredHit[] = [];
      for (const char of piece.split("")) {
        state = follow(state, char, root);
        at += 1;
        if (!state.found) continue;
        hits.push({ name: state.found.name, start: at - state.found.length, end: at });
      }
      return hits;
    },
  };
}

/** Hits in the order of their ends, as stretches that do not overlap. */
function merged(hits: readonly StoredHit[]): StoredHit[] {
  const all: StoredHit[] = [];
  for (const hit of hits) {
    let { start, name } = hit;
    for (let last = all.at(-1); last && last.end > start; last = all.at(-1)) {
      start = Math.min(start, last.start);
      name = last.name;
      all.pop();
    }
    all.push({ name, start, end: hit.end });
  }
  return all;
}

function openStream(root: State): RedactingStream {
  const source = reader(root);
  /** What was read and not let go yet, where it begins, and what was found in it. */
  let held = "";
  let from = 0;
  let hits: readonly StoredHit[] = [];
  const release = (upTo: number): string => {
    let out = "";
    for (const { start, end, name } of hits) {
      if (start >= upTo) break;
      out += `${held.slice(0, start - from)}[secret:${name}]`;
      held = held.slice(end - from);
      from = end;
    }
    out += held.slice(0, Math.max(0, upTo - from));
    held = held.slice(Math.max(0, upTo - from));
    from = Math.max(from, upTo);
    hits = hits.filter(({ start }) => start >= from);
    return out;
  };
  return {
    push: (piece) => {
      held += piece;
      hits = merged([...hits, ...source.read(piece)]);
      const open = from + held.length - source.depth();
      const last = hits.at(-1);
      // What a longer one may still grow out of is let go only with it.
      return release(last && last.end > open ? Math.min(open, last.start) : open);
    },
    end: () => release(from + held.length),
  };
}
