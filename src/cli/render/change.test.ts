import { expect, test } from "bun:test";
import type { Change } from "../../contracts/skill.ts";
import { changeLines } from "./change.ts";
import { textOf } from "./line.ts";
import { cellsOf } from "./width.ts";

const CHANGE: Change = {
  path: "/w/a.md",
  state: "changed",
  more: 3,
  lines: [
    { kind: "same", text: "one" },
    { kind: "removed", text: "two" },
    { kind: "removed", text: "three" },
    { kind: "added", text: "2" },
    { kind: "same", text: "four" },
    { kind: "added", text: "five" },
  ],
};

function check(width: number, rows: readonly string[]): void {
  expect(changeLines(CHANGE, width).map((line) => textOf(line).replace(/ +/gu, " "))).toEqual([
    ...rows,
  ]);
}

test("a change is shown one under the other where there is little room", () => {
  const lines = [" one", " - two", " - three", " + 2", " four", " + five"];
  check(80, [" ~ /w/a.md", ...lines, " … 3 more lines not shown"]);
});

test("and side by side where there is more", () => {
  check(120, [
    " ~ /w/a.md",
    " one │ one ",
    " - two │ + 2 ",
    " - three │ ",
    " four │ four ",
    " │ + five ",
    " … 3 more lines not shown",
  ]);
  for (const line of changeLines(CHANGE, 120)) expect(textOf(line).length).toBeLessThan(120);
});

test("nothing of a long line is left out, however wide the screen is", () => {
  const wide = "  key:  value ".repeat(9);
  const lines = [
    { kind: "removed", text: `${wide}harmless` },
    { kind: "added", text: `${wide}日本語 and then what nobody sees` },
  ] as const;
  for (const width of [80, 120, 125, 200]) {
    const shown = changeLines({ ...CHANGE, lines, more: 0 }, width)
      .map(textOf)
      .slice(1);
    const [left, right] = [0, 1].map((side) =>
      shown.map((line) => (line.split(" │ ")[side] ?? "").slice(side === 0 ? 6 : 2)),
    );
    if (width < 120) expect(shown.join("")).toContain("and then what nobody sees");
    else {
      for (const line of shown) expect(cellsOf(line)).toBeLessThan(width);
      expect(left?.join("").trimEnd()).toBe(lines[0].text);
      expect(
        right
          ?.map((text) => text.trimEnd())
          .join("")
          .replace(/\s/gu, ""),
      ).toBe(lines[1].text.replace(/\s/gu, ""));
    }
  }
});
