import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { PendingFile } from "../contracts/config.ts";
import { codeOf } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { leadsOut } from "./install/entries.ts";
import { readPlain } from "./files.ts";
import { damaged, writeAtomic } from "./store.ts";

/**
 * Files of an arrangement changed as one. What is to be is written down whole in machine state
 * first; from then on the change counts, and whoever comes next finishes it. So whatever happens in
 * the middle, there is the old or the new, and nothing between. The caller holds the lock.
 */

/** A change that may have been begun; absolute. */
export function pendingFile(machine: string): string {
  return join(machine, "arrangement.change");
}

/** True when somebody began a change and did not finish it, or is just doing so. */
export function isPending(machine: string): boolean {
  return fs.existsSync(pendingFile(machine));
}

/** Writes down what is to be. When it returns, the change will happen. */
export function begin(machine: string, pending: PendingFile): void {
  writeAtomic(pendingFile(machine), JSON.stringify(pending));
}

/** Does what was begun; `done` is told when every file is in its place. Nothing where none was. */
export async function finish(
  machine: string,
  done: (pending: PendingFile) => Promise<void>,
): Promise<void> {
  const file = pendingFile(machine);
  const bytes = readPlain(file, 2 * LIMITS.storedBytes);
  if (bytes === null) return;
  const { PendingFile: schema } = await import("../contracts/config.ts");
  const read = schema.safeParse(json(bytes.toString("utf8")));
  if (!read.success || read.data.files.some(({ path }) => leadsOut(path))) {
    throw damaged(file, "it is not a change that nanos wrote down.");
  }
  for (const one of read.data.files) put(read.data.dir, one);
  await done(read.data);
  fs.rmSync(file, { force: true });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function put(dir: string, { path, content, mode }: PendingFile["files"][number]): void {
  const file = join(dir, path);
  if (content === null) {
    fs.rmSync(file, { force: true });
    clearFolders(dir, dirname(path));
    return;
  }
  fs.mkdirSync(dirname(file), { recursive: true });
  writeAtomic(file, Buffer.from(content, "base64"), { mode });
}

/** Folders that hold nothing any more. */
function clearFolders(dir: string, path: string): void {
  for (let folder = path; folder !== "."; folder = dirname(folder)) {
    try {
      fs.rmdirSync(join(dir, folder));
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes(codeOf(error))) throw error;
      if (codeOf(error) !== "ENOENT") return;
    }
  }
}
