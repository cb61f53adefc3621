import { isObject, type Json, type JsonObject } from "../../std/json.ts";

/*
 * The engine holds a call's arguments to a grammar made of the tool's schema. It knows a part of
 * JSON Schema, and in it every property must be there. So what may be left out may be null as well,
 * and a null nobody asked for is left out again. Lengths and patterns are left to whoever checks the
 * arguments.
 */

/** The schema of a tool's arguments in the part of JSON Schema that the engine knows. */
export function forced(schema: Json | undefined): JsonObject {
  if (!isObject(schema)) return ANYTHING;
  const { description } = schema;
  const about = typeof description === "string" ? { description } : {};
  if ("const" in schema) return { ...about, const: schema["const"] ?? null };
  if (Array.isArray(schema["enum"])) return { ...about, enum: schema["enum"] as Json[] };
  const of = schema["oneOf"] ?? schema["anyOf"];
  if (Array.isArray(of)) return { ...about, oneOf: (of as Json[]).map(forced) };
  const { type } = schema;
  if (Array.isArray(type)) {
    return { ...about, oneOf: (type as Json[]).map((one) => forced({ ...schema, type: one })) };
  }
  if (type === "object") return { ...about, ...forcedObject(schema) };
  if (type === "array") return { ...about, type, items: forced(schema["items"]) };
  if (typeof type === "string" && PLAIN.has(type)) return { ...about, type };
  return { ...about, ...ANYTHING };
}

/** The arguments without what was only null because something had to stand there. */
export function leaned(args: Json, schema: Json | undefined): Json {
  if (!isObject(schema)) return args;
  if (Array.isArray(args)) return args.map((item: Json) => leaned(item, schema["items"]));
  if (!isObject(args)) return args;
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = requiredOf(schema);
  return Object.fromEntries(
    Object.entries(args)
      .filter(([name, value]) => value !== null || required.has(name))
      .map(([name, value]) => [name, leaned(value, properties[name])]),
  );
}

function forcedObject(schema: JsonObject): JsonObject {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = requiredOf(schema);
  const more = schema["additionalProperties"];
  const free = isObject(more) || more === true || Object.keys(properties).length === 0;
  return {
    type: "object",
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, one]) => {
        const held = forced(one);
        return [name, required.has(name) ? held : { oneOf: [held, { type: "null" }] }];
      }),
    ),
    ...(free && { additionalProperties: isObject(more) ? forced(more) : true }),
  };
}

function requiredOf({ required }: JsonObject): ReadonlySet<Json> {
  return new Set(Array.isArray(required) ? (required as Json[]) : []);
}

/** Any JSON value: the engine takes what is not said inside a list or an object as free. */
const ANYTHING = {
  oneOf: [
    ...["string", "number", "boolean", "null"].map((type) => ({ type })),
    { type: "object", additionalProperties: true },
    { type: "array" },
  ],
} as const;
const PLAIN = new Set(["string", "number", "integer", "boolean", "null"]);
