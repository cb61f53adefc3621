import { joinLabels } from "../../gate/labels.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import {
  type RedactingStream,
  type StoredMatcher,
  storedMatcher,
} from "../../std/sensitive/stored.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Label } from "../../contracts/label.ts";
import type { AssistantMessage } from "../../contracts/message.ts";
import type { Journal } from "../../journal/journal.ts";
import type { Secrets } from "../../home/secrets/secrets.ts";
import type { Want } from "../proposal.ts";

/**
 * Keeps the values of stored secrets out of a run. There are five places where text from outside
 * comes in, and one where it goes out:
 *
 *     begin   the operator's request and arguments
 *     effect  whatever an action came to: a tool's output, a page, a model's answer, a failure
 *     reach   what a running tool asks back for
 *     deltas  a model's answer while it arrives, for the screen
 *     stage   what a call wrote, before any of it is put in place
 *
 *     model   what a model is sent
 *
 * So all the kernel ever works with, records and shows is clean. The journal looks once more at all
 * that is appended, whoever appends it. A value is looked for as `std/sensitive/stored.ts` says.
 */
export interface Guard {
  /**
   * Learns the values as they are now. Where they are locked, nothing of nanos can give one out.
   *
   * @throws NanosError `secret.damaged`, `secret.wrong_passphrase`, `key.unsafe`.
   */
  ready(): Promise<void>;
  /** The value with every secret in its texts replaced, and the names of those it held. */
  clean<T>(value: T): Cleaned<T>;
  /** The same for what never changes, remembered by identity. */
  same<T extends object>(value: T): T;
  /** Finds the names of secrets that stand in what a file holds; null where nothing is looked for. */
  search(): ((content: Iterable<Uint8Array>) => readonly string[]) | null;
  /** For text that comes in pieces; null where nothing is looked for. */
  stream(): RedactingStream | null;
}

export interface Cleaned<T> {
  readonly value: T;
  readonly held: readonly string[];
}

/** A guard over the secrets of a store. */
export function openGuard(store: Pick<Secrets, "open">): Guard {
  let values: Awaited<ReturnType<Secrets["open"]>> | null = null;
  let matcher: StoredMatcher | null = null;
  let known = new WeakMap<object, object>();
  const clean = <T>(value: T): Cleaned<T> => {
    if (!matcher) return { value, held: [] };
    const held = new Set<string>();
    return { value: cleaned(value, matcher, held) as T, held: [...held] };
  };
  return {
    clean,
    ready: async () => {
      const now = await store.open().catch(unlessLocked);
      if (now === null || now === values) return;
      values = now;
      known = new WeakMap();
      const secrets = [...now].map(([name, { value }]) => ({ name, value }));
      matcher = secrets.length === 0 ? null : storedMatcher(secrets);
    },
    same: <T extends object>(value: T): T => {
      if (!matcher) return value;
      const found = known.get(value) ?? (clean(value).value as object);
      known.set(value, found);
      return found as T;
    },
    search: () => {
      const known = matcher;
      return known && ((content) => namesIn(content, known));
    },
    stream: () => matcher?.stream() ?? null,
  };
}

/** A piece is looked at with the end of the one before it, as a value may be cut by them. */
function namesIn(content: Iterable<Uint8Array>, matcher: StoredMatcher): readonly string[] {
  const names = new Set<string>();
  const decoder = new TextDecoder("utf-8");
  let text = "";
  for (const piece of content) {
    text = text.slice(-LONGEST) + decoder.decode(piece, { stream: true });
    for (const { name } of matcher.find(text)) names.add(name);
    // As UTF-16 it has a byte of nothing beside each letter.
    const shown = plainText(text);
    if (shown !== text) for (const { name } of matcher.find(shown)) names.add(name);
  }
  return [...names].toSorted();
}

/** Characters of the longest writing of a secret: `&quot;` for each of its bytes, as UTF-16. */
const LONGEST = 2 * 6 * LIMITS.secretBytes;

