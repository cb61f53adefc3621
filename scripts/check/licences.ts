import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Found } from "../check.ts";

/** Licences that ask for no more than their text to be kept. */
const ALLOWED = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "Python-2.0",
  "Unlicense",
  "Zlib",
]);

interface Locked {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly license?: unknown;
}

/** Whether every package that ships, and what it brings, has a licence of the list. */
export function licences(root: string): Found {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const shipped = Object.entries(lock.packages).filter(([path, { dev }]) => path !== "" && !dev);
  const wrong = shipped.flatMap(([path, locked]) => {
    const licence = licenceOf(root, path, locked);
    if (allows(licence)) return [];
    return [`${path.replace(/^.*node_modules\//u, "")}: ${licence || "no licence named"}`];
  });
  if (wrong.length > 0) return { state: "failed", says: wrong.join("\n") };
  return { state: "passed", note: `${shipped.length} packages` };
}

/** From the installed package; builds for other platforms are not installed, the lock knows. */
function licenceOf(root: string, path: string, locked: Locked): string {
  let named = locked.license;
  try {
    const manifest = JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")) as Locked;
    named = manifest.license ?? named;
  } catch {
    // Not installed here.
  }
  if (typeof named === "string") return named;
  const type = (named as { readonly type?: unknown } | undefined)?.type;
  return typeof type === "string" ? type : "";
}

/** `A`, `(A OR B)`: one of them is enough; `A AND B`: all are needed. */
export function allows(expression: string): boolean {
  const bare = expression.replace(/[()]/gu, " ");
  return bare
    .split(/\sOR\s/u)
    .some((choice) => choice.split(/\sAND\s/u).every((name) => ALLOWED.has(name.trim())));
}
