import { isObject, type Json } from "../std/json.ts";

/** Where the parts of a text go once it is clear what they are. */
export interface Sink {
  text(text: string): void;
  thinking(text: string): void;
  /** A call that was printed; `args` is its JSON as text, possibly broken. */
  call(name: string, args: string): void;
}

/**
 * Small models print their tool calls and their reasoning into the text. This sits in the stream
 * of text, holds back what may be a call until that is known, and lets everything else through as
 * it comes. What it recognises, only when it names a tool of the request:
 *
 * - `<tool_call>{"name": …, "arguments": {…}}</tool_call>`
 * - `<function=NAME>{…}</function>`
 * - `[TOOL_CALLS] [{…}, …]` and `[TOOL_CALLS]NAME[ARGS]{…}`, to the end of the text
 * - a code fence of JSON, first in its line, that holds such an object or a list of them
 * - such an object, or a list of them, that is the whole text
 * - `<think>…</think>` before anything else, which is reasoning
 */
export class Screen {
  readonly #tools: ReadonlySet<string>;
  readonly #sink: Sink;
  #state: State = { at: "flow" };
  /** Nothing but white space has been let through or recognised so far. */
  #blank = true;
  /** The next character is the first of its line, white space aside. */
  #lineStart = true;
  /** The character before the next one; a mark in quotes is quoted, not used. */
  #before = "";
  /** White space is dropped: a call, or the reasoning, has just ended. */
  #afterCall = false;

  constructor(tools: ReadonlySet<string>, sink: Sink) {
    this.#tools = tools;
    this.#sink = sink;
  }

  feed(delta: string): void {
    let rest = delta;
    while (rest !== "") rest = this.#step(rest);
  }

  /** No more text: what is still held is decided with what there is. */
  end(): void {
    const state = this.#state;
    this.#state = { at: "flow" };
    if (state.at === "mark") this.#release(state.held);
    if (state.at === "think") this.#sink.thinking(state.tail);
    if (state.at !== "block") return;
    const raw = state.pieces.join("");
    const calls = callsIn(state.kind, raw, this.#tools);
    if (calls === null) this.#release(raw);
    else this.#accept(calls);
  }

  /** A real call arrived, so what was printed is not one. */
  giveUp(): void {
    const state = this.#state;
    this.#state = { at: "flow" };
    if (state.at === "mark") this.#release(state.held);
    if (state.at === "think") this.#sink.thinking(state.tail);
    if (state.at === "block") this.#release(state.pieces.join(""));
  }

  /** Takes some of `text`; returns what is left to look at. */
  #step(text: string): string {
    switch (this.#state.at) {
      case "flow":
        return this.#flow(text);
      case "mark":
        return this.#mark(this.#state.held + text);
      case "think":
        return this.#think(this.#state.tail + text, this.#state.fresh);
      case "block":
        return this.#block(this.#state, text);
    }
  }

