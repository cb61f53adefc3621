import { z } from "zod";
import { Rank } from "./action.ts";
import { JsonSchema } from "./json.ts";
import { Label } from "./label.ts";
import { Scope } from "./scope.ts";
import { SecretName } from "./secret.ts";

/** What an argument decides: where it goes, what is done, or merely what is in it. */
export const ArgRole = z.enum(["destination", "control", "content"]);

/** A tool as its author declares it, whatever it is made of. Names: `notes_append`. */
export const ToolManifest = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/u),
  description: z.string().max(4_096),
  /** JSON Schema of the arguments, an object. */
  input: JsonSchema,
  output: JsonSchema.optional(),
  scopes: z.array(Scope),
  /** Label of what it returns; untrusted and private where nothing is said. */
  returns: Label.partial().optional(),
  /** Role of each argument; `destination` where nothing is said. */
  args: z.record(z.string(), ArgRole).optional(),
  rank: Rank.optional(),
  /** True when doing it twice does no more than doing it once. */
  repeatable: z.boolean(),
  /** True when it changes nothing anywhere: it only looks something up. */
  reads: z.boolean().optional(),
  /** True when it can tell whether an earlier call with these arguments took effect. */
  probe: z.boolean(),
  irreversible: z.boolean().optional(),
});
export type ToolManifest = z.infer<typeof ToolManifest>;

/** `tools/NAME.yaml`: a tool made of a program, a request or a container, with no code of its own. */
export const ToolFile = z
  .strictObject({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/u, "must be 1 to 128 of A-Z, a-z, 0-9, - and _"),
    description: z.string().max(4_096),
    input: JsonSchema.optional(),
    scopes: z.array(Scope).default([]),
    rank: Rank.optional(),
    repeatable: z.boolean().default(false),
    returns: Label.partial().optional(),
    args: z.record(z.string(), ArgRole).optional(),
    reads: z.boolean().optional(),
    irreversible: z.boolean().optional(),
    /** argv; `{name}` as a whole item is replaced by that argument, never joined into a shell. */
    command: z.array(z.string()).min(1).optional(),
    /** For a command: the argument that is its standard input. */
    stdin: z.string().optional(),
    http: z
      .strictObject({
        method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).default("GET"),
        url: z.string(),
        headers: z.record(z.string(), z.string()).optional(),
        body: JsonSchema.optional(),
      })
      .optional(),
    container: z
      .strictObject({ image: z.string(), command: z.array(z.string()).min(1) })
      .optional(),
  })
  .refine((tool) => [tool.command, tool.http, tool.container].filter(Boolean).length === 1, {
    message: "a tool file has exactly one of command, http, container",
  });
export type ToolFile = z.infer<typeof ToolFile>;

/** What the operator knows of a tool somebody else wrote, and its author has no word for. */
export const ToolNote = ToolManifest.pick({
  returns: true,
  args: true,
  rank: true,
  reads: true,
  irreversible: true,
}).partial();
export type ToolNote = z.infer<typeof ToolNote>;

/** Who lets into a server behind HTTP, where that asks for a login (`nanos mcp login`). */
const Oauth = z.strictObject({
  /** Address of the server that gives its tokens; no other is believed. */
  issuer: z.url({ protocol: /^https?$/u }),
  /** Where it gives them, where that is another host. */
  token: z.url({ protocol: /^https?$/u }).optional(),
  /**
   * What nanos is known as there: an id, or the https address of a document that describes it. It
   * registers itself where nothing is said.
   */
  client: z.string().min(1).max(2_048).optional(),
  /** The secret that goes with that id. */
  secret: SecretName.optional(),
  /** What to ask for, where the server does not say. */
  scope: z.string().max(2_048).optional(),
});
export type Oauth = z.infer<typeof Oauth>;

/** `mcp.json`: servers as every MCP client writes them, plus our `scopes`. */
export const McpServer = z.strictObject({
  type: z.enum(["stdio", "http", "streamable-http", "sse"]).optional(),
  command: z.string().optional(),
  args: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  cwd: z.string().optional(),
  url: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  oauth: Oauth.optional(),
  timeout: z.number().int().positive().optional(),
  description: z.string().optional(),
  scopes: z.array(Scope).optional(),
  /** What the operator knows of its tools, by the names the server gives them. */
  tools: z.record(z.string(), ToolNote).optional(),
  enabled: z.boolean().optional(),
});
export type McpServer = z.infer<typeof McpServer>;
export const McpFile = z.object({ mcpServers: z.record(z.string(), McpServer) });
export type McpFile = z.infer<typeof McpFile>;
