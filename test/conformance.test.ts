import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { checkRoutes, checkRules } from "../src/gate/rules.ts";
import { checkPath } from "../src/home/check/check.ts";
import { FILE_KINDS } from "../src/home/check/kinds.ts";
import { sha256 } from "../src/std/hash.ts";

/**
 * The conformance kit: files that fit every released version of our contracts, and files that do
 * not, with the places that are at fault. They are frozen: what loaded once loads for ever.
 */

const KIT = join(import.meta.dirname, "..", "conformance");
const CHECKS = { rules: checkRules, routes: checkRoutes };

/** `kit.json` of one version. */
interface Kit {
  /** Path to what it is read as. */
  readonly good: Readonly<Record<string, string>>;
  /** Path to the places at fault: `file:line:column`. */
  readonly bad: Readonly<Record<string, readonly string[]>>;
  /** SHA-256 of every file. */
  readonly frozen: Readonly<Record<string, string>>;
}

for (const version of versions()) {
  const folder = join(KIT, version);
  const kit = JSON.parse(fs.readFileSync(join(folder, "kit.json"), "utf8")) as Kit;
  describe(`contracts of ${version}`, () => {
    for (const [path, kind] of Object.entries(kit.good)) {
      test(`${path} fits`, async () => {
        const report = await checkPath(join(folder, "good", path), CHECKS);
        expect(report).toMatchObject({ kind, ok: true, problems: [] });
      });
    }
    for (const [path, places] of Object.entries(kit.bad)) {
      test(`${path} does not, and is told where`, async () => {
        const { ok, problems } = await checkPath(join(folder, "bad", path), CHECKS);
        expect(ok).toBe(false);
        const found = problems.map(({ file, line, column }) => `${file}:${line}:${column}`);
        expect([...new Set(found)]).toEqual([...places]);
      });
    }
    test("is as it was released", () => {
      const names = fs.readdirSync(folder, { recursive: true }) as string[];
      const files = names.filter((name) => fs.statSync(join(folder, name)).isFile()).toSorted();
      const hashes = files
        .filter((name) => name !== "kit.json")
        .map((name) => [name, sha256(fs.readFileSync(join(folder, name)))]);
      expect(Object.fromEntries(hashes)).toEqual({ ...kit.frozen });
    });
  });
}

test("every kind of file that can be checked has one in the kit", () => {
  const kits = versions().map((version) => join(KIT, version, "kit.json"));
  const kinds = kits.flatMap((kit) =>
    Object.values((JSON.parse(fs.readFileSync(kit, "utf8")) as Kit).good),
  );
  for (const { kind } of FILE_KINDS) expect(kinds).toContain(kind);
});

function versions(): readonly string[] {
  return fs.readdirSync(KIT).filter((name) => /^v\d+$/u.test(name));
}
