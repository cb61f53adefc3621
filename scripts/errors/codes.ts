/**
 * Every code a failure can have, with what is said of it: read off the syntax of `src`, where it is
 * raised. A sentence that is put together elsewhere stands in a comment beside its code:
 *
 *     // run.denied: The gate did not let it begin. -> See why: nanos why STEP.
 *     // call.too_many -> Nothing: the model is told, and calls the rest later.
 *     // rules.* -> Mend that rule, then look again: nanos check FILE.
 *
 * so that there is no list apart from the code. A comment whose code is not in its file is a fault,
 * and so is a code of which too little is said.
 */
import type { Source } from "../tidy/house.ts";
import { type House, isNode, type Node, partsOf, Reader, wordOf } from "./reader.ts";

/** A code as the page and `nanos why CODE` tell of it; what is put in shows as `…`. */
export interface Coded {
  readonly code: string;
  readonly says: string;
  readonly next: string;
  /** Folders of `src` that raise it. */
  readonly from: readonly string[];
}

const CODE = /^[a-z][a-z_]*\.[a-z][a-z_]*$/u;
/** Calls that take dotted words which are no codes. */
const NO_RAISE = /^(?:join|resolve|has|includes|startsWith|endsWith|get|set|attribute)$/u;
const BESIDE = /(?:^|\s)\/\/ ([a-z][a-z_]*\.(?:\*|[a-z][a-z_]*))(?:: (.+?))? -> (.+)$/gmu;

interface Found {
  says: string;
  next: string;
  /** Both were said at one place. */
  whole?: boolean;
  readonly from: Set<string>;
}

/** Files that are named, and words of protocols and of subscriptions, which stand where codes do. */
const NO_CODE =
  /\.(?:css|db|html|js|svg|yaml)$|^plugin\.json$|^(?:chat\.completion|response\.(?:created|in_progress|failed)|file\.changed|schedule\.cron)$/u;
/** What tries the walls from inside, and a profile of another system's: nothing of it is told. */
const NO_SOURCE =
  /\/(?:testing|fixtures?)\/|^src\/sandbox\/(?:probing|seatbelt)\/|^src\/home\/settings\/(?:list|policies)\.ts$/u;

/** All codes of the house, and what is wrong with how they are told of; `kinds` are those of events. */
export function codesOf(
  house: readonly Source[],
  kinds: ReadonlySet<string>,
): { readonly codes: readonly Coded[]; readonly faults: readonly string[] } {
  const found = new Map<string, Found>();
  const faults: string[] = [];
  const sources = house.filter(
    ({ path, test }) => path.startsWith("src/") && !test && !NO_SOURCE.test(path),
  );
  const texts = new Map(sources.map(({ path, text }) => [path, text]));
  const files: House = { texts, readers: new Map() };
  for (const source of sources) {
    const note: Note = (code, says, next, sure = false) => {
      // A kind of event is a code as well where it is said to be one.
      if (!CODE.test(code) || (kinds.has(code) && !sure) || NO_CODE.test(code)) return;
      const entry = found.get(code) ?? { says: "", next: "", from: new Set<string>() };
      // Both are of one place: a sentence of one and the advice of another make no sense together.
      if (says !== "" && next !== "" && !entry.whole)
        Object.assign(entry, { says, next, whole: true });
      entry.says ||= says;
      entry.next ||= next;
      entry.from.add(source.path.split("/")[1] ?? "");
      found.set(code, entry);
    };
    const reader = Reader.of(source.path, files);
    if (reader !== null) raises(reader.program, reader, note);
  }
  for (const { path, text } of sources) {
    for (const [, code = "", says = "", next = ""] of text.matchAll(BESIDE)) {
      const named = [...found].filter(([one]) => one === code || isAll(code, one));
      if (named.length === 0 || !(code.endsWith("*") || text.includes(`"${code}"`))) {
        faults.push(`${path} tells of ${code} and does not raise it`);
      }
      for (const [, entry] of named) {
        if (code.endsWith("*") && entry.next !== "") continue;
        Object.assign(entry, { says: says === "" ? entry.says : says, next });
      }
    }
  }
  const codes = [...found].map(([code, { says, next, from }]) => ({
    ...{ code, says: filled(says), next: filled(next) },
    from: [...from].toSorted(),
  }));
  for (const { code, says, next, from } of codes) {
    const lacks = [says === "" ? "what happened" : "", next === "" ? "what to do" : ""];
    const named = lacks.filter(Boolean).join(" and ");
    if (named !== "") faults.push(`${code} (${from.join(", ")}) does not say ${named}`);
  }
  return { codes: codes.toSorted((a, b) => (a.code < b.code ? -1 : 1)), faults };
}

