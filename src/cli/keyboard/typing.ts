/**
 * A word typed key by key, as a yes that cannot be taken back wants it. It has to come from fingers:
 * what arrives as many characters at once was pasted, or sent by a program that drives the
 * terminal, and throws away what was typed before it.
 */
export interface Typing {
  readonly word: string;
  /** Inside a paste that the terminal marks as one, however it is cut. */
  readonly pasting: boolean;
  /** `pasted` until the next key; `left` when it was given up. */
  readonly state: "open" | "pasted" | "done" | "left";
}

export const NOTHING_TYPED: Typing = { word: "", pasting: false, state: "open" };

/** What is typed once `chunk`, the bytes of one read, came as well. */
export function typeMore({ word, pasting }: Typing, chunk: string): Typing {
  const paste = Math.max(chunk.lastIndexOf(PASTE_BEGINS), chunk.lastIndexOf(PASTE_ENDS));
  if (pasting || paste !== -1) {
    const goesOn = paste === -1 || chunk.startsWith(PASTE_BEGINS, paste);
    return { word: "", pasting: goesOn, state: "pasted" };
  }
  const open = { pasting: false, state: "open" } as const;
  if (chunk === "\r" || chunk === "\n") return { word, pasting: false, state: "done" };
  if (LEAVING.has(chunk)) return { word: "", pasting: false, state: "left" };
  if (chunk === "\x7f" || chunk === "\b") return { word: word.slice(0, -1), ...open };
  // An arrow or another key with a name of its own is not a character.
  if (chunk.startsWith("\x1b")) return { word, ...open };
  if (Array.from(chunk).length > 1) return { word: "", pasting: false, state: "pasted" };
  return { word: chunk < " " ? word : word + chunk, ...open };
}

const PASTE_BEGINS = "\x1b[200~";
const PASTE_ENDS = "\x1b[201~";

/** Escape, Ctrl-C and Ctrl-D. */
const LEAVING: ReadonlySet<string> = new Set(["\x1b", "\x03", "\x04"]);
