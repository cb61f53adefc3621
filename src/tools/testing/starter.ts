import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../../std/json.ts";
import type { ToolResult } from "../tool-host.ts";

/** The starters that come with nanos. */
export const STARTERS = join(import.meta.dir, "../../../starters");

/** A starter's files as a lab wants them. */
export function filesOf(starter: string): Record<string, string> {
  const dir = join(STARTERS, starter);
  const files: Record<string, string> = {};
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const inside = path.slice(dir.length + 1);
    const text = readFileSync(path, "utf8").replaceAll("{{today}}", "2026-11-21");
    files[inside.startsWith("seed/") ? `work/${inside.slice(5)}` : `arrangement/${inside}`] = text;
  }
  return files;
}

/** What a call gave; throws its failure. */
export const outputOf = (result: ToolResult): Json => {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message}`);
  return result.output;
};
