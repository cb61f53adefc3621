import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { codeOf, NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";

/**
 * The variables of a file that was named: `NAME=VALUE` a line, `#` before what is not meant, quotes
 * around a value taken off. Nothing is put in for `$`. No such file is read without being named.
 *
 * @throws NanosError `usage.env_file`.
 */
export function readEnvFile(cwd: string, file: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [i, line] of textOf(resolve(cwd, file), file).split(/\r?\n/u).entries()) {
    if (/^\s*(?:#|$)/u.test(line)) continue;
    const [, name, value = ""] =
      /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/u.exec(line) ?? [];
    // What stands there may be a secret: only where it stands is said.
    if (name === undefined) throw unread(`Line ${i + 1} of ${file} is no NAME=VALUE.`);
    const quoted = /^(["'])(.*?)\1(?:\s+#.*)?$/u.exec(value);
    found[name] = quoted?.[2] ?? value.replace(/\s+#.*$/u, "");
  }
  return found;
}

function textOf(path: string, file: string): string {
  try {
    const text = readFileSync(path, "utf8");
    if (text.length <= LIMITS.manifestBytes) return text;
  } catch (error) {
    throw unread(`${file} cannot be read (${codeOf(error) || "unknown"}).`);
  }
  throw unread(`${file} is too large.`);
}

function unread(message: string): NanosError {
  return new NanosError("usage.env_file", message, "Name a file with a variable a line.");
}
