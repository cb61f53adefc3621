import { readFile, stat } from "node:fs/promises";
import { codeOf, messageOf } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Adapter } from "../adapter.ts";
import { modelError } from "../failures.ts";
import { pathInside } from "../local/file.ts";
import { scriptModel } from "../script.ts";

/**
 * Recorded answers from a YAML or JSON file; `scriptModel` describes the format. `file` is relative
 * to the arrangement and must not lead out of it; an absolute path is taken as it is.
 *
 * @throws NanosError `model.bad_script` when the file is missing, too large or malformed.
 */
export const openScript: Adapter = async (name, config, deps) => {
  if (config.file === undefined) {
    throw modelError("model.bad_config", { model: name }, "It has no `file`.");
  }
  const path = pathInside(config.file, deps.arrangementDir);
  if (path === null) {
    const detail = "Its `file` lies outside the arrangement.";
    throw modelError("model.bad_config", { model: name }, detail);
  }
  const script = await readScript(path, config.file);
  return scriptModel(name, script as Parameters<typeof scriptModel>[1], deps.clock, config.file);
};

async function readScript(path: string, file: string): Promise<unknown> {
  const bad = (detail: string): Error => modelError("model.bad_script", { file }, detail);
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > LIMITS.scriptBytes) throw bad(`It is larger than ${LIMITS.scriptBytes} bytes.`);
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") throw bad("There is no such file.");
    throw error instanceof Error && "next" in error ? error : bad(messageOf(error));
  }
  try {
    if (path.endsWith(".json")) return JSON.parse(text) as unknown;
    const { parse } = await import("yaml");
    return parse(text) as unknown;
  } catch (error) {
    throw bad(messageOf(error).split("\n", 1)[0] ?? "");
  }
}