  #flow(text: string): string {
    const at = this.#watching() ? triggerAt(text, this.#before, this.#lineStart, this.#blank) : -1;
    if (at === -1) {
      this.#release(text);
      return "";
    }
    this.#release(text.slice(0, at));
    this.#state = { at: "mark", held: "" };
    return text.slice(at);
  }

  #watching(): boolean {
    return this.#tools.size > 0 || this.#blank;
  }

  #mark(held: string): string {
    const mark = markOf(held, this.#blank, this.#tools.size > 0);
    if (mark === "wait") {
      this.#state = { at: "mark", held };
      return "";
    }
    if (mark === "none") {
      // The first character was no marker; what follows it may hold one.
      this.#state = { at: "flow" };
      this.#release(held.slice(0, 1));
      return held.slice(1);
    }
    if (mark === "think") {
      this.#state = { at: "think", tail: "", fresh: true };
      return held.slice("<think>".length);
    }
    this.#state = { at: "block", kind: mark, pieces: [], tail: "", tries: 0 };
    return held;
  }

  #think(seen: string, fresh: boolean): string {
    const text = fresh ? seen.replace(/^\n+/u, "") : seen;
    const close = text.indexOf("</think>");
    if (close !== -1) {
      if (close > 0) this.#sink.thinking(text.slice(0, close));
      this.#state = { at: "flow" };
      this.#afterCall = true;
      return text.slice(close + "</think>".length);
    }
    const keep = overlap(text, "</think>");
    if (keep < text.length) this.#sink.thinking(text.slice(0, text.length - keep));
    const tail = text.slice(text.length - keep);
    this.#state = { at: "think", tail, fresh: fresh && tail === text };
    return "";
  }

  #block(state: Block, text: string): string {
    const until = CLOSE[state.kind];
    if (until === null) {
      state.pieces.push(text);
      return "";
    }
    const seen = state.tail + text;
    // The fence's own opening must not be taken for its end.
    const from = state.pieces.length === 0 ? OPEN_CHARS : 0;
    const at = seen.indexOf(until, from);
    if (at === -1) {
      state.pieces.push(text);
      state.tail = seen.slice(-(until.length - 1));
      return "";
    }
    const end = at + until.length - state.tail.length;
    state.pieces.push(text.slice(0, end));
    state.tail = "";
    this.#close(state);
    return text.slice(end);
  }

  /** A closing mark was seen; inside a JSON string it closes nothing, so more may have to come. */
  #close(state: Block): void {
    const raw = state.pieces.join("");
    const calls = callsIn(state.kind, raw, this.#tools);
    if (calls !== null) {
      this.#state = { at: "flow" };
      this.#accept(calls);
      return;
    }
    state.pieces = [raw];
    state.tries += 1;
    if (state.tries < CLOSING_TRIES && !isJson(inside(state.kind, raw))) return;
    this.#state = { at: "flow" };
    this.#release(raw);
  }

  #accept(calls: readonly PrintedCall[]): void {
    for (const call of calls) this.#sink.call(call.name, call.args);
    this.#afterCall = true;
    this.#lineStart = true;
    this.#blank = false;
  }

  #release(text: string): void {
    let out = text;
    if (this.#afterCall) {
      out = out.trimStart();
      this.#lineStart = true;
      if (out === "") return;
      this.#afterCall = false;
    }
    if (out === "") return;
    this.#before = out.slice(-1);
    const newline = out.lastIndexOf("\n");
    if (newline !== -1 || this.#lineStart) {
      this.#lineStart = out.slice(newline + 1).trim() === "";
    }
    if (this.#blank) this.#blank = out.trim() === "";
    this.#sink.text(out);
  }
}

interface PrintedCall {
  readonly name: string;
  readonly args: string;
}

type Kind = "tag" | "function" | "list" | "fence" | "bare";

interface Block {
  readonly at: "block";
  readonly kind: Kind;
  pieces: string[];
  /** End of what was seen, as long as a closing mark could begin in it. */
  tail: string;
  tries: number;
}

type State =
  | { readonly at: "flow" }
  | { readonly at: "mark"; readonly held: string }
  /** `fresh`: line breaks before the reasoning are dropped. */
  | { readonly at: "think"; readonly tail: string; readonly fresh: boolean }
  | Block;

