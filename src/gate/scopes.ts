import { SCOPE_KINDS, scopeParts, type Scope } from "../contracts/scope-parts.ts";
import { type Address, parseAddress } from "../std/address.ts";

/** A scope in its one spelling, or the reason it has none. */
export type Parsed =
  | { readonly kind: "read" | "write"; readonly text: Scope; readonly path: string }
  | { readonly kind: "net"; readonly text: Scope; readonly address: Address | "*" }
  | { readonly kind: "exec"; readonly text: Scope; readonly value: string }
  | { readonly kind: "secret"; readonly text: Scope; readonly value: string }
  | {
      readonly kind: "env" | "model" | "agent" | "memory" | "client";
      readonly text: Scope;
      readonly value: string;
    }
  /** Not something reach can be decided about; nothing covers it. */
  | { readonly kind: "malformed"; readonly text: Scope };

// eslint-disable-next-line no-control-regex -- control characters are what this refuses
const CONTROL = /[\u0000-\u001f\u007f]/u;
const KINDS: ReadonlySet<string> = new Set(SCOPE_KINDS);

/**
 * Reads one resolved scope. Paths must be absolute and hold no `..` segment; hosts become
 * lower-case and canonical, with their port.
 */
export function parseScope(scope: Scope): Parsed {
  let parsed = READ.get(scope);
  if (parsed === undefined) {
    parsed = readScope(scope);
    if (READ.size >= KEPT) READ.clear();
    READ.set(scope, parsed);
  }
  return parsed;
}

/** The same few scopes are judged at every step. */
const READ = new Map<Scope, Parsed>();
const KEPT = 1_024;

function readScope(scope: Scope): Parsed {
  const { kind, value } = scopeParts(scope);
  if (!KINDS.has(kind) || value === "" || CONTROL.test(value)) {
    return { kind: "malformed", text: scope };
  }
  if (kind === "read" || kind === "write") return parsePathScope(kind, value, scope);
  if (kind === "net") return parseNetScope(value, scope);
  return { kind, text: scope, value };
}

function parsePathScope(kind: "read" | "write", value: string, scope: Scope): Parsed {
  const path = normalPath(value);
  return path === null
    ? { kind: "malformed", text: scope }
    : { kind, path, text: `${kind}:${path}` };
}

function parseNetScope(value: string, scope: Scope): Parsed {
  if (value === "*") return { kind: "net", text: scope, address: "*" };
  const address = parseAddress(value);
  if (address === null) return { kind: "malformed", text: scope };
  return { kind: "net", text: `net:${address.text}`, address };
}

/** An absolute path without `.`, empty or trailing segments; null when relative or with `..`. */
export function normalPath(path: string): string | null {
  if (!path.startsWith("/")) return null;
  if (!/\/\/|\/\.\.?(?:\/|$)|.\/$/u.test(path)) return path;
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  return segments.includes("..") ? null : `/${segments.join("/")}`;
}

/** True when `path` is `folder` or lies below it. Both normal. */
export function isInside(folder: string, path: string): boolean {
  if (folder === "/" || folder === path) return true;
  return path.length > folder.length && path[folder.length] === "/" && path.startsWith(folder);
}

/** True when `wide` names all that `wanted` names. A malformed scope covers and is covered by none. */
export function covers(wide: Parsed, wanted: Parsed): boolean {
  if (wide.kind === "malformed" || wanted.kind === "malformed" || wide.kind !== wanted.kind) {
    return false;
  }
  if ("path" in wide && "path" in wanted) return isInside(wide.path, wanted.path);
  // `*` is any public host; whether an address is private is the danger layer's question.
  if (wide.kind === "net") return wide.address === "*" || wide.text === wanted.text;
  // Which tools a client brings is its own to name.
  if (wide.kind === "client" && wide.value === "*") return true;
  return wide.text === wanted.text;
}

/**
 * The reach that lies in both: what a child may have of its parent's. Order and repetition follow
 * `own`; a scope that cannot be read is dropped.
 */
export function narrow(parent: readonly Scope[], own: readonly Scope[]): Scope[] {
  const wide = parent.map(parseScope);
  const kept = new Set<Scope>();
  for (const mine of own.map(parseScope)) {
    for (const theirs of wide) {
      if (covers(theirs, mine)) kept.add(mine.text);
      else if (covers(mine, theirs)) kept.add(theirs.text);
    }
  }
  return [...kept];
}

/**
 * Every reach named, each once. `net:*` among the scopes is left out where the destinations name
 * hosts: the call is then held to those, and whatever else it turns to is asked for, and judged, on
 * its own. `net:*` as a destination stays.
 */
export function reachOf(scopes: readonly Scope[], destinations: readonly Scope[]): Parsed[] {
  const all = new Map<string, Parsed>();
  let named = false;
  for (const scope of destinations) {
    const parsed = parseScope(scope);
    named ||= parsed.kind === "net" && parsed.address !== "*";
    all.set(parsed.text, parsed);
  }
  for (const scope of scopes) {
    if (all.has(scope) || (named && scope === "net:*")) continue;
    const parsed = parseScope(scope);
    all.set(parsed.text, parsed);
  }
  return [...all.values()];
}
