import type { Failure } from "../../contracts/outcome.ts";

/**
 * What nanos and its tool host say to each other beyond MCP, all of it under `_meta` or in methods
 * of its own, so that any MCP client can still use the host. The host runs the tool's code and is
 * therefore never believed: nanos checks everything that comes back.
 */
export const WIRE = {
  /** On `tools/call`: a `CallMeta`. */
  call: "nanos/call",
  /** On a tool of `tools/list`: its whole manifest. */
  manifest: "nanos/manifest",
  /** On a result: the output as it is, instead of text content. */
  output: "nanos/output",
  /** On a failed result: a `Thrown`. */
  thrown: "nanos/thrown",
  /** Request of the host: make this HTTP request. */
  fetch: "nanos/fetch",
  /** Request of the host: a handle for a secret. */
  secret: "nanos/secret",
} as const;

/** What a call needs to know of the world. */
export interface CallMeta {
  /** Absolute. */
  readonly workspace: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly today: string;
  /** True when only the tool's probe is asked. */
  readonly probe?: boolean;
  /** Paths that lie elsewhere for this call, longest first. */
  readonly moved?: readonly Moved[];
}

/** A path below `real` is the same path below `staged`. */
export interface Moved {
  readonly real: string;
  readonly staged: string;
}

/** A failed call, with what the operating system said when it was at the bottom of it. */
export interface Thrown {
  readonly failure: Failure;
  readonly os?: OsError;
}

export interface OsError {
  /** `EACCES`, `ENOENT`, … */
  readonly code: string;
  readonly syscall?: string;
  readonly path?: string;
  /** `host:port` it tried to reach. */
  readonly host?: string;
  readonly program?: string;
}
