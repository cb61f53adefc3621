import { z } from "zod";
import { SCOPE_KINDS } from "./scope-parts.ts";

/**
 * A declared reach, `kind:value`: `read:./notes`, `net:example.org:443`, `exec:git`.
 * Paths are relative to the workspace, absolute, or start with `~/`. `net` is `host:port`, `host`
 * (port 443), or `*` for any public host; `client` is a tool that a client carries out, or `*` for any;
 * `exec` a program's name or path, or the path of a folder of programs, which ends with `/`. Nothing but
 * a path is ever a pattern.
 */
export const Scope = z
  .string()
  .max(1_024)
  .regex(
    new RegExp(`^(?:${SCOPE_KINDS.join("|")}):[^\\s\\u0000-\\u001f][^\\u0000-\\u001f]*$`, "u"),
    `a scope is KIND:VALUE with KIND one of ${SCOPE_KINDS.join(" ")}`,
  );
export type Scope = string;
