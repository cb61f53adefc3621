import { expect, test } from "bun:test";
import type { Change } from "../../contracts/skill.ts";
import { changeLines } from "./change.ts";
import { textOf } from "./line.ts";

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
