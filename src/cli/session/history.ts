import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../../std/error.ts";

/** Messages kept; older ones are dropped when the file has twice as many. */
const MOST = 500;
/** Longest message kept, in UTF-16 units. */
const LONGEST = 8 * 1024;

/**
 * What was typed in sessions, one JSON string per line, readable by its owner alone. A message
 * that begins with a space is not kept. A history that cannot be read or written is no reason to
 * stop: a read-only home still has sessions.
 */
export class History {
  readonly #file: string;
  #lines: string[];

  constructor(home: string) {
    this.#file = join(home, "history.jsonl");
    this.#lines = read(this.#file);
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines.slice(-MOST);
  }

  add(text: string): void {
    if (text.startsWith(" ") || text.length > LONGEST || text === this.#lines.at(-1)) return;
    this.#lines.push(text);
    try {
      if (this.#lines.length > 2 * MOST) this.#shorten();
      else appendFileSync(this.#file, `${JSON.stringify(text)}\n`, { mode: 0o600 });
    } catch (error) {
      if (codeOf(error) === "") throw error;
    }
  }

  #shorten(): void {
    this.#lines = this.#lines.slice(-MOST);
    const text = this.#lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    writeFileSync(`${this.#file}.new`, text, { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function read(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => {
    try {
      const value = JSON.parse(line) as unknown;
      return typeof value === "string" ? [value] : [];
    } catch {
      // A line cut by a crash is one message less.
      return [];
    }
  });
}
