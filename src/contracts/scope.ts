import { z } from "zod";

/** The kinds of reach a tool or agent may declare. */
export const SCOPE_KINDS = [
  "read",
  "write",
  "net",
  "exec",
  "env",
  "secret",
  "model",
  "agent",
  "memory",
] as const;

export type ScopeKind = (typeof SCOPE_KINDS)[number];

/**
 * A declared reach, `kind:value`: `read:./notes`, `net:example.org:443`, `exec:git`.
 * Paths are relative to the workspace, absolute, or start with `~/`. `net` is `host:port`, `host`
 * (port 443), or `*` for any public host. Nothing but a path is ever a pattern.
 */
export const Scope = z
  .string()
  .max(1_024)
  .regex(
    new RegExp(`^(?:${SCOPE_KINDS.join("|")}):[^\\s\\u0000-\\u001f][^\\u0000-\\u001f]*$`, "u"),
    `a scope is KIND:VALUE with KIND one of ${SCOPE_KINDS.join(" ")}`,
  );
export type Scope = string;

/** `net:host:443` as its two halves. The value keeps its own colons. */
export function scopeParts(scope: Scope): { kind: ScopeKind; value: string } {
  const colon = scope.indexOf(":");
  return { kind: scope.slice(0, colon) as ScopeKind, value: scope.slice(colon + 1) };
}
