import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const DOCS = join(import.meta.dirname, "..", "docs");
const PAGE = readFileSync(join(DOCS, "threat-model.md"), "utf8");

/** A promise with the tests it names: text that stands in the test's file, and the file. */
interface Promised {
  readonly promise: string;
  readonly tests: readonly { readonly title: string; readonly file: string }[];
}

function promises(): readonly Promised[] {
  const part = PAGE.split(/^## /mu).find((text) => text.startsWith("Promises")) ?? "";
  return part
    .split(/^### /mu)
    .slice(1)
    .map((text) => ({
      promise: text.split("\n", 1)[0] ?? "",
      tests: Array.from(
        text.matchAll(/^- `([^`]+)` in\s+\[[^\]]+\]\(([^)]+)\)/gmu),
        ([, title = "", file = ""]) => ({ title, file }),
      ),
    }));
}

test("every promise of the threat model names tests, and the tests are there", () => {
  const all = promises();
  expect(all.length).toBeGreaterThan(10);
  for (const { promise, tests } of all) {
    expect({ promise, tests: tests.length > 0 }).toEqual({ promise, tests: true });
    for (const { title, file } of tests) {
      const path = join(DOCS, file);
      const text = existsSync(path) ? readFileSync(path, "utf8") : "";
      expect({ promise, title, file, there: text.includes(title) }).toMatchObject({ there: true });
    }
  }
});