function unlessLocked(error: unknown): null {
  if (error instanceof NanosError && error.code === "secret.locked") return null;
  throw error;
}

/** Texts and names of fields, at any depth; what holds nothing stays the very object it was. */
function cleaned(value: unknown, matcher: StoredMatcher, held: Set<string>): unknown {
  if (typeof value === "string") return cleanText(value, matcher, held);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => cleaned(item, matcher, held));
    return items.every((item, i) => item === value[i]) ? value : items;
  }
  let changed = false;
  const entries = Object.entries(value).map(([key, item]: [string, unknown]) => {
    const entry = [cleanText(key, matcher, held), cleaned(item, matcher, held)] as const;
    changed ||= entry[0] !== key || entry[1] !== item;
    return entry;
  });
  return changed ? Object.fromEntries(entries) : value;
}

/** As it is, and as it would be shown: what is dropped then must not have hidden one. */
function cleanText(text: string, matcher: StoredMatcher, held: Set<string>): string {
  if (text.length < LIMITS.storedSecretChars) return text;
  const cleaned = replaced(text, matcher, held);
  const shown = plainText(cleaned);
  if (shown === cleaned) return cleaned;
  const again = replaced(shown, matcher, held);
  return again === shown ? cleaned : again;
}

function replaced(text: string, matcher: StoredMatcher, held: Set<string>): string {
  const hits = matcher.find(text);
  if (hits.length === 0) return text;
  let out = "";
  let at = 0;
  for (const { name, start, end } of hits) {
    held.add(name);
    out += `${text.slice(at, start)}[secret:${name}]`;
    at = end;
  }
  return out + text.slice(at);
}

/**
 * What an action came to, as it may be recorded and gone on with. What held a secret is labelled so,
 * as more of it may stand there in a form nobody knows.
 */
export function cleanDraft(guard: Guard, draft: Draft): Draft {
  const { value, held } = guard.clean(draft);
  if (held.length === 0) return draft;
  const { body } = value;
  if (body.kind === "model.answered" && draft.body.kind === "model.answered") {
    return { ...value, body: { ...body, message: cleanMessage(guard, draft.body.message) } };
  }
  if (body.kind !== "action.settled" || value.label === null) return value;
  const label = secretLabel(value.label, held);
  const { outcome } = body;
  const own = outcome.status === "done" && outcome.own ? secretLabel(outcome.own, held) : null;
  return {
    ...value,
    label,
    body: own ? { ...body, outcome: { ...outcome, own } as typeof outcome } : body,
  };
}

/** A call keeps the names of the secrets its arguments held, as the gate asks for them. */
function cleanMessage(guard: Guard, { role, parts }: AssistantMessage): AssistantMessage {
  return {
    role,
    parts: parts.map((part) => {
      const { value, held } = guard.clean(part);
      return value.type === "call" && held.length > 0 ? { ...value, secrets: [...held] } : value;
    }),
  };
}

/** The journal behind a last look at all that is appended, whoever appends it. */
export function cleanJournal(journal: Journal, guard: Guard): Journal {
  return {
    ...journal,
    append: (drafts) => journal.append(drafts.map((draft) => guard.clean(draft).value)),
  };
}

/** The want of somebody whose arguments held these secrets: no more than their handles are left. */
export function heldWant(want: Want, held: readonly string[] | undefined): Want {
  if (held === undefined || held.length === 0) return want;
  const { action } = want;
  return { ...want, action: { ...action, label: secretLabel(action.label, held) } };
}

/** Names of the secrets a recorded action held beside what its run was labelled with. */
export function heldIn(label: Label): readonly string[] {
  if (label.secrecy !== "secret") return [];
  return label.sources.flatMap((source) => (source.startsWith("secret:") ? [source.slice(7)] : []));
}

function secretLabel(label: Label, held: readonly string[]): Label {
  const sources = held.map((name) => `secret:${name}`);
  return joinLabels(label, { integrity: label.integrity, secrecy: "secret", sources });
}
