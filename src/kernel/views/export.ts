import { writeFile } from "node:fs/promises";
import { canonical } from "../../std/canonical.ts";
import type { Json } from "../../std/json.ts";
import type { Journal } from "../../journal/journal.ts";
import { traceOf } from "./trace.ts";

/**
 * Writes a run and the runs it delegated to as JSON lines: each an event with its body, in the
 * order they were recorded. Returns how many.
 */
export async function exportRun(journal: Journal, run: string, file: string): Promise<number> {
  const lines: string[] = [];
  for (const chain of chainsOf(journal, run)) {
    for (const { event, body } of journal.chain(chain)) {
      lines.push(canonical({ ...event, content: body } as unknown as Json));
    }
  }
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  return lines.length;
}

/** The run and all it delegated to, by run id, outermost first. */
export function chainsOf(journal: Journal, run: string): readonly string[] {
  const { steps } = traceOf(journal, run);
  const children = steps.flatMap(({ child }) => (child ? chainsOf(journal, child.run) : []));
  return [run, ...children];
}
