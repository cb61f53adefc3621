import { mcpOf } from "../../src/mcp/protocol.ts";
import type { McpService } from "../../src/mcp/serve.ts";
import { type McpTool, mcpTool, result, type ToolCall } from "../../src/mcp/tool.ts";
import { missing } from "../../src/mcp/resources.ts";
import { systemClock } from "../../src/std/clock.ts";
import type { Json, JsonObject } from "../../src/std/json.ts";
import { RPC, RpcRefusal } from "../../src/std/rpc.ts";
import { z } from "zod";

/**
 * What the conformance suite of the Model Context Protocol asks a server to have: tools, resources
 * and prompts whose names and answers it knows. They are served by the same code as what nanos has.
 */
export function conformanceService(): McpService {
  return mcpOf({
    ...{ tools: TOOLS, resources: RESOURCES, prompts: PROMPTS, clock: systemClock },
    ...{ version: "1", instructions: "For a test." },
  }) as McpService;
}

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";
const IMAGE = { type: "image", data: PNG, mimeType: "image/png" };
const embedded = (uri: string, text: string, mimeType = "text/plain"): JsonObject => ({
  type: "resource",
  resource: { uri, mimeType, text },
});

interface Fixed {
  readonly text?: string;
  readonly parts?: readonly JsonObject[];
  readonly failed?: true;
  readonly during?: (call: ToolCall) => void;
}

function tool(name: string, { during, text = "", ...more }: Fixed): McpTool {
  return mcpTool({
    ...{
      name,
      description: `Tests ${name}.`,
      input: z.strictObject({}),
      output: z.looseObject({}),
    },
    run: async (_, call) => {
      during?.(call);
      return { ...result({}, text), ...more };
    },
  });
}

const TOOLS: readonly McpTool[] = [
  tool("test_simple_text", { text: "This is a simple text response for testing." }),
  tool("test_image_content", { parts: [IMAGE] }),
  tool("test_audio_content", { parts: [{ type: "audio", data: WAV, mimeType: "audio/wav" }] }),
  tool("test_embedded_resource", {
    parts: [embedded("test://embedded-resource", "This is an embedded resource content.")],
  }),
  tool("test_multiple_content_types", {
    text: "Multiple content types test:",
    parts: [IMAGE, embedded("test://mixed-content-resource", "{}", "application/json")],
  }),
  tool("test_error_handling", {
    ...{ text: "This tool intentionally returns an error for testing", failed: true },
  }),
  tool("test_tool_with_progress", {
    during: ({ progress }) => ["begun", "half", "done"].forEach((told) => progress(told)),
  }),
  tool("test_tool_with_logging", {
    during: ({ log }) =>
      ["started", "processing", "completed"].forEach((told) => log("info", told)),
  }),
  tool("test_logging_tool", { during: ({ log }) => log("info", "told") }),
  tool("test_streaming_elicitation", { text: "Nothing is asked of a client." }),
];

const READ: Readonly<Record<string, JsonObject>> = {
  "test://static-text": { mimeType: "text/plain", text: "This is the content." },
  "test://static-binary": { mimeType: "image/png", blob: PNG },
  "test://watched-resource": { mimeType: "text/plain", text: "Watched." },
};

function read(uri: string): JsonObject {
  const [, id] = /^test:\/\/template\/(\w+)\/data$/u.exec(uri) ?? [];
  const found =
    id === undefined ? READ[uri] : { mimeType: "application/json", text: `{"id":"${id}"}` };
  return found === undefined ? missing(uri) : { uri, ...found };
}

const RESOURCES = {
  list: (): readonly JsonObject[] => Object.keys(READ).map((uri) => ({ uri, name: uri })),
  templates: (): readonly JsonObject[] => [
    { uriTemplate: "test://template/{id}/data", name: "template" },
  ],
  read,
  mark: (uri: string): string | null => (READ[uri] === undefined ? null : ""),
  complete: (): readonly string[] => [],
};

const said = (content: JsonObject): JsonObject => ({ role: "user", content });
const text = (words: string): JsonObject => said({ type: "text", text: words });

const GIVEN: Readonly<Record<string, (args: JsonObject) => readonly JsonObject[]>> = {
  test_simple_prompt: () => [text("This is a simple prompt for testing.")],
  test_prompt_with_arguments: ({ arg1, arg2 }) => [text(`${String(arg1)} and ${String(arg2)}`)],
  test_prompt_with_embedded_resource: ({ resourceUri }) => [
    said(embedded(String(resourceUri), "Embedded resource content for testing.")),
  ],
  test_prompt_with_image: () => [said(IMAGE)],
};

const TAKES: Readonly<Record<string, readonly string[]>> = {
  test_prompt_with_arguments: ["arg1", "arg2"],
  test_prompt_with_embedded_resource: ["resourceUri"],
};

const PROMPTS = {
  list: (): readonly JsonObject[] =>
    Object.keys(GIVEN).map((name) => ({
      ...{ name, description: `Tests ${name}.` },
      arguments: (TAKES[name] ?? []).map((one) => ({ name: one, required: true })),
    })),
  get: (name: string, args: Json): JsonObject => {
    const messages = GIVEN[name]?.(args as JsonObject);
    if (!messages) throw new RpcRefusal(RPC.params, "There is no such prompt.");
    return { messages };
  },
  complete: (_: string, argument: string): readonly string[] => [`test ${argument}`],
};
