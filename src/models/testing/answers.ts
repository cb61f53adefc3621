import type { Finish } from "../../contracts/model.ts";
import type { ScriptTurn } from "../../contracts/script.ts";
import type { Json } from "../../std/json.ts";
import type { MockWire } from "./requests.ts";

/** A call as it goes out: arguments already as JSON text, possibly broken on purpose. */
export interface MockCall {
  readonly id: string;
  readonly name: string;
  readonly json: string;
}

/** How one wire writes the pieces of a streamed answer. */
export interface Encoder {
  readonly type: string;
  start(): string;
  think(delta: string): string;
  say(delta: string): string;
  call(call: MockCall, index: number): string;
  end(finish: Finish, usage: ScriptTurn["usage"]): string;
}

/** An encoder for one answer of `model`. */
export function encoderOf(wire: MockWire, model: string): Encoder {
  if (wire === "anthropic") return anthropicEncoder(model);
  return wire === "ollama" ? ollamaEncoder(model) : openaiEncoder(model);
}

function openaiEncoder(model: string): Encoder {
  const chunk = (delta: Json, reason: string | null = null): string =>
    `data: ${JSON.stringify({
      id: "chatcmpl-mock",
      object: "chat.completion.chunk",
      created: 0,
      model,
      choices: [{ index: 0, delta, finish_reason: reason }],
    })}\n\n`;
  return {
    type: "text/event-stream",
    start: () => chunk({ role: "assistant", content: "" }),
    think: (delta) => chunk({ reasoning_content: delta }),
    say: (delta) => chunk({ content: delta }),
    call: ({ id, name, json }, index) =>
      chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }) +
      chunk({ tool_calls: [{ index, function: { arguments: json } }] }),
    end: (finish, usage) => {
      const counts = usage && {
        prompt_tokens: usage.input,
        completion_tokens: usage.output,
        total_tokens: usage.input + usage.output,
        ...(usage.cached !== undefined && {
          prompt_tokens_details: { cached_tokens: usage.cached },
        }),
      };
      const last = counts
        ? `data: ${JSON.stringify({ id: "chatcmpl-mock", object: "chat.completion.chunk", created: 0, model, choices: [], usage: counts })}\n\n`
        : "";
      return `${chunk({}, OPENAI_FINISH[finish])}${last}data: [DONE]\n\n`;
    },
  };
}

function anthropicEncoder(model: string): Encoder {
  let index = -1;
  let open = "";
  const event = (type: string, value: { readonly [key: string]: Json }): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`;
  const close = (): string => {
    const closing = open === "" ? "" : event("content_block_stop", { index });
    open = "";
    return closing;
  };
  const block = (kind: string, start: Json): string => {
    const before = close();
    open = kind;
    index += 1;
    return before + event("content_block_start", { index, content_block: start });
  };
  const delta = (value: Json): string => event("content_block_delta", { index, delta: value });
  const piece = (kind: "text" | "thinking", part: string): string => {
    const start = open === kind ? "" : block(kind, { type: kind, [kind]: "" });
    return start + delta({ type: `${kind}_delta`, [kind]: part });
  };
  return {
    type: "text/event-stream",
    start: () =>
      event("message_start", {
        message: { id: "msg_mock", type: "message", role: "assistant", model, content: [] },
      }),
    think: (part) => piece("thinking", part),
    say: (part) => piece("text", part),
    call: ({ id, name, json }) =>
      block("tool_use", { type: "tool_use", id, name, input: {} }) +
      delta({ type: "input_json_delta", partial_json: json }),
    end: (finish, usage) =>
      close() +
      event("message_delta", {
        delta: { stop_reason: ANTHROPIC_FINISH[finish], stop_sequence: null },
        ...(usage && {
          usage: {
            input_tokens: usage.input - (usage.cached ?? 0),
            output_tokens: usage.output,
            ...(usage.cached !== undefined && { cache_read_input_tokens: usage.cached }),
          },
        }),
      }) +
      event("message_stop", {}),
  };
}

function ollamaEncoder(model: string): Encoder {
  const line = (message: Json, more: { readonly [key: string]: Json } = {}): string =>
    `${JSON.stringify({ model, created_at: "2026-01-01T00:00:00Z", message, done: false, ...more })}\n`;
  return {
    type: "application/x-ndjson",
    start: () => "",
    think: (delta) => line({ role: "assistant", content: "", thinking: delta }),
    say: (delta) => line({ role: "assistant", content: delta }),
    call: ({ name, json }) => {
      const call = { function: { name, arguments: parsed(json) } };
      return line({ role: "assistant", content: "", tool_calls: [call] });
    },
    end: (finish, usage) =>
      line(
        { role: "assistant", content: "" },
        {
          done: true,
          done_reason: finish === "length" ? "length" : "stop",
          ...(usage && { prompt_eval_count: usage.input, eval_count: usage.output }),
        },
      ),
  };
}

/** Reasons to stop, in the words of OpenAI. */
export const OPENAI_FINISH: Readonly<Record<Finish, string>> = {
  stop: "stop",
  calls: "tool_calls",
  length: "length",
  filtered: "content_filter",
  failed: "error",
  cancelled: "stop",
};

/** Reasons to stop, in the words of Anthropic. */
export const ANTHROPIC_FINISH: Readonly<Record<Finish, string>> = {
  stop: "end_turn",
  calls: "tool_use",
  length: "max_tokens",
  filtered: "refusal",
  failed: "end_turn",
  cancelled: "end_turn",
};

/** Ollama sends arguments as a value; what is broken can only be sent as a string. */
export function parsed(json: string): Json {
  try {
    return JSON.parse(json) as Json;
  } catch {
    return json;
  }
}
