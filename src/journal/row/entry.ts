import type { DatabaseSync, StatementSync } from "node:sqlite";
import { canonical } from "../../std/canonical.ts";
import { assert } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import type { Draft, Event } from "../../contracts/event.ts";

/**
 * How an event becomes the text that is hashed, and a row becomes an event again. The text is
 * canonical JSON put together by hand: its keys are few and known, and it is made for every append.
 */

/** What repeats from event to event, kept once, with the pieces of text it gives. */
export interface Form {
  readonly id: number;
  readonly actor: string;
  readonly isolation: Event["isolation"];
  readonly kind: string;
  readonly label: Event["label"];
  readonly policy: string | null;
  readonly before: string;
  readonly after: string;
}

/** What differs from event to event. */
export interface Entry {
  readonly seq: number;
  readonly at: number;
  readonly step: string | null;
  readonly digest: string;
  readonly bytes: number;
  readonly prev: string;
}

/** The canonical JSON of an event without its hash. `run` is the run's id as a JSON string. */
export function eventText(form: Form, run: string, entry: Entry): string {
  const step = entry.step === null ? "null" : JSON.stringify(entry.step);
  return (
    `${form.before}${entry.at},"body":{"bytes":${entry.bytes},"digest":"${entry.digest}"}` +
    `${form.after}${entry.prev}","run":${run},"seq":${entry.seq},"step":${step},"v":1}`
  );
}

export function eventHash(form: Form, run: string, entry: Entry): string {
  return sha256(eventText(form, run, entry));
}

export function eventOf(form: Form, run: string, entry: Entry, hash: string): Event {
  return {
    v: 1,
    seq: entry.seq,
    run,
    step: entry.step,
    at: entry.at,
    actor: form.actor,
    kind: form.kind,
    policy: form.policy,
    isolation: form.isolation,
    label: form.label,
    body: { digest: entry.digest, bytes: entry.bytes },
    prev: entry.prev,
    hash,
  };
}

/** A form's canonical JSON: what it is stored and found by. */
function textOf({ actor, isolation, kind, label, policy }: Fields): string {
  return (
    `{"actor":${JSON.stringify(actor)},"isolation":${JSON.stringify(isolation)},` +
    `"kind":${JSON.stringify(kind)},"label":${label === null ? "null" : canonical(label as Json)},` +
    `"policy":${JSON.stringify(policy)}}`
  );
}

/** Steps are named after their run; only what follows it is stored. */
export function packStep(run: string, step: string | null): string | null {
  if (step === null) return null;
  return step.startsWith(`${run}.`) ? step.slice(run.length) : `=${step}`;
}

export function unpackStep(run: string, stored: string | null): string | null {
  if (stored === null) return null;
  return stored.startsWith(".") ? run + stored : stored.slice(1);
}

/** A stored hash or salt as lower-case hex; empty for anything else. */
export function hex(blob: unknown): string {
  if (!(blob instanceof Uint8Array)) return "";
  const bytes: HexBytes = blob;
  if (bytes.toHex) return bytes.toHex();
  return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString("hex");
}

/** Hex as it is stored. */
export function unhex(digits: string): Uint8Array {
  return FROM_HEX ? FROM_HEX(digits) : Buffer.from(digits, "hex");
}

/** Newer runtimes convert several times as fast as a Buffer does. */
type HexBytes = Uint8Array & { toHex?(): string };
const FROM_HEX = (Uint8Array as { fromHex?(digits: string): Uint8Array }).fromHex?.bind(Uint8Array);

/** The forms of one journal, found by text when writing and by number when reading. */
export class Forms {
  /** The last form of each kind, with the label as it was given: what most appends look for. */
  readonly #byKind = new Map<string, { readonly form: Form; readonly label: Draft["label"] }>();
  readonly #byText = new Map<string, Form>();
  readonly #byId = new Map<number, Form>();
  readonly #find: StatementSync;
  readonly #load: StatementSync;
  readonly #add: StatementSync;

  constructor(db: DatabaseSync) {
    this.#find = db.prepare("SELECT id FROM forms WHERE text = ?");
    this.#load = db.prepare("SELECT text FROM forms WHERE id = ?");
    this.#add = db.prepare("INSERT INTO forms (text) VALUES (?) RETURNING id");
  }

  /** The draft's form, made if there is none. Inside the append's transaction. */
  ensure({ actor, isolation, label, policy, body: { kind } }: Draft): Form {
    const last = this.#byKind.get(kind);
    const isSame =
      last?.label === label &&
      last.form.actor === actor &&
      last.form.policy === policy &&
      last.form.isolation === isolation;
    if (isSame) return last.form;
    const form = this.#ensure(textOf({ actor, isolation, kind, label, policy }));
    this.#byKind.set(kind, { form, label });
    return form;
  }

  #ensure(text: string): Form {
    const known = this.#byText.get(text);
    if (known) return known;
    const row = this.#find.get(text) ?? this.#add.get(text);
    assert(row, "a form is found or made");
    return this.#keep(formOf(Number(row["id"]), text), text);
  }

  /** The form with this number, or null when the file does not have it or it is not a form. */
  byId(id: number): Form | null {
    const known = this.#byId.get(id);
    if (known) return known;
    const text = this.#load.get(id)?.["text"];
    const form = typeof text === "string" ? readForm(id, text) : null;
    return form && this.#keep(form, String(text));
  }

  /** After a rollback: what was made in it is not there. */
  forget(): void {
    this.#byKind.clear();
    this.#byText.clear();
    this.#byId.clear();
  }

  #keep(form: Form, text: string): Form {
    if (this.#byId.size >= KEPT) this.forget();
    this.#byText.set(text, form);
    this.#byId.set(form.id, form);
    return form;
  }
}

/** Forms kept in memory; a journal with more reads them again. */
const KEPT = 4096;

/** A stored form, or null when it is not what was stored. */
function readForm(id: number, text: string): Form | null {
  try {
    const form = formOf(id, text);
    // Two texts may parse to the same values; only one of them was written.
    return textOf(form) === text ? form : null;
  } catch {
    return null;
  }
}

type Fields = Pick<Form, "actor" | "isolation" | "kind" | "label" | "policy">;

function formOf(id: number, text: string): Form {
  const { actor, isolation, kind, label, policy } = JSON.parse(text) as Fields;
  // Every event of this form shares the label, so nobody may change it.
  if (label) Object.freeze(label.sources);
  Object.freeze(label);
  const labelText = label === null ? "null" : canonical(label as Json);
  return {
    id,
    actor,
    isolation,
    kind,
    label,
    policy,
    before: `{"actor":${JSON.stringify(actor)},"at":`,
    after:
      `,"isolation":${JSON.stringify(isolation)},"kind":${JSON.stringify(kind)},` +
      `"label":${labelText},"policy":${JSON.stringify(policy)},"prev":"`,
  };
}
