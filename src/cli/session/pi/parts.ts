import {
  type AutocompleteProvider,
  decodeKittyPrintable,
  type Editor,
  matchesKey,
} from "@earendil-works/pi-tui";
import { paint, span, type Style } from "../../render/line.ts";
import type { Opening } from "../view.ts";

/* What the view hands to pi-tui, and how it reads what pi-tui hands to it. */

/**
 * Keys as they were read: pi-tui hands over one read key by key, and only together do they show
 * whether somebody typed them.
 */
export function atOnce(take: (chunk: string) => void): (key: string) => void {
  let chunk = "";
  return (key) => {
    if (chunk === "") {
      setImmediate(() => {
        const read = chunk;
        chunk = "";
        take(read);
      });
    }
    chunk += plainKey(key);
  };
}

/** A key as a plain terminal sends it: some say even Enter and letters by a longer name. */
function plainKey(key: string): string {
  if (matchesKey(key, "enter")) return "\r";
  if (matchesKey(key, "backspace")) return "\x7f";
  if (matchesKey(key, "escape")) return "\x1b";
  return decodeKittyPrintable(key) ?? key;
}

/** The session's words as pi-tui offers them: the last word typed is the one replaced. */
export function completions(complete: Opening["complete"]): AutocompleteProvider {
  return {
    triggerCharacters: ["/", "@"],
    getSuggestions: async (lines, line, column, { signal }) => {
      const before = (lines[line] ?? "").slice(0, column);
      if (line > 0) return null;
      const found = await complete(before);
      if (found.length === 0 || signal.aborted) return null;
      const items = found.map(({ word, about }) => {
        const [value, description] = [paint(word, false), paint(about, false)];
        return { value, label: value, ...(description === "" ? {} : { description }) };
      });
      return { items, prefix: before.slice(before.lastIndexOf(" ") + 1) };
    },
    applyCompletion: (lines, line, column, { value }, prefix) => {
      const text = lines[line] ?? "";
      // The list may be of a moment ago: what was typed since is what was meant.
      const word = text.slice(0, column).split(" ").at(-1) ?? "";
      if (word !== prefix) return { lines, cursorLine: line, cursorCol: column };
      const start = text.slice(0, column - prefix.length);
      const changed = [...lines];
      // After a folder one types on.
      const taken = value.endsWith("/") ? value : `${value} `;
      changed[line] = `${start}${taken}${text.slice(column)}`;
      return { lines: changed, cursorLine: line, cursorCol: start.length + taken.length };
    },
  };
}

/** How the editor looks. */
export function editorTheme(color: boolean): ConstructorParameters<typeof Editor>[1] {
  const look =
    (style: Style) =>
    (text: string): string =>
      paint([span(text, style)], color);
  return {
    borderColor: look("dim"),
    selectList: {
      selectedPrefix: look("cyan"),
      selectedText: look("cyan"),
      description: look("dim"),
      scrollInfo: look("dim"),
      noMatch: look("dim"),
    },
  };
}
