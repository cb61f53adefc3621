import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Thought } from "../../contracts/cognition.ts";
import { INSTRUMENTS, RULES } from "./instruments.ts";
import { thinking } from "./testing/thinking.ts";

const PAGE = readFileSync(
  join(import.meta.dirname, "../../../docs/reference/cognition.md"),
  "utf8",
);

test("every instrument is on the page and in a status, and nothing else is", () => {
  const names = Object.keys(INSTRUMENTS).toSorted();
  const { unread, refused, ...read } = thinking().desk.status();
  expect([unread, refused]).toEqual([0, 0]);
  expect(Object.keys(read).toSorted()).toEqual(names);
  expect(Array.from(PAGE.matchAll(/^\| `(\w+)` /gmu), ([, name = ""]) => name).toSorted()).toEqual(
    names,
  );
  for (const { about } of Object.values(INSTRUMENTS)) expect(PAGE).toContain(about);
});

test("every kind of thought is brought by one instrument, with its rule", () => {
  const brought = Object.values(INSTRUMENTS).flatMap(({ kinds }) => Object.keys(kinds));
  const kinds = Thought.options.map(({ shape }) => shape.is.value).toSorted();
  expect(brought.toSorted()).toEqual(kinds);
  expect(Object.keys(RULES).toSorted()).toEqual(kinds);
  const page = PAGE.split("\n").filter((line) => line.startsWith("| `"));
  const listed = page.flatMap((line) => line.split("|").at(-2)?.trim().split(", ") ?? []);
  expect(listed.filter((kind) => kind !== "").toSorted()).toEqual(kinds);
});
