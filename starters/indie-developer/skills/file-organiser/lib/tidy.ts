/** What tidying did, counted. */
export interface Tidied {
  readonly text: string;
  /** Repeated list entries that were left out. */
  readonly repeated: number;
  /** Lists whose entries changed their order. */
  readonly sorted: number;
}

/**
 * A note in order: headings stand between single blank lines, trailing spaces are gone, a list
 * entry that is there twice in its list stays once, and open tasks come before done ones. Front
 * matter and fenced code stay as they are. No other line is dropped, and tidying twice changes
 * nothing more.
 */
export function tidyNote(text: string): Tidied {
  const { front, body } = splitFront(text.replaceAll("\r\n", "\n"));
  let repeated = 0;
  let sorted = 0;
  const blocks = blocksOf(body).map((block) => {
    if (block.kind !== "list") return block.lines.join("\n");
    const tidied = tidyList(entriesOf(block.lines));
    repeated += tidied.repeated;
    sorted += tidied.moved ? 1 : 0;
    return tidied.lines.join("\n");
  });
  return { text: noteOf(front, blocks), repeated, sorted };
}

/** A line above keeps what was no front matter from becoming it where it is first now. */
function noteOf(front: string, blocks: readonly string[]): string {
  const text = [...(front === "" ? [] : [front]), ...blocks].join("\n\n");
  if (text === "") return "";
  const above = front === "" && splitFront(text).front !== "" ? "\n" : "";
  return `${above}${text}\n`;
}

/** What of an inbox belongs to a day, and what is left of it. */
export interface Sorted {
  readonly tasks: readonly string[];
  readonly notes: readonly string[];
  readonly rest: string;
}

/** Takes out the entries that carry this date or none; entries of other days and headings stay. */
export function takeFrom(inbox: string, date: string): Sorted {
  const { front, body } = splitFront(inbox.replaceAll("\r\n", "\n"));
  const tasks: string[] = [];
  const notes: string[] = [];
  const rest: string[] = [];
  for (const block of blocksOf(body)) {
    if (block.kind === "heading") rest.push(block.lines.join("\n"));
    else if (block.kind === "list") {
      const kept: string[] = [];
      for (const entry of entriesOf(block.lines)) {
        const text = entry.join("\n");
        if (!isFor(entry[0] ?? "", date)) kept.push(text);
        else (isTask(entry[0] ?? "") ? tasks : notes).push(text);
      }
      if (kept.length > 0) rest.push(kept.join("\n"));
    } else {
      const goes = isFor(block.lines[0] ?? "", date);
      const text = block.lines.join("\n");
      if (goes) notes.push(text);
      else rest.push(text);
    }
  }
  return { tasks, notes, rest: noteOf(front, rest) };
}

/** A new note of a day made of what was taken from the inbox. */
export function dayNote(date: string, { tasks, notes }: Sorted): string {
  const sections = [`# ${date}`];
  if (tasks.length > 0) sections.push("## Tasks", tasks.join("\n"));
  if (notes.length > 0) sections.push("## Notes", joinEntries(notes));
  return `${sections.join("\n\n")}\n`;
}

/** List entries next to each other, everything else apart. */
function joinEntries(entries: readonly string[]): string {
  let text = "";
  let wasList = false;
  for (const entry of entries) {
    const isList = ENTRY.test(entry);
    text += text === "" ? entry : `${isList && wasList ? "\n" : "\n\n"}${entry}`;
    wasList = isList;
  }
  return text;
}

interface Block {
  readonly kind: "heading" | "list" | "text" | "code";
  readonly lines: readonly string[];
}

