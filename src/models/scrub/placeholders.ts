import { LIMITS } from "../../std/limits.ts";
import { findSensitive } from "../../std/sensitive/sensitive.ts";

/**
 * Placeholders: `Email_1` in place of an address, and back again. They are numbered by when their
 * value first stands in the conversation, so that the same conversation, grown by a message, begins
 * with the same bytes; nothing of the table is kept or sent. What already looks like a placeholder
 * gets one too, so that what comes back is what was there.
 */
export interface Placeholders {
  /** The text with everything sensitive in it replaced. Texts are given in their order. */
  scrub(text: string): string;
  /** The text with every placeholder of this table replaced by its value; others stay. */
  restore(text: string): string;
  /** The same for text that comes in pieces, wherever it is cut. */
  stream(): RestoringStream;
}

export interface RestoringStream {
  /** What of all that was pushed can be let go. */
  push(piece: string): string;
  /** The rest. */
  end(): string;
}

/** What a placeholder says of the value it stands for. */
const GROUPS = ["Email", "Phone", "Card", "Iban", "Ssn", "User", "Secret", "Word"] as const;
type Group = (typeof GROUPS)[number];

const PLACEHOLDER = new RegExp(`\\b(?:${GROUPS.join("|")})_\\d{1,6}\\b`, "gu");
/** A word that is one, or may become one. */
const BEGUN = new RegExp(`^(?:${GROUPS.join("|")})_\\d{0,6}$`, "u");
const WORD = /[A-Za-z0-9_]/u;

/** An empty table, for one conversation. */
export function openPlaceholders(): Placeholders {
  const names = new Map<string, string>();
  const values = new Map<string, string>();
  const counts = new Map<Group, number>();
  const nameOf = (group: Group, value: string): string => {
    const known = names.get(value);
    if (known !== undefined) return known;
    const n = (counts.get(group) ?? 0) + 1;
    counts.set(group, n);
    const name = `${group}_${n}`;
    names.set(value, name);
    values.set(name, value);
    return name;
  };
  const restore = (text: string): string =>
    text.replace(PLACEHOLDER, (name) => values.get(name) ?? name);
  return {
    restore,
    stream: () => openStream(restore),
    scrub: (text) => {
      let out = "";
      let at = 0;
      for (const { group, start, end } of placesIn(text, names.keys())) {
        out += text.slice(at, start) + nameOf(group, text.slice(start, end));
        at = end;
      }
      return out + text.slice(at);
    },
  };
}

interface Place {
  readonly group: Group;
  readonly start: number;
  readonly end: number;
}

/** Everything to be replaced, as stretches of whole words that do not touch, in their order. */
function placesIn(text: string, known: Iterable<string>): readonly Place[] {
  const found: Place[] = findSensitive(text).map(({ kind, class: is, start, end }) => ({
    group: is === "secret" ? "Secret" : (PERSONAL[kind] ?? "Word"),
    ...{ start, end },
  }));
  for (const hit of text.matchAll(PLACEHOLDER)) found.push(placeOf("Word", hit[0], hit.index));
  for (const { groups, index, 0: all } of text.matchAll(HOME)) {
    const user = groups?.["user"] ?? "";
    found.push(placeOf("User", user, index + all.length - user.length));
  }
  // What was found once is known from then on, also where nothing around it gives it away.
  for (const value of known) {
    if (value.length < LIMITS.scrubKnownChars) continue;
    for (let i = text.indexOf(value); i >= 0; i = text.indexOf(value, i + value.length)) {
      found.push(placeOf("Word", value, i));
    }
  }
  return merged(found.map((place) => wholeWords(text, place)));
}

const PERSONAL: Readonly<Record<string, Group>> = {
  email: "Email",
  phone: "Phone",
  card: "Card",
  iban: "Iban",
  ssn: "Ssn",
};

/** The folder of a person, which is their name. */
const HOME = /(?:\/home|\/Users|[A-Za-z]:\\Users)[/\\](?<user>[\w.-]{1,64})/gu;

function placeOf(group: Group, value: string, start: number): Place {
  return { group, start, end: start + value.length };
}

/** A placeholder has to stand alone to be known again. */
function wholeWords(text: string, { group, start, end }: Place): Place {
  let from = start;
  let to = end;
  while (from > 0 && WORD.test(text.charAt(from - 1))) from -= 1;
  while (to < text.length && WORD.test(text.charAt(to))) to += 1;
  return { group, start: from, end: to };
}

function merged(places: readonly Place[]): readonly Place[] {
  const all: Place[] = [];
  for (const place of places.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = all.at(-1);
    if (last === undefined || place.start > last.end) all.push(place);
    else if (place.end > last.end) all[all.length - 1] = { ...last, end: place.end };
  }
  return all;
}

function openStream(restore: (text: string) => string): RestoringStream {
  /** The last word, while it may still become a placeholder. */
  let held = "";
  /** True in the middle of a word that is none, the beginning of which is gone. */
  let inWord = false;
  return {
    push: (piece) => {
      let text = held + piece;
      let out = "";
      held = "";
      if (inWord) {
        out = /^[A-Za-z0-9_]*/u.exec(text)?.[0] ?? "";
        text = text.slice(out.length);
        if (text === "") return out;
        inWord = false;
      }
      const last = /[A-Za-z0-9_]*$/u.exec(text)?.[0] ?? "";
      out += restore(text.slice(0, text.length - last.length));
      if (BEGUN.test(last) || GROUPS.some((group) => `${group}_`.startsWith(last))) {
        held = last;
        return out;
      }
      inWord = true;
      return out + last;
    },
    end: () => {
      const rest = restore(held);
      held = "";
      return rest;
    },
  };
}
