import type { Message } from "../contracts/message.ts";

/** The newest text of operator or tool among the first `length` messages; empty without any. */
export function newestText(messages: readonly Message[], length = messages.length): string {
  for (let i = length - 1; i >= 0; i--) {
    const message = messages[i];
    if (message && message.role !== "assistant") return textIn(message);
  }
  return "";
}

/** What a message says, calls and results included, reasoning and images left out. */
export function textIn(message: Message): string {
  const texts: string[] = [];
  for (const part of message.parts) {
    if (part.type === "text" || part.type === "result") texts.push(part.text);
    if (part.type === "call") texts.push(`${part.name} ${JSON.stringify(part.args)}`);
  }
  return texts.join("\n");
}
