import { z } from "zod";
import type { Json } from "../../std/json.ts";
import type { ToolManifest } from "../../contracts/tool.ts";
import type { Tool } from "../authoring.ts";

/** What a tool declares, as plain data. Throws what is wrong with it, for its author. */
export function manifestOf(tool: Tool): ToolManifest {
  const { definition } = tool;
  if (!(definition.input instanceof z.ZodObject)) {
    throw new TypeError("`input` must be made with z.object({...})");
  }
  const { output, returns } = definition;
  return {
    name: definition.name,
    description: definition.description,
    input: schemaOf(definition.input, "input"),
    ...(output === undefined ? {} : { output: schemaOf(output, "output") }),
    scopes: [...(definition.scopes ?? [])],
    ...(returns === undefined ? {} : { returns: returnsOf(returns) }),
    ...(definition.args === undefined ? {} : { args: { ...definition.args } }),
    ...(definition.rank === undefined ? {} : { rank: definition.rank }),
    repeatable: definition.repeatable ?? false,
    ...(definition.reads === undefined ? {} : { reads: definition.reads }),
    probe: definition.probe !== undefined,
    ...(definition.irreversible === undefined ? {} : { irreversible: definition.irreversible }),
  };
}

function returnsOf({
  readers,
  ...returns
}: NonNullable<Tool["definition"]["returns"]>): NonNullable<ToolManifest["returns"]> {
  return readers === undefined ? returns : { ...returns, readers: [...readers] };
}

/**
 * The input as it is enforced. `z.object` drops arguments it does not know; an argument dropped in
 * silence may be the one that mattered, so here it is refused, unless the author chose otherwise
 * with `z.looseObject` or `catchall`.
 */
export function enforced(input: z.ZodObject): z.ZodObject {
  return input.def.catchall === undefined ? input.strict() : input;
}

function schemaOf(type: z.ZodType, io: "input" | "output"): Json {
  const shape = type instanceof z.ZodObject && io === "input" ? enforced(type) : type;
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: "any" });
  return JSON.parse(JSON.stringify(schema)) as Json;
}
