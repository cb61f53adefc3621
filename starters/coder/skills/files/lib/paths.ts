import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fail, type ToolContext } from "nanos/tool";

const MAX_BYTES = 1024 * 1024;
const MAX_DEPTH = 32;
/** What is not looked through: others' files, and what is made from what is looked through. */
const PASSED_OVER = new Set([".git", "node_modules", "target", "dist", "build", "__pycache__"]);

/** A path of the workspace as it is written everywhere: `src/main.ts`, the workspace itself `.`. */
export function plainPath(given: string): string {
  const path = given.trim().replaceAll("\\", "/").replace(/\/+$/u, "") || ".";
  const parts = path.split("/").filter((part) => part !== "." && part !== "");
  if (path.startsWith("/") || parts.includes("..") || /^[a-z]:/iu.test(path)) {
    fail(`“${given}” leads out of the workspace.`, "Name it from the workspace: src/main.ts");
  }
  return parts.join("/") || ".";
}

/** Where a path of the workspace lies for this call. A link on the way is not followed. */
export function fileAt(given: string, ctx: ToolContext): string {
  const path = plainPath(given);
  const file = ctx.path(path);
  const parts = path.split("/");
  for (let at = file, n = parts.length; n > 0; at = dirname(at), n--) {
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) {
      fail(`“${given}” goes through a link.`, "Name the file the link leads to.");
    }
  }
  return file;
}

/** A file's text. Ends the call where it is no file, too large, or no text. */
export function textAt(given: string, ctx: ToolContext): string {
  const file = fileAt(given, ctx);
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (!stat)
    fail(`There is no file ${plainPath(given)}.`, "See what is there with list_directory.");
  if (!stat.isFile())
    fail(`${plainPath(given)} is no file.`, "See what is there with list_directory.");
  if (stat.size > MAX_BYTES) fail(`${plainPath(given)} is larger than 1 MiB.`, "Use run_command.");
  const bytes = readFileSync(file);
  if (bytes.includes(0)) fail(`${plainPath(given)} is no text.`);
  return bytes.toString("utf8");
}

/** Files below a folder, by path from the workspace, in order; folders end with a slash. */
export function* walk(given: string, ctx: ToolContext, depth = MAX_DEPTH): Generator<string> {
  const folder = fileAt(given, ctx);
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    fail(`There is no folder ${plainPath(given)}.`);
  }
  const path = plainPath(given);
  yield* below(folder, path === "." ? "" : `${path}/`, depth);
}

function* below(folder: string, prefix: string, depth: number): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = `${prefix}${entry.name}`;
    if (!entry.isDirectory()) {
      if (entry.isFile()) yield path;
      continue;
    }
    if (entry.name === ".git") continue;
    yield `${path}/`;
    if (depth > 1 && !PASSED_OVER.has(entry.name)) {
      yield* below(join(folder, entry.name), `${path}/`, depth - 1);
    }
  }
}
