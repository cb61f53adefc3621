import type { Action } from "../../contracts/action.ts";
import type { FileChange } from "../../contracts/outcome.ts";
import { isObject, type Json } from "../../std/json.ts";
import { clip } from "../../std/text.ts";

/** Which action: its kind may be one of a newer version. */
export interface Shown {
  readonly kind: string;
  readonly name: string;
}

/** What a call is, in one or two words: a tool by its name, everything else by its kind too. */
export function title({ kind, name }: Shown): string {
  switch (kind) {
    case "tool":
      return name;
    // Which tool it is for shows in the line above it.
    case "fetch":
    case "commit":
      return kind;
    default:
      return `${kind} ${name}`.trim();
  }
}

/**
 * The one thing that says most about a call: the files it changed, else where it goes, else its
 * first short argument that is not its name.
 */
export function target(
  action: Shown & Pick<Action, "args" | "destinations">,
  files: readonly FileChange[] = [],
): string {
  if (files.length > 0) return some(files.map(({ path }) => path.split("/").slice(-2).join("/")));
  if (action.destinations.length > 0) return some(action.destinations.map(place));
  if (action.kind === "task") return taskWords(action.args);
  const hashes = action.kind === "run" || action.kind === "commit" || action.kind === "model";
  return hashes ? "" : brief(action.args, action.name);
}

/** That a task begins, or that what it came to is accepted. */
function taskWords(args: Json): string {
  const does = isObject(args) ? args["does"] : undefined;
  return typeof does === "string" ? does : "accepted?";
}

function some(names: readonly string[]): string {
  return names.length === 1 ? (names[0] ?? "") : `${names[0]} +${names.length - 1}`;
}

/** A destination without its kind: `net:host:443` is `host:443`. */
export function place(scope: string): string {
  return scope.slice(scope.indexOf(":") + 1);
}

function brief(args: Json, name: string): string {
  if (!isObject(args)) return args === null ? "" : clip(JSON.stringify(args), MOST_CHARS);
  for (const value of [args["url"], ...Object.values(args)]) {
    if (typeof value === "string" && value !== "" && value !== name) return clip(value, MOST_CHARS);
    if (typeof value === "number") return String(value);
  }
  return "";
}

const MOST_CHARS = 60;

/** Exact arguments on one line. */
export function exact(args: Json): string {
  return JSON.stringify(args);
}

/** Exact arguments over several lines, one per field, for reading before a yes. */
export function exactLines(args: Json): readonly string[] {
  return JSON.stringify(args, null, 2).split("\n");
}
