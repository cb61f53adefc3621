import type { Action } from "../../contracts/action.ts";
import type { Rule } from "../../contracts/rules.ts";
import { scopeParts } from "../../contracts/scope-parts.ts";
import { hashOf } from "../../std/hash.ts";
import { reachOf } from "../scopes.ts";

/**
 * The rule that denies this use for good: this tool to these places, or this tool where it goes
 * nowhere. With an example it matches and a counter it does not, as every rule has to have.
 */
export function neverRule(action: Action): Rule {
  const { kind, name, agent } = action;
  const reach = reachOf([], action.destinations).filter(({ kind: one }) => one !== "malformed");
  const places = reach
    .map(({ text }) => text)
    .filter(isPlain)
    .slice(0, MOST_PLACES);
  // What a tool does and what it asks back for are one thing to a person.
  const kinds = OF_A_TOOL.has(kind) ? {} : { kind };
  const common = { kind, agent, args: {} };
  const scope = places.length === 1 ? { scope: places[0] ?? "" } : { scope: places };
  return {
    id: idOf(name, places),
    when: { ...kinds, name, ...(places.length === 0 ? {} : scope) },
    then: "deny",
    mode: "enforce",
    example: { ...common, name, scopes: places.slice(0, 1) },
    counter:
      places.length === 0
        ? { ...common, name: `other_${name}`, scopes: [] }
        : { ...common, name, scopes: elsewhere(places) },
  };
}

const OF_A_TOOL: ReadonlySet<Action["kind"]> = new Set(["tool", "fetch", "secret", "permit"]);

/** Places named one by one in a rule. */
const MOST_PLACES = 8;

// A star in a place would match others; a control character is no place at all.
function isPlain(scope: string): boolean {
  // eslint-disable-next-line no-control-regex -- what a rule may not hold
  return scope === "net:*" || !/[*\u0000-\u001f\u007f]/u.test(scope);
}

/** Another place of the same kind; none where the rule is about any place, or several. */
function elsewhere([place = "", ...more]: readonly string[]): string[] {
  if (more.length > 0 || place === "net:*") return [];
  const { kind } = scopeParts(place);
  const other = kind === "read" || kind === "write" ? "/elsewhere/other" : ELSEWHERE[kind];
  const found = `${kind}:${other ?? "other"}`;
  return place === found ? [] : [found];
}

const ELSEWHERE: Readonly<Record<string, string>> = { net: "other.example:443" };

/** `never-web-fetch-example.org-443`; what does not fit into an id is told apart by its hash. */
function idOf(name: string, places: readonly string[]): string {
  const words = ["never", name, ...places.slice(0, 1).map((place) => scopeParts(place).value)];
  const id = words
    .join("-")
    .toLowerCase()
    .replace(/[^a-z0-9.]+/gu, "-")
    .replace(/^-|-$/gu, "");
  if (id.length <= 64 && places.length <= 1) return id;
  return `${id.slice(0, 55)}-${hashOf([name, ...places]).slice(0, 8)}`;
}
