import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command, type Person } from "./nanos.ts";

/**
 * A journey is a walk through NanoOS as a person takes it: what is typed, what the terminal shows.
 * Walking it writes its page of the documentation, so that the page cannot say anything else.
 */
export interface Journey {
  /** Name of its page, `docs/journeys/NAME.md`, and of its file here. */
  readonly name: string;
  readonly title: string;
  readonly walk: (way: Way) => Promise<void>;
}

/** The person on the way, and the page that comes of it. */
export interface Way {
  readonly me: Person;
  /** A paragraph of the page. */
  says(text: string): void;
  /**
   * A command, as one line or as its words, with lines for it to read. What it shows goes on the page,
   * and so does an exit code other than 0. Gives what it wrote.
   */
  types(line: string | readonly string[], input?: readonly string[]): Promise<string>;
  /** What lies in a file of the person's home. */
  shows(path: string): string;
  /** An edit by hand: these words of a file become others. */
  edits(path: string, from: string, to: string): void;
}

/** Walks a journey in an empty home. @returns the page, the same for every walk. */
export async function walked({ name, title, walk }: Journey, me: Person): Promise<string> {
  const from = `Written from a run of \`test/journeys/${name}.ts\` by \`npm run journeys\`.`;
  const page = [`# ${title}`, `${from} Times, ids and folders are evened out.`];
  const even = evener(me.userHome);
  await walk({
    me,
    says: (text) => void page.push(text.trim()),
    types: async (line, input = []) => {
      const words = typeof line === "string" ? line.split(" ") : line;
      const { text, code } = await run(me.userHome, words, input);
      const shown = text.trim() === "" ? [] : [even(text).trimEnd()];
      const ended = code === 0 ? [] : [`(exit code ${code})`];
      page.push(
        block("console", [`$ ${typed(words, input, even)}`, ...shown, ...ended].join("\n")),
      );
      return text;
    },
    shows: (path) => {
      const text = readFileSync(join(me.userHome, path), "utf8");
      page.push(`\`${even(path)}\` now holds:`, block("text", even(text).trimEnd()));
      return text;
    },
    edits: (path, before, after) => {
      const file = join(me.userHome, path);
      const text = readFileSync(file, "utf8");
      if (!text.includes(before)) throw new Error(`${path} does not say: ${before}`);
      writeFileSync(
        file,
        text.replace(before, () => after),
      );
      const lines = (mark: string, words: string): string => words.replace(/^/gmu, mark);
      page.push(`In \`${path}\`:`, block("diff", `${lines("- ", before)}\n${lines("+ ", after)}`));
    },
  });
  return `${page.join("\n\n")}\n`;
}

/** The newest run that a text names for `trace show`. */
export function runIn(text: string): string {
  return /.*nanos trace show (\w+)/su.exec(text)?.[1] ?? "no run was named";
}

function block(language: string, text: string): string {
  // A fence longer than any in the text.
  const fence = "`".repeat(
    Math.max(3, ...(text.match(/`{3,}/gu) ?? []).map((one) => one.length + 1)),
  );
  return `${fence}${language}\n${text}\n${fence}`;
}

/** A command as a shell takes it. */
function typed(words: readonly string[], input: readonly string[], even: (text: string) => string) {
  const quoted = words.map((word) => {
    if (/^[\w@%+=:,./{}-]+$/u.test(word)) return word;
    return word.includes("'") ? `"${word}"` : `'${word}'`;
  });
  const line = even(quoted.join(" "));
  return input.length === 0 ? line : `${line} <<END\n${input.join("\n")}\nEND`;
}

/** Runs a command as in a terminal: what it writes to either output comes in its order. */
async function run(
  home: string,
  words: readonly string[],
  input: readonly string[],
): Promise<{ readonly text: string; readonly code: number | null }> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-journey-"));
  const file = join(folder, "written");
  const both = openSync(file, "a");
  try {
    const argv = words[0] === "nanos" ? [...command(), ...words.slice(1)] : words;
    const child = spawn(argv[0] ?? "", argv.slice(1), {
      cwd: home,
      env: { HOME: home, PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8" },
      stdio: ["pipe", both, both],
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input.map((line) => `${line}\n`).join(""));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    return { text: readFileSync(file, "utf8"), code };
  } finally {
    closeSync(both);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Evens out what differs from walk to walk. An id keeps its place: the same one is the same again. */
function evener(home: string): (text: string) => string {
  const ids = new Map<string, string>();
  const idOf = (found: string): string => {
    const kind = found.startsWith("r") ? "run" : "ask";
    const count = [...ids.values()].filter((one) => one.startsWith(kind)).length;
    const known = ids.get(found) ?? `${kind}${count + 1}`;
    ids.set(found, known);
    return known;
  };
  return (text) =>
    text
      .replaceAll(home, "~")
      .replace(/\b[apr]1[0-9a-z]{14}(?=\b|_)/gu, idOf)
      .replace(/\b20\d\d-\d\d-\d\d\b/gu, "2026-01-31")
      .replace(/\b\d\d:\d\d\b(?!:)/gu, "12:00")
      .replace(/\b(?:\d+ ms|\d+\.\d s|\d\d? s)\b/gu, "0.1 s")
      .replace(/\b127\.0\.0\.1:\d+/gu, "127.0.0.1:8000")
      .replace(/\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,64}\b/gu, "0123456789ab")
      .replace(/\b(?:bwrap|landlock)\b/gu, "sandbox")
      // Columns are as wide as what was evened out.
      .replace(/(?<=\S) {2,}/gu, "  ")
      .replace(/^ {9,}/gmu, " ".repeat(8))
      .replace(/[ \t]+$/gmu, "");
}
