import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { sha256 } from "../std/hash.ts";
import { SCHEMAS_HASH } from "./fingerprint.ts";
import { PUBLISHED, renderSchemas } from "./schemas.ts";

const FOLDER = join(import.meta.dirname, "../../schemas");
const AGAIN = "differs from the code; write it again: bun scripts/schemas.ts";

test("the published schemas are those of the code", () => {
  const rendered = renderSchemas();
  const names = fs.readdirSync(FOLDER).toSorted();
  expect(names, AGAIN).toEqual([...rendered.keys()].map((name) => `${name}.json`).toSorted());
  for (const [name, text] of rendered) {
    expect(
      fs.readFileSync(join(FOLDER, `${name}.json`), "utf8") === text,
      `${name}.json ${AGAIN}`,
    ).toBe(true);
  }
  expect(SCHEMAS_HASH, AGAIN).toBe(sha256([...rendered.values()].join("")));
});

test("schema names are sorted and unique", () => {
  const names = PUBLISHED.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)].toSorted());
});
