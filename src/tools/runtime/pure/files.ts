import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { LIMITS } from "../../../std/limits.ts";
import type { Modules } from "./engine.ts";

/** Code by its path: all a tool can import, read before the process is sealed. */
export type Files = ReadonlyMap<string, string>;

const CODE = /\.(?:[mc]?ts|[mc]?js|json)$/u;

/** Reads the code below these paths. @throws Error when there is more than a tool may have. */
export function readCode(paths: readonly string[]): Files {
  const files = new Map<string, string>();
  let bytes = 0;
  const waiting = [...paths];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    // A link is not followed: what it leads to may be anything.
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      const folder = path;
      waiting.push(...readdirSync(folder).map((name) => join(folder, name)));
    }
    if (!stat?.isFile() || !CODE.test(path)) continue;
    bytes += stat.size;
    if (files.size >= LIMITS.pureFiles || bytes > LIMITS.pureCodeBytes) {
      throw new Error("there is more code beside it than a tool may have");
    }
    files.set(path, readFileSync(path, "utf8"));
  }
  return files;
}

/**
 * Modules from these files and `built`, which is given by name and its exports. Types are stripped
 * by the runtime, which would run macros for whoever asks: by then the process is sealed.
 */
export function modulesOf(files: Files, built: ReadonlyMap<string, readonly string[]>): Modules {
  return {
    resolve: (base, name) => {
      if (built.has(name) || !/^[./]/u.test(name)) return name;
      const path = name.startsWith("/") ? name : resolve(dirname(base), name);
      return ENDINGS.map((end) => `${path}${end}`).find((one) => files.has(one)) ?? path;
    },
    source: (name) => {
      const exports = built.get(name);
      if (exports) return builtSource(name, exports);
      const text = files.get(name);
      return text === undefined
        ? new Error(`it needs ${name}, which is not there without a sandbox for files`)
        : stripped(name, text);
    },
  };
}

const ENDINGS = ["", ".ts", ".js", ".json", "/index.ts", "/index.js"];

function stripped(name: string, text: string): string | Error {
  try {
    if (name.endsWith(".json")) return `export default ${JSON.stringify(JSON.parse(text))}`;
    if (/\.[mc]?js$/u.test(name)) return text;
    return new Bun.Transpiler({ loader: "ts", target: "browser" }).transformSync(text);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Exports may have any word as their name. */
function builtSource(name: string, exports: readonly string[]): string {
  const from = `const from = nanosGuest.modules[${JSON.stringify(name)}];`;
  const parts = exports.map((one, i) => `const e${i} = from[${JSON.stringify(one)}];`);
  const names = exports.map((one, i) => `e${i} as ${one}`);
  return `${from}${parts.join("")}export { ${names.join(", ")} };`;
}
