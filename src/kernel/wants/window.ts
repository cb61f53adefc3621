import type { Message } from "../../contracts/message.ts";
import { LIMITS } from "../../std/limits.ts";

/**
 * What of a conversation a model is sent when all of it no longer fits. The system text, the tools,
 * the request and the newest turns stay; of the conversation before the request and of the turns
 * after it the oldest are left out, and the model is told so. It is cut by half a window at a time:
 * a prefix that moved with every turn would never be found in a provider's cache.
 */
export interface Window {
  /** Messages left out at the beginning: the conversation before this run. */
  readonly past: number;
  /** Messages left out right after the request. */
  readonly turns: number;
}

export const WHOLE: Window = { past: 0, turns: 0 };

/** A conversation: the messages, where in them this run's request stands, and what else is sent. */
export interface Sent {
  readonly messages: readonly Message[];
  readonly request: number;
  /** Tokens of all the messages. */
  readonly total: number;
  /** Tokens of system text and tools. */
  readonly fixed: number;
}

/** The messages to send. */
export function within({ messages, request }: Sent, { past, turns }: Window): readonly Message[] {
  if (past + turns === 0) return messages;
  const kept = messages.slice(request + 1 + turns);
  const asked = messages[request];
  return [...messages.slice(past, request), ...(asked ? [told(asked, past + turns)] : []), ...kept];
}

const notes = new WeakMap<Message, { left: number; message: Message }>();

/** The request with a word on what is missing; one and the same while that does not change. */
function told(asked: Message, left: number): Message {
  const known = notes.get(asked);
  if (known?.left === left) return known.message;
  if (asked.role !== "user") return asked;
  const text = `[${left} earlier messages of this conversation are left out: it grew too long.]`;
  const message: Message = { role: "user", parts: [...asked.parts, { type: "text", text }] };
  notes.set(asked, { left, message });
  return message;
}

/** The window for a model of `size` tokens: as it was while what is sent fits, else cut anew. */
export function fit(sent: Sent, window: Window, size: number): Window {
  if (sizeOf(sent, window) <= size * LIMITS.windowShare) return window;
  let cut = window;
  // Nothing is left to leave out when only the request and the newest turn remain.
  for (let next = narrower(sent, cut); next; next = narrower(sent, cut)) {
    cut = next;
    if (sizeOf(sent, cut) <= (size * LIMITS.windowShare) / 2) break;
  }
  return cut;
}

/** Tokens of all that is sent. */
export function sizeOf(sent: Sent, window: Window): number {
  if (window.past + window.turns === 0) return sent.fixed + sent.total;
  let sum = sent.fixed;
  for (const message of within(sent, window)) {
    sum += weights.get(message) ?? weigh(message, JSON.stringify(message));
  }
  return sum;
}

/** One piece less: the past first, then the oldest turn with all its results. */
function narrower({ messages, request }: Sent, window: Window): Window | null {
  if (window.past < request) {
    let past = window.past + 1;
    // A turn goes as a whole: no result stands without its call.
    while (past < request && messages[past]?.role !== "user") past += 1;
    return { ...window, past };
  }
  const from = request + 1 + window.turns;
  let next = from + 1;
  while (messages[next]?.role === "tool") next += 1;
  // The newest turn stays, and results never stand without the calls they answer.
  return next >= messages.length ? null : { ...window, turns: next - request - 1 };
}

/** Tokens of each message that was weighed. */
const weights = new WeakMap<Message, number>();

/** What an image is taken to be of a window. Part of what a replay goes by. */
const IMAGE_TOKENS = 1_600;

/** Weighs a message by its JSON text. @returns its tokens. */
export function weigh(message: Message, text: string): number {
  const images = message.parts.filter(({ type }) => type === "image").length;
  const tokens = tokensOf(text) + images * IMAGE_TOKENS;
  weights.set(message, tokens);
  return tokens;
}

/** Tokens of a text: about four bytes each in the languages models know best, fewer elsewhere. */
export function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}
