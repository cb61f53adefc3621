import type { z } from "zod";
import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { utf8 } from "../files.ts";
import { explain } from "../arrangement/explain.ts";
import type { Loading } from "../arrangement/loading.ts";

/**
 * An exported run: a line of JSON per event, its body under `content`, null where it was erased.
 * An event of a kind this version does not know is no fault: a later one may have written it.
 */
export async function checkJournal(loading: Loading, path: string): Promise<void> {
  const { Event, EventBody } = await import("../../contracts/event.ts");
  const known = new Set<string>(EventBody.options.map(({ shape }) => shape.kind.value));
  const { problems, warnings } = loading;
  const text = utf8(loading.files.byPath.get(path)?.content ?? new Uint8Array());
  const lines = text?.split("\n") ?? [];
  const fault = (line: number, says: string): void => {
    problems.push({ file: path, line, column: 1, text: says });
  };
  if (text === null) fault(1, "is not UTF-8 text");
  for (const [i, line] of lines.entries()) {
    if (line === "") continue;
    if (problems.length >= LIMITS.problemsListed) return;
    const data = json(line);
    const { content = null, ...event } = isObject(data) ? data : {};
    const wrong = isObject(data) ? faultsOf(Event, event) : ["is not one JSON object"];
    const kind = typeof event["kind"] === "string" ? event["kind"] : "";
    if (wrong.length === 0 && content !== null) {
      if (known.has(kind)) wrong.push(...faultsOf(EventBody, content));
      else warnings.push(`${path}:${i + 1}: this version does not know events of kind ${kind}`);
      const inside = isObject(content) ? content["kind"] : undefined;
      if (wrong.length === 0 && inside !== kind) wrong.push(`its body is not of kind ${kind}`);
    }
    for (const says of wrong) fault(i + 1, says);
  }
}

function faultsOf(schema: z.ZodType, value: unknown): string[] {
  const read = schema.safeParse(value, { reportInput: true });
  return read.success ? [] : explain(schema, read.error.issues).map(({ text }) => text);
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
