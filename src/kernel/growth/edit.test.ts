import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { diffOf, editBetween, edited, editIn } from "./edit.ts";

const FILE = "---\nname: oracle\nskills: [notes]\n---\nYou help.\n";
const edit = { file: "agents/oracle.md", old: "skills: [notes]", new: "skills: [notes, web]" };

describe("what may be proposed", () => {
  const REFUSED: readonly (readonly [what: string, args: Json, says: RegExp])[] = [
    ["no file", { new: "x" }, /takes/u],
    ["a text that is none", { ...edit, old: 1 }, /takes/u],
    ["the rules", { ...edit, file: "rules.yaml" }, /agents\/NAME/u],
    ["settings", { ...edit, file: "arrangement.yaml" }, /agents\/NAME/u],
    ["a skill's code", { ...edit, file: "skills/x/tools/y.ts" }, /agents\/NAME/u],
    ["a way out", { ...edit, file: "agents/../rules.md" }, /agents\/NAME/u],
    ["another folder", { ...edit, file: "/etc/agents/x.md" }, /agents\/NAME/u],
    ["a name with a line", { ...edit, file: "agents/x.md\nrules.yaml" }, /agents\/NAME/u],
    ["nothing", { ...edit, new: edit.old }, /changes nothing/u],
    ["what nobody sees", { ...edit, new: "skills: [notes]\u200b" }, /nobody sees/u],
    ["what turns the text round", { ...edit, new: "skills: \u202e[notes]" }, /nobody sees/u],
    ["a carriage return", { ...edit, new: "skills: [web]\rskills: [notes]" }, /nobody sees/u],
    ["more than is read", { ...edit, new: "x\n".repeat(LIMITS.proposedLines + 1) }, /longer than/u],
    ["more than a manifest", { ...edit, new: "x".repeat(LIMITS.manifestBytes) }, /longer than/u],
  ];
  for (const [what, args, says] of REFUSED) {
    test(`not ${what}`, () => expect(editIn(args)).toMatch(says));
  }
  test("a piece of an agent's file", () => expect(editIn(edit)).toEqual(edit));
});

test("what differs between two texts is an edit of the one that makes the other", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "limits: { turns: 4 }", "- x", ""), {
      minLength: 1,
      maxLength: 8,
    })
    .map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, text, (before, after) => {
      fc.pre(before !== after && before !== "");
      const made = editBetween(edit.file, before, after);
      expect(edited(before, made)).toBe(after);
    }),
  );
});

describe("what it becomes", () => {
  const CASES: readonly (readonly [
    what: string,
    text: string | null,
    old: string,
    put: string,
    after: string | null,
  ])[] = [
    ["the piece in its place", FILE, edit.old, edit.new, FILE.replace(edit.old, edit.new)],
    [
      "the same again: done already",
      FILE.replace(edit.old, edit.new),
      edit.old,
      edit.new,
      FILE.replace(edit.old, edit.new),
    ],
    ["a file that is new", null, "", FILE, FILE],
    ["a new file that is there as it is", FILE, "", FILE, FILE],
    ["a new file where another is", FILE, "", "else", null],
    ["a piece of a file that is gone", null, edit.old, edit.new, null],
    ["a piece that is not there", FILE, "skills: [x]", "y", null],
    ["a piece that is there twice", "a\na\n", "a", "b", null],
    ["a part of a line", FILE, "[notes]", "[notes, web]", null],
    ["the end of a line", FILE, "s: [notes]\n", "s: []\n", null],
  ];
  for (const [what, text, old, put, after] of CASES) {
    test(what, () => expect(edited(text, { file: "agents/a.md", old, new: put })).toBe(after));
  }
});

test("the difference that is read holds every line that goes and every line that comes", () => {
  expect(diffOf({ ...edit, old: "a\nb\nc", new: "a\nx\nc" })).toBe(
    "--- agents/oracle.md\n+++ agents/oracle.md\n a\n-b\n+x\n c",
  );
  expect(diffOf({ ...edit, old: "", new: "a" })).toBe("--- /dev/null\n+++ agents/oracle.md\n+a");
  const lines = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(lines, lines, (was, now) => {
      const shown = diffOf({ file: "agents/a.md", old: was.join("\n"), new: now.join("\n") });
      const body = shown.split("\n").slice(2);
      const side = (sign: string): string[] =>
        body.flatMap((line) => (line[0] === sign || line[0] === " " ? [line.slice(1)] : []));
      expect(side("-")).toEqual(was);
      expect(side("+")).toEqual(now);
    }),
  );
});
