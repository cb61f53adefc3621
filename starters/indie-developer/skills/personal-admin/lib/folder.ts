import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const MOST_FILES = 50;
const MOST_BYTES = 4 * 1024 * 1024;

/** The calendars in a folder, by name. Links and what is too large to be one are left out. */
export function calendarsIn(folder: string): { readonly name: string; readonly text: string }[] {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ics"))
    .map(({ name }) => name)
    .toSorted()
    .slice(0, MOST_FILES)
    .filter((name) => lstatSync(join(folder, name)).size <= MOST_BYTES)
    .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}
