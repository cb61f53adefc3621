import type { Line } from "../render/line.ts";

/**
 * What a session is drawn on: a transcript that grows at the end, an editor, and one line under
 * it. It knows lines and keys, and nothing of agents; the session knows nothing of how it draws.
 *
 * Contract:
 * - Whatever is handed over may come from a model, a tool or a file. The view makes it safe.
 * - `add` never takes back what an earlier call showed; only its own block changes, by `set`.
 * - Blocks beyond LIMITS of the view are dropped from its memory, oldest first.
 */
export interface View {
  /** Cells in a line. */
  readonly width: number;
  start(listener: Listener, opening: Opening): void;
  /** A block of lines, laid out again when the width changes. */
  add(lines: Layout): { set(lines: Layout): void };
  /** A block of markdown that streams in. */
  stream(): { push(delta: string): void; end(): void };
  /** Whether an image of this kind can be shown. */
  takes(media: string): boolean;
  /** An image, where it can be shown. */
  picture(picture: Picture): void;
  /** The line under the editor. */
  status(line: Line): void;
  /** While busy the editor keeps what is typed, and Enter sends nothing. */
  busy(on: boolean): void;
  /**
   * Shows a card instead of the editor and waits for one of `keys`; `?` shows the whole of it,
   * and any other key, Enter above all, does nothing. Null when `signal` ends it first.
   */
  ask(card: Question, keys: readonly string[], signal: AbortSignal): Promise<string | null>;
  /**
   * Shows a card with a line under it to type a word in, key by key: what is pasted does not count.
   * The word once Enter sent it; null when it was given up or `signal` ends it first.
   */
  type(card: Layout, signal: AbortSignal): Promise<string | null>;
  /** Text typed and not sent; `clear` drops it. */
  typed(): string;
  clear(): void;
  /** Gives the terminal back. */
  stop(): void;
}

/** An image as base64, with its media type. */
export interface Picture {
  readonly media: string;
  readonly data: string;
}

export type Layout = (width: number) => readonly Line[];

/** A card to answer: what fits, and all of it. */
export interface Question {
  readonly brief: Layout;
  readonly whole: Layout;
}

export interface Listener {
  /** A message was sent. */
  onLine(text: string): void;
  /** Ctrl-C. */
  onInterrupt(): void;
  /** Ctrl-D in an empty editor, or the terminal went away. */
  onEnd(): void;
}

/** What the editor begins with. */
export interface Opening {
  /** Earlier messages, oldest first. */
  readonly history: readonly string[];
  /** Words for what is typed so far; empty when there are none. */
  readonly complete: (typed: string) => Promise<readonly Completion[]>;
}

/** A word to put in place of the last one typed. */
export interface Completion {
  readonly word: string;
  readonly about: string;
}