const ENTRY = /^(\s*)(?:[-*+]|\d{1,9}[.)])\s+\S/u;
const FENCE = /^(\s*)(`{3,}|~{3,})/u;

function splitFront(text: string): { readonly front: string; readonly body: string } {
  const front = /^---\n[\s\S]*?\n---(?=\n|$)/u.exec(text)?.[0] ?? "";
  return { front, body: text.slice(front.length) };
}

/** Cuts a note into headings, lists, paragraphs and fenced code. Blank lines are between them. */
function blocksOf(body: string): readonly Block[] {
  const blocks: OpenBlock[] = [];
  let open: OpenBlock | null = null;
  let fence: string | null = null;
  let gap = false;
  for (const raw of body.split("\n")) {
    if (fence !== null && open !== null) {
      open.lines.push(raw);
      if (closes(fence, raw)) {
        fence = null;
        if (open.kind === "code") open = null;
      }
      continue;
    }
    const line = raw.trimEnd();
    if (line === "") {
      gap = open !== null;
      continue;
    }
    const kind: Block["kind"] = isNested(open, line) ? "list" : kindOf(line);
    fence = FENCE.exec(line)?.[2] ?? null;
    if (open !== null && goesOn(open, kind, gap)) {
      // A blank line inside an entry belongs to it; between two entries it goes.
      if (gap && isNested(open, line)) open.lines.push("");
      open.lines.push(line);
    } else {
      open = { kind, lines: [line] };
      blocks.push(open);
    }
    if (kind === "heading") open = null;
    gap = false;
  }
  // Code that is never closed runs to the end, but not into the blank lines there.
  const last = blocks.at(-1);
  while (last && last.lines.length > 1 && last.lines.at(-1)?.trim() === "") last.lines.pop();
  return blocks;
}

interface OpenBlock {
  readonly kind: Block["kind"];
  readonly lines: string[];
}

function goesOn(open: OpenBlock, kind: Block["kind"], gap: boolean): boolean {
  return open.kind === kind && (kind === "list" || (kind === "text" && !gap));
}

/** True for a line indented below an entry of the open list. */
function isNested(open: OpenBlock | null, line: string): boolean {
  return open?.kind === "list" && /^(?:\s{2,}|\t)/u.test(line);
}

function closes(fence: string, line: string): boolean {
  return line.trim().startsWith(fence) && /^[`~]+$/u.test(line.trim());
}

function kindOf(line: string): Block["kind"] {
  if (/^#{1,6}(?:\s|$)/u.test(line)) return "heading";
  if (FENCE.test(line)) return "code";
  return ENTRY.test(line) ? "list" : "text";
}

/** The entries of a list, each with the lines indented below it. */
function entriesOf(lines: readonly string[]): readonly (readonly string[])[] {
  const base = Math.min(...lines.filter((line) => ENTRY.test(line)).map(indentOf));
  const entries: string[][] = [];
  let fence: string | null = null;
  for (const line of lines) {
    const begins = fence === null && ENTRY.test(line) && indentOf(line) <= base;
    if (fence !== null) fence = closes(fence, line) ? null : fence;
    else fence = FENCE.exec(line)?.[2] ?? null;
    const last = entries.at(-1);
    if (begins || !last) entries.push([line]);
    else last.push(line);
  }
  return entries;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function tidyList(entries: readonly (readonly string[])[]): {
  readonly lines: readonly string[];
  readonly repeated: number;
  readonly moved: boolean;
} {
  const seen = new Set<string>();
  const once = entries.filter((entry) => {
    const text = entry.join("\n");
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
  const order = openFirst(once);
  return {
    lines: order.flat(),
    repeated: entries.length - once.length,
    moved: order.some((entry, i) => entry !== once[i]),
  };
}

/** Tasks change places among themselves, open before done; what is no task keeps its place. */
function openFirst(entries: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const tasks = entries.filter((entry) => isTask(entry[0] ?? ""));
  const queue = [...tasks.filter((one) => !isDone(one)), ...tasks.filter(isDone)];
  let next = 0;
  return entries.map((entry) => (isTask(entry[0] ?? "") ? (queue[next++] ?? entry) : entry));
}

function isTask(line: string): boolean {
  return /^\s*[-*+]\s+\[[ xX]\]\s/u.test(line);
}

function isDone(entry: readonly string[]): boolean {
  return /^\s*[-*+]\s+\[[xX]\]\s/u.test(entry[0] ?? "");
}

/** True for a line that carries this date, or none. */
function isFor(line: string, date: string): boolean {
  const dates: readonly string[] = line.match(/\b\d{4}-\d{2}-\d{2}\b/gu) ?? [];
  return dates.length === 0 || dates.includes(date);
}
