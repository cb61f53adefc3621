import type { AssistantMessage, Message } from "../../contracts/message.ts";
import type { ModelRequest, ToolSpec } from "../../contracts/model.ts";

/**
 * A request for a model whose server has no calls of its own: its tools stand in the system text, the
 * calls it made and what came of them in the conversation, as text. What it prints is read by `Screen`.
 * Messages are made once each, so that what was sent before is sent the same again.
 */
export function inWords(request: ModelRequest): ModelRequest {
  const { tools, choice, system, messages, ...rest } = request;
  const offered =
    typeof choice === "object" ? tools.filter(({ name }) => name === choice.name) : tools;
  const told = offered.length === 0 || choice === "none" ? "" : toldOf(offered);
  return {
    ...rest,
    system: [system, told].filter((text) => text !== "").join("\n\n"),
    messages: messages.map(once),
    tools: [],
  };
}

const texts = new WeakMap<readonly ToolSpec[], string>();

function toldOf(tools: readonly ToolSpec[]): string {
  const known = texts.get(tools);
  if (known !== undefined) return known;
  const lines = tools.map(({ name, description, input }) =>
    JSON.stringify({ name, description, parameters: input }),
  );
  const text = [HOW, ...lines].join("\n");
  texts.set(tools, text);
  return text;
}

const HOW = `## Tools
To use a tool, write this and nothing after it, once for each use:
<tool_call>{"name": "NAME", "arguments": {}}</tool_call>
What came of it follows in <tool_response>. Never write that yourself. These are the tools, with the
JSON Schema of their arguments:`;

const made = new WeakMap<Message, Message>();

function once(message: Message): Message {
  const known = made.get(message) ?? worded(message);
  made.set(message, known);
  return known;
}

function worded(message: Message): Message {
  switch (message.role) {
    case "user":
      return message;
    case "assistant":
      return message.parts.some(({ type }) => type === "call") ? withCalls(message) : message;
    case "tool":
      return {
        role: "user",
        parts: message.parts.map(({ name, text, error }) => ({
          type: "text",
          text: response(name, error ? `It failed: ${text}` : text),
        })),
      };
  }
}

/** What it made up of results goes no further: it would take it for what came. */
function withCalls({ role, parts }: AssistantMessage): AssistantMessage {
  return {
    role,
    parts: parts.flatMap((part): AssistantMessage["parts"] => {
      if (part.type === "thinking") return [part];
      if (part.type === "call") {
        const args = part.broken ?? JSON.stringify(part.args);
        const name = JSON.stringify(part.name);
        return [
          { type: "text", text: `<tool_call>{"name": ${name}, "arguments": ${args}}</tool_call>` },
        ];
      }
      const text = part.text.split("<tool_response", 1)[0] ?? "";
      return text.trim() === "" ? [] : [{ type: "text", text: `${text.trimEnd()}\n` }];
    }),
  };
}

/** A result cannot end itself, whoever wrote it. */
function response(name: string, text: string): string {
  const body = text.replaceAll("</tool_response", "<\\/tool_response");
  return `<tool_response name=${JSON.stringify(name)}>\n${body}\n</tool_response>`;
}
