import type { Message } from "../contracts/message.ts";

/**
 * The newest text of operator or tool among the first `length` messages; empty without any. The
 * results of one turn are one text, whether they lie in one message or in several.
 */
export function newestText(messages: readonly Message[], length = messages.length): string {
  let end = length - 1;
  while (end >= 0 && messages[end]?.role === "assistant") end -= 1;
  const role = messages[end]?.role;
  let start = end;
  while (start > 0 && role === "tool" && messages[start - 1]?.role === "tool") start -= 1;
  return end < 0
    ? ""
    : messages
        .slice(start, end + 1)
        .map(textIn)
        .join("\n");
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
