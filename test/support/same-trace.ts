import type { Json } from "../../src/std/json.ts";

/**
 * What no two runs share: ids, times, and the hashes made of them. `inputs` is over the moment and
 * the run, `body` and the chain over salted bodies, `digest` over the conversation, in which answers
 * name the steps they come from; what was said in it stands in the events themselves.
 */
const OWN = new Set([
  "at",
  "ms",
  "expires",
  "seq",
  "hash",
  "prev",
  "head",
  "inputs",
  "body",
  "date",
  "digest",
]);

/** An exported run without them, event for event: ids are numbered as they come up. */
export function withoutIdsAndTimes(exported: string): readonly Json[] {
  const ids = new Map<string, string>();
  const plain = (text: string): string =>
    text.replace(/\b[ra]1[0-9a-z]{14}(?![0-9a-z])/gu, (id) => {
      if (!ids.has(id)) ids.set(id, `${id.charAt(0)}#${ids.size + 1}`);
      return ids.get(id) ?? "";
    });
  const walk = (value: Json): Json => {
    if (typeof value === "string") return plain(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => (OWN.has(key) ? [] : [[key, walk(item)]])),
    );
  };
  return exported
    .trim()
    .split("\n")
    .map((line) => walk(JSON.parse(line) as Json));
}
