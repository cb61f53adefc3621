import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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

/** The person on the way, and the page that comes of it. Paths are those of their home. */
export interface Way {
  /** A paragraph of the page. */
  says(text: string): void;
  /**
   * A command, as a line for the shell or as its words, with lines for it to read. What it shows goes
   * on the page, and so does an exit code other than 0. Gives what it wrote.
   */
  types(line: string | readonly string[], input?: readonly string[]): Promise<string>;
  /** From now on commands are typed in this folder. */
  goes(folder: string): void;
  /** A file the person has, with what lies in it. */
  has(path: string, text: string): void;
  /** What lies in a file by now. */
  shows(path: string): string;
  /** An edit by hand: these words of a file become others. */
  edits(path: string, from: string, to: string): void;
}

/** Walks a journey in an empty home. @returns the page, the same for every walk. */
export async function walked({ name, title, walk }: Journey, me: Person): Promise<string> {
  const from = `Written from a run of \`test/journeys/${name}.ts\` by \`npm run journeys\`.`;
  const page = [`# ${title}`, `${from} Times, ids and folders are evened out.`];
  const even = evener(me.userHome);
  const at = (path: string): string => join(me.userHome, path);
  const tools = mkdtempSync(join(tmpdir(), "nanos-journey-"));
  let cwd = me.userHome;
  try {
    writeFileSync(join(tools, "nanos"), `#!/bin/sh\nexec ${shell(command())} "$@"\n`);
    chmodSync(join(tools, "nanos"), 0o755);
    await walk({
      says: (text) => void page.push(text.trim()),
      types: async (words, input = []) => {
        const line = typeof words === "string" ? words : shell(words);
        const typed = input.length === 0 ? line : `${line} <<END\n${input.join("\n")}\nEND`;
        const { text, code } = await run({ home: me.userHome, cwd, tools }, typed);
        const shown = text.trim() === "" ? [] : [even(text).trimEnd()];
        const ended = code === 0 ? [] : [`(exit code ${code})`];
        page.push(block("console", [`$ ${even(typed)}`, ...shown, ...ended].join("\n")));
        return text;
      },
      goes: (folder) => {
        cwd = at(folder);
        page.push(block("console", `$ cd ~/${folder}`));
      },
      has: (path, text) => {
        mkdirSync(dirname(at(path)), { recursive: true });
        writeFileSync(at(path), text);
        page.push(`\`${path}\`:`, block("text", text.trimEnd()));
      },
      shows: (path) => {
        const text = readFileSync(at(path), "utf8");
        page.push(`\`${even(path)}\` now holds:`, block("text", even(text).trimEnd()));
        return text;
      },
      edits: (path, before, after) => {
        const text = readFileSync(at(path), "utf8");
        if (!text.includes(before)) throw new Error(`${path} does not say: ${before}`);
        writeFileSync(at(path), text.split(before).join(after));
        const lines = (mark: string, words: string): string => words.replace(/^/gmu, mark);
        const diff = `${lines("- ", before)}\n${lines("+ ", after)}`;
        page.push(`In \`${path}\`:`, block("diff", diff));
      },
    });
  } finally {
    rmSync(tools, { recursive: true, force: true });
  }
  return `${page.join("\n\n")}\n`;
}

/** The newest run that a text names for `trace show`. */
export function runIn(text: string): string {
  return /.*nanos trace show (\w+)/su.exec(text)?.[1] ?? "no run was named";
}

function block(language: string, text: string): string {
  // A fence longer than any in the text.
  const longest = Math.max(2, ...(text.match(/`{3,}/gu) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** Words as a shell takes them. */
function shell(words: readonly string[]): string {
  return words
    .map((word) => {
      if (/^[\w@%+=:,./{}-]+$/u.test(word)) return word;
      return word.includes("'") ? `"${word}"` : `'${word}'`;
    })
    .join(" ");
}

/** Runs a line as in a terminal: what is written to either output comes in its order. */
async function run(
  where: { readonly home: string; readonly cwd: string; readonly tools: string },
  line: string,
): Promise<{ readonly text: string; readonly code: number | null }> {
  const file = join(where.tools, "written");
  const both = openSync(file, "w");
  const appended = openSync(file, "a");
  try {
    const child = spawn("sh", ["-c", line], {
      cwd: where.cwd,
      env: {
        HOME: where.home,
        PATH: `${where.tools}:${process.env["PATH"] ?? ""}`,
        LANG: "C.UTF-8",
        GIT_CONFIG_GLOBAL: "/dev/null",
      },
      stdio: ["ignore", appended, appended],
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    return { text: readFileSync(file, "utf8"), code };
  } finally {
    closeSync(both);
    closeSync(appended);
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
