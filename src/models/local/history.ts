import type { Message } from "../../contracts/message.ts";
import type { Json } from "../../std/json.ts";

/** A conversation as the engine wants it: what comes of a call lies in the answer that made it. */
export type Item =
  | { readonly type: "system" | "user"; readonly text: string }
  | { readonly type: "model"; readonly response: (string | Called)[] };

interface Called {
  readonly type: "functionCall";
  readonly name: string;
  readonly params: Json;
  result: string;
}

/** The conversation, ending in the answer that is to be given. Images and reasoning are left out. */
export function historyOf(system: string, messages: readonly Message[]): Item[] {
  const items: Item[] = system === "" ? [] : [{ type: "system", text: system }];
  const calls = new Map<string, Called>();
  const answer = (): (string | Called)[] => {
    const last = items.at(-1);
    if (last?.type === "model") return last.response;
    const response: (string | Called)[] = [];
    items.push({ type: "model", response });
    return response;
  };
  for (const message of messages) {
    if (message.role === "user") {
      const texts = message.parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
      items.push({ type: "user", text: texts.join("\n") });
    } else if (message.role === "tool") {
      for (const { id, text } of message.parts) {
        const called = calls.get(id);
        if (called) called.result = text;
      }
    } else {
      for (const part of message.parts) {
        if (part.type === "text") answer().push(part.text);
        if (part.type !== "call") continue;
        const { id, name, args } = part;
        const called: Called = { type: "functionCall", name, params: args, result: "" };
        calls.set(id, called);
        answer().push(called);
      }
    }
  }
  answer();
  return items;
}
