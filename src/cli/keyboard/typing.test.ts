import { expect, test } from "bun:test";
import { NOTHING_TYPED, type Typing, typeMore } from "./typing.ts";

/** What is typed after these reads. */
function check(reads: readonly string[], word: string, state: Typing["state"]): void {
  const typed = reads.reduce(typeMore, NOTHING_TYPED);
  expect({ word: typed.word, state: typed.state }).toEqual({ word, state });
}

const keys = (text: string): readonly string[] => Array.from(text);

test("a word is what was typed key by key", () => {
  check([...keys("pay"), "\r"], "pay", "done");
  check([...keys("pax"), "\x7f", "y", "\n"], "pay", "done");
  check(["p", "\x1b[D", "a", "\t"], "pa", "open");
  check([...keys("pay"), "\x1b"], "", "left");
  check([...keys("pay"), "\x03"], "", "left");
  check(["\x04"], "", "left");
  check(["\r"], "", "done");
});

test("what is pasted, or sent all at once, is no word", () => {
  check(["pay\r"], "", "pasted");
  check(["pay", "\r"], "", "done");
  check(["p", "ay", "\r"], "", "done");
  check(["\x1b[200~pay\x1b[201~", "\r"], "", "done");
  check(["\x1b[200~", "p", "a", "y", "\r"], "", "pasted");
  check(["\x1b[200~", ...keys("pay\r"), "\x1b[201~", "\r"], "", "done");
  check(["\x1b[200~p\x1b[201~\x1b[200~", ...keys("ay"), "\r"], "", "pasted");
  // Taking it back is typing it anew.
  check(["pay", ...keys("pay"), "\r"], "pay", "done");
});
