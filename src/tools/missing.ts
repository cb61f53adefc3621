import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { isObject, type Json } from "../std/json.ts";
import type { Scope } from "../contracts/scope.ts";
import type { Moved, OsError } from "./runtime/wire.ts";
import { isWithin, pathsOf } from "./scopes.ts";
import type { ToolCall } from "./tool-host.ts";

/**
 * The scope whose lack made a call fail, told from what the operating system refused; null when
 * it had all it needed and failed for another reason. What the error says comes from the tool and
 * is only ever shown: nothing is allowed because of it.
 */
export function missingScope(
  os: OsError,
  call: Pick<ToolCall, "scopes" | "workspace">,
  moved: readonly Moved[] = [],
): Scope | null {
  // A program that could not start for want of processes or memory was allowed to.
  if (os.program !== undefined) return REFUSED.has(os.code) ? scope("exec", os.program) : null;
  if (os.host !== undefined) return scope("net", os.host);
  if (os.path === undefined || !REFUSED.has(os.code)) return null;
  const path = realPath(resolve(call.workspace, os.path), moved);
  const inside = (kind: "read" | "write"): boolean =>
    pathsOf(call.scopes, kind, call.workspace).some((folder) => isWithin(folder, path));
  if (inside("write")) return null;
  if (inside("read")) return os.code === "ENOENT" ? null : scope("write", path);
  const writes = WRITING.test(os.syscall ?? "") || (os.code !== "ENOENT" && !existsSync(path));
  return scope(writes ? "write" : "read", path);
}

const REFUSED = new Set(["EACCES", "EPERM", "EROFS", "ENOENT", "EXDEV"]);
const WRITING =
  /^(?:mkdir|mkdtemp|unlink|rm|rename|symlink|link|truncate|ftruncate|copyfile|chmod|chown|utime|lutime|write)/u;

function realPath(path: string, moved: readonly Moved[]): string {
  for (const { real, staged } of moved) {
    if (isWithin(staged, path)) return `${real}${path.slice(staged.length)}`;
  }
  return path;
}

/** The error as the host reports it; null when it is none. */
export function readOsError(value: Json | undefined): OsError | null {
  if (!isObject(value) || typeof value["code"] !== "string") return null;
  const fields = ["code", "syscall", "path", "host", "program"] as const;
  const read = fields.flatMap((name) => {
    const field = value[name];
    return typeof field === "string" ? [[name, field] as const] : [];
  });
  return { code: value["code"], ...Object.fromEntries(read) };
}

const MAX_VALUE = 512;

function scope(kind: string, value: string): Scope | null {
  // eslint-disable-next-line no-control-regex -- control characters are what this refuses
  const safe = value.length <= MAX_VALUE && !/[\u0000-\u001f\u007f]/u.test(value);
  return safe && value.trim() !== "" ? `${kind}:${value}` : null;
}

/** What a program printed when a path was refused to it, e.g. `cat: /etc/shadow: Permission denied`. */
export function refusedPath(stderr: string): OsError | null {
  const refused =
    /(?<![^\s:'"‘’])(\/[^\s:'"‘’]+)['"’]?:? (Permission denied|Operation not permitted|Read-only file system|No such file or directory)/u.exec(
      stderr,
    );
  const path = refused?.[1];
  if (path === undefined || !isAbsolute(path)) return null;
  const code = refused?.[2]?.startsWith("No such") === true ? "ENOENT" : "EACCES";
  return { code, path };
}
