import { fstatSync, readSync, statSync, writeSync } from "node:fs";
import type { Clock } from "../std/clock.ts";
import { codeOf, messageOf, NanosError } from "../std/error.ts";
import { readHidden, readKey, readLine, readTyped } from "./keyboard/read.ts";

/**
 * Where a command writes and reads. Answers and documents go to `out`, everything else to `err`.
 *
 * Contract:
 * - `out` and `err` have written everything when they return. When nobody reads any more they
 *   write nothing, quietly: what is under way still comes to its end and is in the journal.
 * - Text handed over is already safe for a terminal: `paint` and `markdown` make it so.
 */
export interface Terminal {
  readonly inTty: boolean;
  readonly outTty: boolean;
  readonly errTty: boolean;
  /** Cells in a line of standard output; Infinity when it is not a terminal. */
  readonly columns: number;
  /** True once nobody reads standard output any more. */
  readonly gone: boolean;
  /** Lines of the screen. */
  readonly rows: number;
  /** Whether to colour, for the stream named. */
  color(stream: "out" | "err"): boolean;
  out(text: string): void;
  err(text: string): void;
  /** All of standard input as text, at most `max` bytes; more is a `usage.input` error. */
  read(max: number): string;
  /** Lines of standard input as they come, where it is not a terminal; `signal` is an end of it. */
  lines(signal?: AbortSignal): AsyncIterable<string>;
  /** Asks at the terminal and waits for a line; null when input ended. */
  question(text: string): Promise<string | null>;
  /** Asks at the terminal for a line nobody may see; null when input ended or was interrupted. */
  hidden(text: string): Promise<string | null>;
  /**
   * Asks at the terminal for a word typed key by key: what is pasted does not count. Null when it
   * was given up, input ended or `signal` ends it.
   */
  typed(text: string, signal: AbortSignal): Promise<string | null>;
  /**
   * Waits for one key at the terminal, without echo; what somebody was typing when it began to wait
   * is none. Null when input ended or was interrupted. */
  key(signal: AbortSignal): Promise<string | null>;
  /** Calls back on SIGINT, SIGTERM and SIGHUP, until the returned function is called. */
  onInterrupt(listener: (signal: NodeJS.Signals) => void): () => void;
}

/** The process' own terminal. Nothing of `process.stdin` or `process.stdout` is touched before it
 * is needed: each costs as much as the whole start of the runtime. */
export function processTerminal(noColor: boolean, clock: Clock): Terminal {
  const [inTty, outTty, errTty] = [0, 1, 2].map(isTty) as [boolean, boolean, boolean];
  let columns: number | null = null;
  let gone = false;
  return {
    inTty,
    outTty,
    errTty,
    get columns() {
      columns ??= outTty ? process.stdout.columns || 80 : Infinity;
      return columns;
    },
    get rows() {
      return outTty ? process.stdout.rows || 24 : 24;
    },
    color: (stream) => !noColor && (stream === "out" ? outTty : errTty),
    get gone() {
      return gone;
    },
    out: (text) => {
      gone ||= !writeAll(1, text);
    },
    err: (text) => void writeAll(2, text),
    read: readAll,
    lines: readLines,
    question: (text) => {
      writeAll(2, text);
      return readLine();
    },
    hidden: async (text) => {
      const line = await readHidden(() => writeAll(2, text));
      writeAll(2, "\n");
      return line;
    },
    typed: (text, signal) => readTyped(text, (more) => void writeAll(2, more), signal),
    key: (signal) => readKey(signal, clock),
    onInterrupt: (listener) => {
      const heard = (signal: NodeJS.Signals): void => {
        // A terminal that goes away is told of twice, by the system and by the shell; the second
        // must not cut short what the first began.
        if (signal === "SIGHUP") process.on("SIGHUP", () => undefined);
        listener(signal);
      };
      for (const signal of SIGNALS) process.on(signal, heard);
      return () => {
        for (const signal of SIGNALS) process.off(signal, heard);
      };
    },
  };
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

// A terminal is a character device that is not the null device. `isatty` knows it all, and loading
// it costs as much as the runtime's own start; so it is only asked where it may be one.
function isTty(fd: number): boolean {
  try {
    const device = fstatSync(fd);
    if (!device.isCharacterDevice() || device.rdev === statSync("/dev/null").rdev) return false;
    return (process.getBuiltinModule("node:tty") as typeof import("node:tty")).isatty(fd);
  } catch {
    return false;
  }
}

/** False when there is no reader. */
function writeAll(fd: number, text: string): boolean {
  const bytes = Buffer.from(text, "utf8");
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      if (codeOf(error) === "EPIPE" || codeOf(error) === "EIO") return false;
      if (codeOf(error) !== "EAGAIN") throw error;
      pause();
    }
  }
  return true;
}

function readAll(max: number): string {
  const chunks: Buffer[] = [];
  const buffer = Buffer.alloc(64 * 1024);
  for (let size = 0; ;) {
    let read = 0;
    try {
      read = readSync(0, buffer);
    } catch (error) {
      if (codeOf(error) === "EAGAIN") {
        pause();
        continue;
      }
      // Windows and some pseudo terminals say the end this way.
      if (codeOf(error) !== "EOF" && codeOf(error) !== "EIO") throw unreadable(error);
    }
    if (read === 0) return asText(Buffer.concat(chunks));
    size += read;
    if (size > max) {
      throw new NanosError(
        "usage.input",
        `Standard input is longer than ${max} bytes.`,
        "Put long material in a file of the workspace and name the file in the request.",
      );
    }
    chunks.push(Buffer.from(buffer.subarray(0, read)));
  }
}

function unreadable(error: unknown): NanosError {
  return new NanosError(
    "usage.input",
    `Standard input cannot be read: ${messageOf(error)}.`,
    "Redirect a file or a pipe into it.",
  );
}

/** Bytes as text; what is not UTF-8 is refused, as a request nobody can read helps nobody. */
export function asText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new NanosError(
      "usage.input",
      "Standard input is not UTF-8 text.",
      "Convert it first, for example with iconv -t UTF-8.",
    );
  }
}

async function* readLines(signal?: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8");
  let pending = "";
  for await (const chunk of untilAborted(process.stdin, signal)) {
    pending += decoder.decode(chunk, { stream: true });
    let end = pending.indexOf("\n");
    for (; end !== -1; end = pending.indexOf("\n")) {
      yield pending.slice(0, end).replace(/\r$/u, "");
      pending = pending.slice(end + 1);
    }
    if (pending.length > MAX_LINE) {
      throw new NanosError(
        "usage.input",
        `A line of standard input is longer than ${MAX_LINE} characters.`,
        "Put long material in a file of the workspace and name the file in the request.",
      );
    }
  }
  if (pending !== "") yield pending;
}

async function* untilAborted(
  input: typeof process.stdin,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  signal?.addEventListener("abort", () => input.destroy(), { once: true });
  try {
    yield* input as AsyncIterable<Buffer>;
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}

/** Longest line a session takes from a pipe, in UTF-16 units. */
const MAX_LINE = 1024 * 1024;

const WAIT = new Int32Array(new SharedArrayBuffer(4));
/** Gives a reader that is slower than us a moment; the descriptor was set not to block. */
function pause(): void {
  Atomics.wait(WAIT, 0, 0, 5);
}
