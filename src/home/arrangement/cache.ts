import * as fs from "node:fs";
import { join } from "node:path";
import { SCHEMAS_HASH } from "../../contracts/fingerprint.ts";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import { readPlain } from "../files.ts";
import { writeAtomic } from "../store.ts";

/**
 * Keeps what was parsed, so that a warm start needs neither the YAML parser nor the schemas. The
 * key is made of the content itself, the schemas and this format: any change is another key.
 * It lies in machine state, where nothing a scope names can write. Losing it loses nothing.
 */
export interface ParseCache {
  /** The value under `key`, from the cache or from `make`; plain JSON only. */
  through<T>(kind: string, key: string, make: () => Promise<T>): Promise<T>;
}

/** Raise it when the same file would be read differently. */
const FORMAT = 3;

export function openCache(folder: string): ParseCache {
  return {
    through: async (kind, key, make) => {
      const id = sha256(`${FORMAT}\n${SCHEMAS_HASH}\n${kind}\n${key}`);
      const file = join(folder, `${kind}-${id}.json`);
      const kept = read(file, id);
      if (kept !== null) return kept.value as Awaited<ReturnType<typeof make>>;
      const value = await make();
      write(folder, kind, file, JSON.stringify({ id, value }));
      return value;
    },
  };
}

function read(file: string, id: string): { value: unknown } | null {
  try {
    const text = readPlain(file, LIMITS.storedBytes);
    if (text === null) return null;
    const kept = JSON.parse(text.toString("utf8")) as { id?: unknown; value?: unknown };
    return kept.id === id ? { value: kept.value } : null;
  } catch {
    // A damaged cache is no cache.
    return null;
  }
}

/** Best effort: a full or read-only disk only makes the next start slower. */
function write(folder: string, kind: string, file: string, text: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeAtomic(file, text, { durable: false });
    const kept = fs
      .readdirSync(folder)
      .filter((name) => name.startsWith(`${kind}-`))
      .map((name) => ({ name, at: fs.statSync(join(folder, name)).mtimeMs }))
      .toSorted((a, b) => b.at - a.at);
    for (const { name } of kept.slice(LIMITS.cachedParses))
      fs.rmSync(join(folder, name), { force: true });
  } catch {
    return;
  }
}
