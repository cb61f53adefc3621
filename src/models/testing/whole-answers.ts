import type { Finish } from "../../contracts/model.ts";
import type { ScriptTurn } from "../../contracts/script.ts";
import type { Json } from "../../std/json.ts";
import { ANTHROPIC_FINISH, OPENAI_FINISH, parsed, type MockCall } from "./answers.ts";
import type { MockWire } from "./requests.ts";

/** An answer of a wire as one value, for requests that asked for no stream. */
export interface Whole {
  readonly model: string;
  readonly text: string;
  readonly calls: readonly MockCall[];
  readonly finish: Finish;
  readonly usage: ScriptTurn["usage"];
}

export function wholeAnswer(wire: MockWire, whole: Whole): Json {
  if (wire === "anthropic") return anthropicAnswer(whole);
  return wire === "ollama" ? ollamaAnswer(whole) : openaiAnswer(whole);
}

function anthropicAnswer({ model, text, calls, finish, usage }: Whole): Json {
  const blocks = calls.map(({ id, name, json }) => ({
    type: "tool_use",
    id,
    name,
    input: parsed(json),
  }));
  return {
    id: "msg_mock",
    type: "message",
    role: "assistant",
    model,
    content: [...(text === "" ? [] : [{ type: "text", text }]), ...blocks],
    stop_reason: ANTHROPIC_FINISH[finish],
    usage: { input_tokens: usage?.input ?? 0, output_tokens: usage?.output ?? 0 },
  };
}

function ollamaAnswer({ model, text, calls, finish, usage }: Whole): Json {
  const items = calls.map(({ name, json }) => ({ function: { name, arguments: parsed(json) } }));
  return {
    model,
    message: {
      role: "assistant",
      content: text,
      ...(items.length > 0 && { tool_calls: items }),
    },
    done: true,
    done_reason: finish === "length" ? "length" : "stop",
    ...(usage && { prompt_eval_count: usage.input, eval_count: usage.output }),
  };
}

function openaiAnswer({ model, text, calls, finish, usage }: Whole): Json {
  const items = calls.map(({ id, name, json }) => ({
    id,
    type: "function",
    function: { name, arguments: json },
  }));
  const message = {
    role: "assistant",
    content: text,
    ...(items.length > 0 && { tool_calls: items }),
  };
  const input = usage?.input ?? 0;
  const output = usage?.output ?? 0;
  return {
    id: "chatcmpl-mock",
    object: "chat.completion",
    created: 0,
    model,
    choices: [{ index: 0, message, finish_reason: OPENAI_FINISH[finish] }],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  };
}
