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
  "client",
] as const;

export type ScopeKind = (typeof SCOPE_KINDS)[number];

/** A declared reach, `kind:value`; the schema in scope.ts says which. */
export type Scope = string;

/** `net:host:443` as its two halves. The value keeps its own colons. */
export function scopeParts(scope: Scope): { kind: ScopeKind; value: string } {
  const colon = scope.indexOf(":");
  return { kind: scope.slice(0, colon) as ScopeKind, value: scope.slice(colon + 1) };
}