/** A place in a sentence that is filled in, as one that is put in. */
function filled(text: string): string {
  return text.replaceAll(/\{[a-zA-Z]+\}/gu, "…");
}

/** `rules.*` names all codes of rules. */
function isAll(pattern: string, code: string): boolean {
  return pattern.endsWith(".*") && code.startsWith(pattern.slice(0, -1));
}

type Note = (code: string, says: string, next: string, sure?: boolean) => void;

function surely(note: Note): Note {
  return (code, says, next) => note(code, says, next, true);
}

/** Every place a failure is made: thrown, returned, handed to what makes it, or listed by its code. */
function raises(node: Node, reader: Reader, note: Note): void {
  if (node.type === "ObjectExpression") {
    ofObject(node, reader, note);
  } else if (node.type === "ArrayExpression") {
    const [code, says, next] = node["elements"] as readonly Node[];
    // What is said and what to do, handed on as one.
    if (isNode(code) && isNode(next)) told(reader, note, [code, says, next]);
  } else if (node.type === "NewExpression" || node.type === "CallExpression") {
    ofCall(node, reader, note);
  }
  for (const part of partsOf(node)) raises(part, reader, note);
}

/** `{ code: "run.denied", message, next }`, and `{ "run.denied": text("It …", "Do …") }`. */
function ofObject(node: Node, reader: Reader, note: Note): void {
  const fields = new Map<string, Node>();
  for (const property of node["properties"] as readonly Node[]) {
    if (property.type !== "Property") continue;
    const key = property["key"] as Node;
    const name = wordOf(key["name"]) || wordOf(key["value"]);
    fields.set(name, property["value"] as Node);
  }
  const code = fields.get("code");
  if (code !== undefined) {
    const says = fields.get("message") ?? fields.get("sentence");
    told(reader, surely(note), [code, says, fields.get("next")]);
  }
  for (const [name, value] of fields) {
    const listed = value["arguments"] ?? value["elements"];
    if (CODE.test(name) && Array.isArray(listed)) {
      const [says, next] = (listed as readonly Node[]).map((one) => reader.textOf(one));
      if (says !== undefined && next !== undefined) note(name, says, next);
    } else if (CODE.test(name) && value.type === "Literal" && reader.textOf(value) !== "") {
      note(name, "", reader.textOf(value));
    }
  }
}

/** `new NanosError(code, says, next)`, and whatever takes a code with what is said after it. */
function ofCall(node: Node, reader: Reader, note: Note): void {
  const callee = node["callee"] as Node;
  const name = wordOf(callee["name"]) || wordOf((callee["property"] as Node | undefined)?.["name"]);
  if (NO_RAISE.test(name)) return;
  const given = node["arguments"] as readonly Node[];
  const isError = node.type === "NewExpression" && name === "NanosError";
  given.forEach((one, at) => {
    if (!isNode(one) || (isError && at > 0)) return;
    if (isError || reader.wordsIn(one).length > 0) {
      told(reader, isError ? surely(note) : note, [one, given[at + 1], given[at + 2]]);
    }
  });
}

/** A code with what is said of it; where the code is a choice, what is said may be the same one. */
function told(
  reader: Reader,
  note: Note,
  [code, says, next]: readonly [Node, Node | undefined, Node | undefined],
): void {
  for (const call of reader.callsFor(code)) {
    reader.by(call, () => {
      const words = reader.wordsOf(code);
      words.forEach((word, at) => {
        if (!CODE.test(word)) return;
        const side = words.length !== 2 ? null : at === 0 ? 0 : 1;
        note(word, reader.textOf(says, side), reader.textOf(next, side));
      });
    });
  }
}
