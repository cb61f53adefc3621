import { z } from "zod";

/** What goes over the network that is nobody else's: errors, liveness, the seeds' small routes. */

/** A shape something sent has to have; what was read is `data`. */
export type Shape<T = unknown> = z.ZodType<T>;

/** What is refused or fails, in the shape clients of OpenAI know. */
export const HttpError = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.string(),
    /** Stable and dotted, as everywhere in nanos; or a reason of the gate. */
    code: z.string(),
    /** The field of the request it is about. */
    param: z.string().nullable(),
  }),
});
export type HttpError = z.infer<typeof HttpError>;

/** The same as a message of JSON-RPC; `data.code` is the code of nanos. */
export const RpcError = z.strictObject({
  jsonrpc: z.literal("2.0"),
  id: z.null(),
  error: z.strictObject({
    code: z.number().int(),
    message: z.string(),
    data: z.strictObject({ code: z.string() }),
  }),
});

export const Health = z.strictObject({ status: z.literal("ok"), service: z.string() });

export const Ready = z.strictObject({
  status: z.enum(["ready", "unready"]),
  service: z.string(),
  /** The code of why not. */
  reason: z.string().optional(),
});

/** Any JSON there is. */
export const AnyJson = z.unknown();

export const PlainText = z.string();

export const Echo = z.strictObject({ echo: AnyJson });

/** OpenAPI 3.1 itself, which has a schema of its own. */
export const OpenApi = z.looseObject({ openapi: z.literal("3.1.0"), paths: z.looseObject({}) });

/** A shape as JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export function jsonSchemaOf(shape: Shape, io: "input" | "output"): unknown {
  // What is made of a text while it is read, such as a duration, has no form of its own.
  const { $schema: _, $defs: __, ...rest } = z.toJSONSchema(shape, { io, unrepresentable: "any" });
  return JSON.parse(JSON.stringify(rest), anyJson);
}

/** Of all shapes only JSON itself holds itself, and what is any JSON has no bounds. */
function anyJson(_: string, value: unknown): unknown {
  const isJson = typeof value === "object" && value !== null && "$ref" in value;
  return isJson ? {} : value;
}
