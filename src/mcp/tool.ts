import { z } from "zod";
import type { Nanos, RunRequest } from "../contracts/nanos.ts";
import type { Clock } from "../std/clock.ts";
import { assert, NanosError } from "../std/error.ts";
import { isObject, type Json, type JsonObject } from "../std/json.ts";
import { plainJson, plainText } from "../std/text.ts";
import type { Carried } from "./carried.ts";

/** What the tools of one client are served from. */
export interface Served {
  readonly nanos: Nanos;
  readonly clock: Clock;
  readonly carried: Carried;
  /** Who the client is, on the record. */
  readonly client: string;
  /** What every request of its is held to. */
  readonly bounds: Omit<RunRequest, "text" | "client">;
  /** It has that one agent and what came of its own requests, and nothing else is shown to it. */
  readonly narrow: boolean;
}

/** One call of a tool. */
export interface ToolCall {
  readonly signal: AbortSignal;
  /** Tells the client how far it is, where it wants to know. */
  readonly progress: (says: string) => void;
  /** Tells the client what happens, where it wants to know of what is that serious. */
  readonly log: (level: LogLevel, says: string) => void;
}

export type LogLevel = "info" | "warning" | "error";

/** What a call came to: what is said of it, and the same as data. */
export interface ToolResult {
  readonly text: string;
  readonly data: JsonObject;
  /** What else belongs to it, in the protocol's own shape: an image, an address. */
  readonly parts?: readonly JsonObject[];
  readonly failed?: boolean;
}

export interface McpTool {
  readonly name: string;
  readonly description: string;
  readonly input: JsonObject;
  /** What its result has at least, where it is no failure. */
  readonly output: JsonObject;
  /** It changes nothing. */
  readonly reads: boolean;
  readonly run: (args: Json, call: ToolCall) => Promise<ToolResult>;
}

/**
 * A tool whose arguments are checked before anything of it happens, and whose answer is held against
 * its output schema: one that does not fit is a bug of ours.
 */
export function mcpTool<T extends z.ZodObject>(given: {
  readonly name: string;
  readonly description: string;
  readonly input: T;
  readonly output: z.ZodObject;
  readonly reads?: boolean;
  readonly run: (args: z.infer<T>, call: ToolCall) => Promise<ToolResult> | ToolResult;
}): McpTool {
  const { name, description, input, output, reads = false, run } = given;
  const schemaOf = (shape: z.ZodObject, io: "input" | "output"): JsonObject => {
    const { $schema: _, ...schema } = z.toJSONSchema(shape, { io });
    return schema as JsonObject;
  };
  return {
    ...{ name, description, reads },
    input: schemaOf(input, "input"),
    output: schemaOf(output, "output"),
    run: async (args, call) => {
      const read = input.safeParse(args);
      if (read.success) return fits(name, output, await run(read.data, call));
      const [issue] = read.error.issues;
      const where = issue?.path.map(String).join(".") || "all of it";
      const message = `The arguments of ${name} do not fit: ${where}: ${issue?.message ?? "?"}.`;
      throw new NanosError("client.arguments", message, "Its input schema says what fits.");
    },
  };
}

function fits(name: string, output: z.ZodObject, came: ToolResult): ToolResult {
  const [issue] = output.safeParse(came.data).error?.issues ?? [];
  const where = issue?.path.map(String).join(".") ?? "";
  assert(issue === undefined, `${name} answered otherwise than its schema says: ${where}.`);
  return came;
}

/** Data as a result, with itself as what is said where nothing better is. */
export function result(data: object, text?: string): ToolResult {
  const clean = plainJson(data as Json);
  const shown = isObject(clean) ? clean : { value: clean };
  return {
    data: shown,
    text: text === undefined ? JSON.stringify(shown, null, 2) : plainText(text),
  };
}

/** A failure the program expects, as a result: the client's model can mend what it says. */
export function failedResult(error: NanosError): ToolResult {
  const { code, message, next } = error;
  const data = plainJson({ error: { code, message, next } }) as JsonObject;
  return { data, text: plainText(`${message} ${next}`), failed: true };
}
