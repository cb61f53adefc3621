import { existsSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NanosError } from "../std/error.ts";

/** Our own programs that run inside a box. */
export type Entry = "host" | "model" | "box";

/**
 * The argv that starts one of our own entries: in a checkout the Bun of this package on the entry's
 * file, in the compiled binary the binary itself with `__host`, `__model` or `__box`. Configuration, `.env`
 * files, path mappings and automatic installs of the working folder are off, as they would run a stranger's code.
 *
 * @throws NanosError `sandbox.no_runtime` when run from a checkout without an installed Bun.
 */
export function runtimeArgv(entry: Entry): string[] {
  if (compiled()) return [process.execPath, `__${entry}`];
  const box = ownFile("./box-main.ts");
  const flags = [
    "--config=/dev/null",
    "--no-env-file",
    "--no-install",
    "--tsconfig-override=/dev/null",
  ];
  const argv = [bunPath(), ...flags, box];
  // The tool host is started through the box, which locks before it loads more than one module.
  if (entry === "box") return argv;
  return [
    ...argv,
    "host",
    ownFile(`../${entry === "host" ? "tools/runtime" : "models/local"}/main.ts`),
  ];
}

/** Files and folders our own entries read when they start: this package's code, nothing of a user. */
export function runtimeReads(): string[] {
  if (compiled()) return [process.execPath];
  const code = dirname(dirname(fileURLToPath(import.meta.url)));
  const beside = ["package.json", "tsconfig.json"];
  const paths = [code, ...beside.map((name) => join(dirname(code), name)), zodFolder()];
  return paths.filter((path) => existsSync(path));
}

/** Where zod lies: beside this package in a checkout, hoisted above it where it was installed. */
function zodFolder(): string {
  return dirname(createRequire(import.meta.url).resolve("zod/package.json"));
}

/** The executable our entries run on. */
export function runtimeFile(): string {
  return compiled() ? process.execPath : bunPath();
}

/** True in the one-file binary, whose modules lie in a virtual file system. */
export function compiled(): boolean {
  return import.meta.url.includes("/$bunfs/") || import.meta.url.includes("%7EBUN");
}

function ownFile(relative: string): string {
  const file = fileURLToPath(new URL(relative, import.meta.url));
  if (existsSync(file)) return file;
  // The published package holds compiled JavaScript beside its types.
  return file.replace(/\.ts$/u, ".js");
}

let found: string | null = null;

function bunPath(): string {
  found ??= findBun();
  return found;
}

function findBun(): string {
  if (process.versions.bun !== undefined) return realpathSync(process.execPath);
  for (const file of bunCandidates()) {
    // With install scripts off, `bun` is a stub of a few hundred bytes that only prints a sentence.
    if (existsSync(file) && statSync(file).size > 1_000_000) return realpathSync(file);
  }
  throw new NanosError(
    "sandbox.no_runtime",
    "The Bun runtime that sandboxed tools run on is not installed.",
    "Run npm rebuild bun, or npm ci without --ignore-scripts.",
  );
}

function bunCandidates(): string[] {
  const require = createRequire(import.meta.url);
  const platform = `@oven/bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : "x64"}`;
  const packages = ["bun", platform, `${platform}-baseline`, `${platform}-musl`];
  return packages.flatMap((name) => {
    try {
      const folder = dirname(require.resolve(`${name}/package.json`));
      return ["bin/bun.exe", "bin/bun"].map((file) => join(folder, file));
    } catch {
      return [];
    }
  });
}
