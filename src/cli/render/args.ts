import type { Action } from "../../contracts/action.ts";
import { isObject, type Json } from "../../std/json.ts";
import { clip } from "../../std/text.ts";

/** The one thing that says most about a call: where it goes, else its first short argument. */
export function target(action: Pick<Action, "args" | "destinations">): string {
  const [first, ...more] = action.destinations.map(place);
  if (first !== undefined) return more.length === 0 ? first : `${first} +${more.length}`;
  return brief(action.args);
}

/** A destination without its kind: `net:host:443` is `host:443`. */
export function place(scope: string): string {
  return scope.slice(scope.indexOf(":") + 1);
}

/** Arguments in a few words. */
export function brief(args: Json): string {
  if (!isObject(args)) return args === null ? "" : clip(JSON.stringify(args), 60);
  for (const value of Object.values(args)) {
    if (typeof value === "string" && value !== "") return clip(value, 60);
    if (typeof value === "number") return String(value);
  }
  return "";
}

/** Exact arguments on one line. */
export function exact(args: Json): string {
  return JSON.stringify(args);
}

/** Exact arguments over several lines, one per field, for reading before a yes. */
export function exactLines(args: Json): readonly string[] {
  return JSON.stringify(args, null, 2).split("\n");
}
