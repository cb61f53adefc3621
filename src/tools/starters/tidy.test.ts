import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  hasSection,
  tagsOf,
  withSection,
  withTags,
} from "../../../starters/indie-developer/skills/file-organiser/lib/text.ts";
import {
  dayNote,
  takeFrom,
  tidyNote,
} from "../../../starters/indie-developer/skills/file-organiser/lib/tidy.ts";

/** Lines that say something, as often as they stand there. */
function contentLines(...texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.split("\n"))
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .sort();
}

const someLine = fc.oneof(
  fc.constantFrom(
    "",
    "",
    "# Title",
    "## Section",
    "- [ ] open",
    "- [x] done",
    "- [ ] open   ",
    "  - [ ] nested",
    "  more of it",
    "- 2026-11-21 dated",
    "- [ ] 2026-01-01 other day",
    "1. first",
    "2) second",
    "text",
    "\tindented",
    "```",
    "~~~ts",
    "    code",
    "---",
    "* star",
    "+ plus",
    "#tag",
    "- [X] DONE",
    "> quote",
    "| a | b |",
    "- ",
    "-",
  ),
  fc.string({ maxLength: 12 }).map((text) => text.replaceAll(/[\n\r]/gu, " ")),
);
const someNote = fc.array(someLine, { maxLength: 30 }).map((lines) => lines.join("\n"));

describe("tidying", () => {
  test("twice changes nothing more", () => {
    fc.assert(
      fc.property(someNote, (note) => {
        const once = tidyNote(note).text;
        expect(tidyNote(once)).toEqual({ text: once, repeated: 0, sorted: 0 });
      }),
      { numRuns: 1_000 },
    );
  });

  test("loses no line but the repeated ones", () => {
    fc.assert(
      fc.property(someNote, (note) => {
        const { text, repeated } = tidyNote(note);
        const before = contentLines(note);
        const after = contentLines(text);
        expect(new Set(after)).toEqual(new Set(before));
        if (repeated === 0) expect(after).toEqual(before);
        else expect(after.length).toBeLessThan(before.length);
      }),
      { numRuns: 1_000 },
    );
  });

  test("moves every line of an inbox to one place or the other", () => {
    fc.assert(
      fc.property(someNote, (inbox) => {
        const taken = takeFrom(inbox, "2026-11-21");
        const day =
          taken.tasks.length + taken.notes.length === 0
            ? ""
            : [...taken.tasks, ...taken.notes].join("\n");
        expect(contentLines(day, taken.rest)).toEqual(contentLines(inbox));
        const made = new Set(contentLines(dayNote("2026-11-21", taken)));
        for (const line of contentLines(day)) expect(made.has(line)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ["", ""],
    ["\n\n", ""],
    ["a  \n\n\n\nb", "a\n\nb\n"],
    ["# T\ntext\n## S\n- a", "# T\n\ntext\n\n## S\n\n- a\n"],
    ["- [x] b\n- [ ] a", "- [ ] a\n- [x] b\n"],
    ["- [x] b\n  - [ ] sub\n- [ ] a", "- [ ] a\n- [x] b\n  - [ ] sub\n"],
    ["- [x] b\n- plain\n- [ ] a", "- [ ] a\n- plain\n- [x] b\n"],
    ["- a\n- a\n- b", "- a\n- b\n"],
    ["- a\n\n- b", "- a\n- b\n"],
    ["- a\n\n# H\n- a", "- a\n\n# H\n\n- a\n"],
    ["```\n- b\n\n\n- b  \n```", "```\n- b\n\n\n- b  \n```\n"],
    ["---\nb: 1\na: 2\n---\n# T", "---\nb: 1\na: 2\n---\n\n# T\n"],
    ["\n---\n\n---\nb", "\n---\n\n---\nb\n"],
    ["a\r\n\r\n\r\nb\r\n", "a\n\nb\n"],
  ])("%j becomes %j", (note, tidy) => {
    expect(tidyNote(note).text).toBe(tidy);
  });
});

describe("a section", () => {
  const plain = someNote.map((note) => note.replaceAll(/^#{1,2}\s.*$/gmu, "words"));
  test("is added and nothing else is changed", () => {
    fc.assert(
      fc.property(
        someNote,
        plain.filter((text) => text.trim() !== ""),
        (note, text) => {
          const heading = "## 2026-11-21: Heading";
          const once = withSection(note, heading, text);
          expect(hasSection(once, heading, text)).toBe(true);
          expect(contentLines(once)).toEqual(contentLines(note, heading, text.trim()));
          const twice = withSection(once, heading, "more");
          expect(contentLines(twice)).toEqual(contentLines(once, "more"));
        },
      ),
    );
  });

  test("tags are added once, below the title", () => {
    expect(withTags("# T\n\ntext\n", ["a", "b"])).toBe("# T\n\nTags: #a #b\n\ntext\n");
    expect(withTags("# T\n\nTags: #a\n\ntext\n", ["b", "a"])).toBe("# T\n\nTags: #a #b\n\ntext\n");
    expect(withTags("text\n", ["$&"])).toBe("Tags: #$&\n\ntext\n");
    fc.assert(
      fc.property(someNote, (note) => {
        const tagged = withTags(note, ["one"]);
        expect(tagsOf(tagged)).toContain("one");
        expect(withTags(tagged, ["one"])).toBe(tagged);
      }),
    );
  });
});
