import { readdirSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../../std/error.ts";
import type { Completion } from "./view.ts";

/** Files offered at once. */
const OFFERED = 50;
/** Names of a folder looked at; what comes after is typed by hand. */
const LOOKED_AT = 5_000;

/**
 * Files of the workspace that `@` and the start of a path may mean, as words `@notes/today.md`.
 * Hidden ones are offered once their dot is typed. Nothing is read but names.
 */
export function mentions(workspace: string, typed: string): readonly Completion[] {
  const path = typed.slice(1);
  if (path.startsWith("/") || path.split("/").includes("..")) return [];
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const start = path.slice(folder.length);
  return names(join(workspace, folder))
    .filter(({ name }) => name.startsWith(start) && (start !== "" || !name.startsWith(".")))
    .filter(({ name }) => !/\s/u.test(name))
    .slice(0, OFFERED)
    .map(({ name, isFolder }) => ({
      word: `@${folder}${name}${isFolder ? "/" : ""}`,
      about: "",
    }));
}

function names(folder: string): readonly { readonly name: string; readonly isFolder: boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .slice(0, LOOKED_AT)
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    // No such folder, or none of ours to read: nothing to offer.
    if (codeOf(error) === "") throw error;
    return [];
  }
}
