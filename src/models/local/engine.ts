import { existsSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import type { Json } from "../../std/json.ts";
import { modelError } from "../failures.ts";

/** The engine as it was tried; another of the same major version is used as well. */
export const ENGINE = "node-llama-cpp";
export const ENGINE_VERSION = "3.21.1";

/** Where the engine lies: the module to import, and the folder with all it needs. */
export interface FoundEngine {
  readonly entry: string;
  readonly folder: string;
}

/**
 * The engine the operator installed: in `place`, the folder npm put it into, else the one whose
 * program is on PATH. Nothing of it is run to find out.
 *
 * @throws NanosError `model.no_engine`.
 */
export function findEngine(
  model: string,
  place: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): FoundEngine {
  const folder = place === undefined ? onPath(env["PATH"] ?? "") : inFolder(place);
  const facts = { model, version: ENGINE_VERSION };
  if (folder === null) {
    const looked = place === undefined ? "Its program is not on PATH." : `It is not in ${place}.`;
    throw modelError("model.no_engine", facts, looked);
  }
  const { version, main } = manifestOf(folder);
  if (version.split(".")[0] !== ENGINE_VERSION.split(".")[0]) {
    throw modelError("model.no_engine", facts, `Version ${version} in ${folder} is another one.`);
  }
  // npm puts what it needs beside it.
  return { entry: join(folder, main), folder: dirname(folder) };
}

function inFolder(place: string): string | null {
  const folders = [place, join(place, ENGINE), join(place, "node_modules", ENGINE)];
  return folders.find((folder) => isEngine(folder)) ?? null;
}

function onPath(path: string): string | null {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, ENGINE);
    if (!isAbsolute(folder) || !existsSync(file)) continue;
    // A link into the package, some folders deep.
    for (let at = dirname(realpathSync(file)); at !== dirname(at); at = dirname(at)) {
      if (isEngine(at)) return at;
    }
  }
  return null;
}

function isEngine(folder: string): boolean {
  return manifestOf(folder).name === ENGINE;
}

function manifestOf(folder: string): { name: string; version: string; main: string } {
  const none = { name: "", version: "", main: "" };
  try {
    const read = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Json;
    return { ...none, ...(read as object) };
  } catch {
    return none;
  }
}
