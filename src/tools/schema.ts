import type { Json } from "../std/json.ts";

/**
 * Why a value does not fit a JSON Schema, one line for each of the first places; empty where it
 * does. Throws for a schema that is none, with a sentence that says why.
 */
export async function misfits(schema: Json, value: Json): Promise<readonly string[]> {
  const { z } = await import("zod");
  const read = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value);
  if (read.success) return [];
  return read.error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.map(String).join(".") || "(all)"}: ${message}`);
}
