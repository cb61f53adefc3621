import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Bytes of every file below a folder. */
export function bytesIn(dir: string): number {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