const CLOSE: Readonly<Record<Kind, string | null>> = {
  tag: "</tool_call>",
  function: "</function>",
  list: null,
  fence: "```",
  bare: null,
};
const OPEN_CHARS = 3;
/** Closing marks inside a block's JSON strings that are borne before it counts as text. */
const CLOSING_TRIES = 8;
const MARK_CHARS = 64;
const TRIGGER = /[<[`{]/gu;
const FENCE = /^```[ \t]*(?:json|tool_call|tool_calls|tool_code)?\s*(?:([{[])|$)/u;
const BARE = /^(?:\[\s*)?\{\s*"(?:name|function|tool|type|arguments|parameters)"/u;
const BARE_PREFIX = /^(?:\[\s*)?(?:\{\s*(?:"[a-z]{0,12})?)?$/u;

/** Where a marker may begin in `text`, or -1. */
function triggerAt(text: string, before: string, lineStart: boolean, blank: boolean): number {
  TRIGGER.lastIndex = 0;
  for (let hit = TRIGGER.exec(text); hit !== null; hit = TRIGGER.exec(text)) {
    const { index } = hit;
    const mark = hit[0];
    if (mark === "<" || mark === "[") {
      if (!/["'`]/u.test(text[index - 1] ?? before)) return index;
      continue;
    }
    const newline = text.lastIndexOf("\n", index);
    const first = (newline !== -1 || lineStart) && text.slice(newline + 1, index).trim() === "";
    if (!first || (mark === "{" && !(blank && text.slice(0, index).trim() === ""))) continue;
    return index;
  }
  return -1;
}

function markOf(held: string, blank: boolean, tools: boolean): Kind | "think" | "none" | "wait" {
  let wait = false;
  if (blank) {
    if (held.startsWith("<think>")) return "think";
    wait = "<think>".startsWith(held);
  }
  if (!tools) return wait ? "wait" : "none";
  if (held.startsWith("<tool_call>")) return "tag";
  if (held.startsWith("<function=")) return "function";
  if (held.startsWith("[TOOL_CALLS]")) return "list";
  if (blank && BARE.test(held)) return "bare";
  const fence = FENCE.exec(held);
  if (fence?.[1] !== undefined) return "fence";
  wait ||= ["<tool_call>", "<function=", "[TOOL_CALLS]"].some((open) => open.startsWith(held));
  wait ||= blank && BARE_PREFIX.test(held);
  wait ||= fence !== null || /^`{1,3}[ \t]*[a-z_]*$/u.test(held);
  return wait && held.length < MARK_CHARS ? "wait" : "none";
}

/** What stands between the marks of a block. */
function inside(kind: Kind, raw: string): string {
  switch (kind) {
    case "tag":
      return raw.replace(/^<tool_call>/u, "").replace(/<\/tool_call>$/u, "");
    case "function":
      return raw.replace(/^<function=[^>]*>/u, "").replace(/<\/function>\s*$/u, "");
    case "list":
      return raw.replace(/^\[TOOL_CALLS\]/u, "");
    case "fence":
      return raw.replace(/^```[ \t]*[a-z_]*/u, "").replace(/```\s*$/u, "");
    case "bare":
      return raw;
  }
}

/** The calls a block holds; null when it holds anything else, and then it is text. */
function callsIn(
  kind: Kind,
  raw: string,
  tools: ReadonlySet<string>,
): readonly PrintedCall[] | null {
  const body = inside(kind, raw).trim();
  if (kind === "function") {
    const name = /^<function=([^>\s]+)\s*>/u.exec(raw)?.[1];
    return name !== undefined && tools.has(name) ? [{ name, args: body }] : null;
  }
  if (kind === "list" && !body.startsWith("[")) return argsList(body, tools);
  const value = parsed(body);
  const items = Array.isArray(value) ? (value as readonly Json[]) : [value];
  const calls = items.map((item) => callOf(item, tools, kind === "tag" || kind === "list"));
  return calls.length > 0 && calls.every((call) => call !== null) ? calls : null;
}

/** `NAME[ARGS]{…}`, possibly several after further `[TOOL_CALLS]`. */
function argsList(body: string, tools: ReadonlySet<string>): readonly PrintedCall[] | null {
  const calls: PrintedCall[] = [];
  for (const item of body.split("[TOOL_CALLS]")) {
    const at = item.indexOf("[ARGS]");
    const name = item.slice(0, Math.max(at, 0)).trim();
    if (!tools.has(name)) return null;
    calls.push({ name, args: item.slice(at + "[ARGS]".length).trim() });
  }
  return calls;
}

/** `bareName`: a name without arguments is enough, because the mark already says it is a call. */
function callOf(
  value: Json | undefined,
  tools: ReadonlySet<string>,
  bareName: boolean,
): PrintedCall | null {
  if (!isObject(value)) return null;
  const held = isObject(value["function"]) ? value["function"] : value;
  const name = held["name"] ?? held["tool"] ?? held["function"];
  if (typeof name !== "string" || !tools.has(name)) return null;
  const args = held["arguments"] ?? held["parameters"];
  if (typeof args === "string") return { name, args };
  if (isObject(args)) return { name, args: JSON.stringify(args) };
  return args === undefined && bareName ? { name, args: "{}" } : null;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  return parsed(text.trim()) !== undefined;
}

/** How many characters at the end of `text` could begin `mark`. */
function overlap(text: string, mark: string): number {
  for (let n = Math.min(mark.length - 1, text.length); n > 0; n--) {
    if (text.endsWith(mark.slice(0, n))) return n;
  }
  return 0;
}
