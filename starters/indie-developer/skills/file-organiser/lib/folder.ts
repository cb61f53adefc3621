import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Notes of one folder, looked at one by one. */
const MAX_NOTES = 2_000;
const MAX_DEPTH = 8;
const MAX_BYTES = 1024 * 1024;

/** A note's name as used everywhere: its path below the folder, without `.md`. */
export function noteName(given: string): string {
  const name = given
    .trim()
    .replace(/^(?:\.\/)?(?:notes\/)?/u, "")
    .replace(/\.md$/iu, "");
  const parts = name.split("/");
  const plain = parts.every((part) => /^[\p{L}\p{N}_][\p{L}\p{N}_ .-]*$/u.test(part));
  if (!plain || parts.length > MAX_DEPTH || name.length > 200) {
    throw new Error(`“${given}” cannot be the name of a note. Use letters, digits, - and _.`);
  }
  return name;
}

/** The file of a note in `folder`. */
export function noteFile(folder: string, name: string): string {
  return join(folder, `${name}.md`);
}

/** A note's text, or null when there is no such note. */
export function readNote(folder: string, name: string): string | null {
  const file = noteFile(folder, name);
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (!stat) return null;
  if (!stat.isFile()) throw new Error(`The note ${name} is not an ordinary file.`);
  if (stat.size > MAX_BYTES) throw new Error(`The note ${name} is too large to work on.`);
  return readFileSync(file, "utf8");
}

/** A note's text; a note that is not there is named together with the ones that are. */
export function mustRead(folder: string, name: string): string {
  const text = readNote(folder, name);
  if (text !== null) return text;
  const names = listNames(folder).slice(0, 10).join(", ");
  throw new Error(
    `There is no note ${name}. ${names === "" ? "There are none yet." : `There is ${names}.`}`,
  );
}

export function writeNote(folder: string, name: string, text: string): void {
  const file = noteFile(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** The names of all notes, sorted. Hidden files and links are not notes. */
export function listNames(folder: string): string[] {
  const names: string[] = [];
  const visit = (dir: string, prefix: string, depth: number): void => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (names.length >= MAX_NOTES || entry.name.startsWith(".")) continue;
      const name = `${prefix}${entry.name}`;
      if (entry.isDirectory() && depth < MAX_DEPTH)
        visit(join(dir, entry.name), `${name}/`, depth + 1);
      else if (entry.isFile() && /\.md$/iu.test(name)) names.push(name.replace(/\.md$/iu, ""));
    }
  };
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) visit(folder, "", 0);
  return names.toSorted();
}
