import type {
  OllamaAsked,
  OllamaChat,
  OllamaGenerate,
  OllamaMessage,
} from "../../contracts/http/ollama.ts";
import type { ChatMessage } from "../../contracts/http/openai.ts";
import type { Wish } from "../../contracts/http/wish.ts";
import type { Json } from "../../std/json.ts";
import { type Asked, askedIn, samplingOf, specOf, toolsOf } from "../openai/asked.ts";
import { checkParams, type Param } from "../openai/params.ts";
import { OLLAMA_CHAT, OLLAMA_GENERATE, OLLAMA_OPTIONS } from "./params.ts";

/** What a client of Ollama's chat asks. @throws Refusal `http.not_supported`, `chat.*`. */
export function chatAsked(body: OllamaChat): Asked {
  checkAll(OLLAMA_CHAT, body);
  const tools = (body.tools ?? []).map((tool) => specOf(tool.function));
  return withWish(askedIn({ messages: chatOf(body.messages) }), {
    ...wishOf(body),
    ...toolsOf(tools, null),
  });
}

/** What a client of Ollama's generate asks. @throws Refusal `http.not_supported`, `chat.*`. */
export function generateAsked(body: OllamaGenerate): Asked {
  checkAll(OLLAMA_GENERATE, body);
  const { prompt, system, images } = body;
  const asked = askedIn({ messages: chatOf([{ role: "user", content: prompt, images }]) });
  const first = system ? { instructions: system } : {};
  return withWish(asked, { ...wishOf(body), ...first });
}

function checkAll(params: readonly Param[], body: OllamaAsked): void {
  checkParams(params, body);
  checkParams(OLLAMA_OPTIONS, body.options ?? {}, "options.");
}

function withWish(asked: Asked, wish: Wish): Asked {
  return Object.keys(wish).length === 0 ? asked : { ...asked, wish };
}

function wishOf({ options, format }: OllamaAsked): Wish {
  const { temperature, top_p: topP, seed, stop, num_predict: most } = options ?? {};
  const schema = typeof format === "object" ? (format as Json) : null;
  return {
    ...(format ? { form: { schema } } : {}),
    ...samplingOf({
      ...{ temperature, topP, seed },
      stop: typeof stop === "string" ? [stop] : stop,
      // Without end is what is said by a number that is none.
      maxTokens: most && most > 0 ? most : null,
    }),
  };
}

/** Messages as those of a chat completion: calls that came without an id are counted. */
function chatOf(given: readonly OllamaMessage[]): ChatMessage[] {
  const open: { id: string; name: string }[] = [];
  let count = 0;
  return given.map((message): ChatMessage => {
    const { role, content, images, tool_calls: calls } = message;
    switch (role) {
      case "system":
        return { role, content };
      case "user":
        return { role, content: [{ type: "text", text: content }, ...(images ?? []).map(imageOf)] };
      case "assistant": {
        const made = (calls ?? []).map(({ id = `call_${(count += 1)}`, function: fn }) => {
          open.push({ id, name: fn.name });
          const args = JSON.stringify(fn.arguments);
          return { id, type: "function" as const, function: { name: fn.name, arguments: args } };
        });
        return { role, content, ...(made.length === 0 ? {} : { tool_calls: made }) };
      }
      case "tool":
        return { role, content, tool_call_id: answeredBy(message, open) };
    }
  });
}

/** The call a result is of: by its id, else the first open one of that name, else the first. */
function answeredBy(
  { tool_call_id: id, tool_name: name }: OllamaMessage,
  open: { id: string; name: string }[],
): string {
  const named = open.findIndex((call) => call.id === id);
  const same = open.findIndex((call) => call.name === name);
  const at = named >= 0 ? named : same >= 0 ? same : 0;
  return open.splice(at, 1)[0]?.id ?? "none";
}

// What kind of image it is shows in its bytes, and is looked at where it is kept.
function imageOf(data: string) {
  return { type: "image_url" as const, image_url: { url: `data:image/png;base64,${data}` } };
}
