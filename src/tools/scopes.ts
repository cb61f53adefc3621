import { isAbsolute, join, resolve } from "node:path";
import { scopeParts, type Scope } from "../contracts/scope-parts.ts";
import type { Process } from "../sandbox/sandbox.ts";
import type { LoadedTool } from "./tool-host.ts";

/** True when `path` is `folder` or lies in it. Both absolute and normal. */
export function isWithin(folder: string, path: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}

/** True when nothing on the machine is reached: what it asks of nanos is nanos' own to do. */
export function onlyComputes(scopes: readonly Scope[]): boolean {
  return !scopes.some((scope) => ["read", "write", "exec", "env"].includes(scopeParts(scope).kind));
}

/** The process a tool runs in; null for a request over HTTP, which needs none. */
export function processOf({
  kind,
  manifest,
}: Pick<LoadedTool, "kind" | "manifest">): Process | null {
  const { scopes } = manifest;
  if (kind === "module") return hostOf(scopes);
  const has = (start: string): boolean => scopes.some((scope) => scope.startsWith(start));
  if (kind === "container") return { kind, net: has("net:") };
  // A server of standard streams has the program it is; one behind HTTP has none.
  if (kind === "http" || (kind === "mcp" && !has("exec:"))) return null;
  // It is one of those it may start.
  return { kind: "program", net: has("net:"), starts: valuesOf(scopes, "exec").length > 1 };
}

/** The host of a tool file, whose requests nanos makes. */
export function hostOf(scopes: readonly Scope[]): Process {
  const starts = valuesOf(scopes, "exec").length > 0;
  return { kind: onlyComputes(scopes) ? "pure" : "host", net: false, starts };
}

/** The absolute paths of the scopes of one kind. */
export function pathsOf(scopes: readonly Scope[], kind: "read" | "write", base: string): string[] {
  return valuesOf(scopes, kind).map((path) => resolve(base, path));
}

/** The values of the scopes of one kind. */
export function valuesOf(scopes: readonly Scope[], kind: string): string[] {
  return scopes
    .map(scopeParts)
    .filter((scope) => scope.kind === kind)
    .map(({ value }) => value);
}

/**
 * The first of a tool's declared scopes that its skill does not declare, or null. A skill that
 * declares none leaves each tool its own.
 */
export function undeclared(skill: readonly Scope[], own: readonly Scope[]): Scope | null {
  if (skill.length === 0) return null;
  return own.find((scope) => !skill.some((wide) => reaches(wide, scope))) ?? null;
}

function reaches(wide: Scope, scope: Scope): boolean {
  const outer = scopeParts(wide);
  const inner = scopeParts(scope);
  if (outer.kind !== inner.kind) return false;
  if (outer.kind === "read" || outer.kind === "write") {
    return isWithin(place(outer.value), place(inner.value));
  }
  if (outer.kind === "net") return outer.value === "*" || hostPort(wide) === hostPort(scope);
  return outer.value === inner.value;
}

function hostPort(scope: Scope): string {
  const { value } = scopeParts(scope);
  return value === "*" || /:\d+$/u.test(value) ? value : `${value}:443`;
}

/** Relative, absolute and home paths as three places that never meet. */
function place(path: string): string {
  if (isAbsolute(path)) return resolve(path);
  return path.startsWith("~/") ? join("/~home", path.slice(2)) : join("/~workspace", path);
}
