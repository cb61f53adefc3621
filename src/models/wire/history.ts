import type { Message } from "../../contracts/message.ts";
import type { ToolSpec } from "../../contracts/model.ts";

/**
 * Encodes a conversation as JSON items joined by commas, each message once. Messages are told
 * apart by identity; they never change, and the next request of the same conversation only adds
 * to it, so what was joined before is kept and appended to.
 *
 * `encode` returns one or more items, or an empty text for a message the wire has no place for.
 */
export function historyEncoder(
  encode: (message: Message) => string,
): (messages: readonly Message[]) => string {
  const one = new WeakMap<Message, string>();
  const joined = new WeakMap<Message, Joined>();
  const encoded = (message: Message): string => {
    let text = one.get(message);
    if (text === undefined) {
      text = encode(message);
      one.set(message, text);
    }
    return text;
  };
  return (messages) => {
    const first = messages[0];
    if (first === undefined) return "";
    let known = joined.get(first);
    // A conversation that was cut, pruned or forked differs in some item and starts over.
    if (known === undefined || !isPrefix(known.items, messages)) {
      known = { items: [], text: "" };
      joined.set(first, known);
    }
    for (let i = known.items.length; i < messages.length; i++) {
      const message = messages[i] as Message;
      const text = encoded(message);
      if (text !== "") known.text += known.text === "" ? text : `,${text}`;
      known.items.push(message);
    }
    return known.text;
  };
}

interface Joined {
  readonly items: Message[];
  text: string;
}

function isPrefix(items: readonly Message[], messages: readonly Message[]): boolean {
  if (items.length > messages.length) return false;
  for (let i = 0; i < items.length; i++) if (items[i] !== messages[i]) return false;
  return true;
}

/** Encodes a list of tools once, by the identity of the list. */
export function toolsEncoder(
  encode: (tool: ToolSpec) => unknown,
): (tools: readonly ToolSpec[]) => string {
  const known = new WeakMap<readonly ToolSpec[], string>();
  return (tools) => {
    let text = known.get(tools);
    if (text === undefined) {
      text = JSON.stringify(tools.map(encode));
      known.set(tools, text);
    }
    return text;
  };
}
