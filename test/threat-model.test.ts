import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const DOCS = join(import.meta.dirname, "..", "docs");
const PAGES = ["threat-model.md", "evidence.md"];

/** A promise with the tests it names: text that stands in the test's file, and the file. */
interface Promised {
  readonly promise: string;
  readonly tests: readonly { readonly title: string; readonly file: string }[];
}

function promises(page: string): readonly Promised[] {
  const text = readFileSync(join(DOCS, page), "utf8");
  const part = text.split(/^## /mu).find((one) => one.startsWith("Promises")) ?? "";
  return part
    .split(/^### /mu)
    .slice(1)
    .map((one) => ({
      promise: one.split("\n", 1)[0] ?? "",
      tests: Array.from(
        one.matchAll(/^- `([^`]+)` in\s+\[[^\]]+\]\(([^)]+)\)/gmu),
        ([, title = "", file = ""]) => ({ title, file }),
      ),
    }));
}

test.each(PAGES)("every promise of %s names tests, and the tests are there", (page) => {
  const all = promises(page);
  expect(all.length).toBeGreaterThan(5);
  for (const { promise, tests } of all) {
    expect({ promise, tests: tests.length > 0 }).toEqual({ promise, tests: true });
    for (const { title, file } of tests) {
      const path = join(DOCS, file);
      const text = existsSync(path) ? readFileSync(path, "utf8") : "";
      expect({ promise, title, file, there: text.includes(title) }).toMatchObject({ there: true });
    }
  }
});
