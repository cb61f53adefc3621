import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTempFolder } from "../machine.ts";
import { allows, licences } from "./licences.ts";
import { judge } from "./coverage.ts";

test("a licence expression needs one allowed choice, with all its parts", () => {
  const verdicts = Object.fromEntries(
    ["MIT", "(MIT OR GPL-3.0)", "MIT AND ISC", "MIT AND GPL-3.0", "GPL-3.0", ""].map((text) => [
      text,
      allows(text),
    ]),
  );
  expect(verdicts).toEqual({
    MIT: true,
    "(MIT OR GPL-3.0)": true,
    "MIT AND ISC": true,
    "MIT AND GPL-3.0": false,
    "GPL-3.0": false,
    "": false,
  });
});

test("what ships is looked at, what only builds is not", () =>
  inTempFolder("licences", async (root) => {
    const packages = {
      "": { license: "GPL-3.0" },
      "node_modules/good": { license: "ISC" },
      "node_modules/tool": { license: "GPL-3.0", dev: true },
      "node_modules/old": {},
      "node_modules/good/node_modules/bad": { license: "GPL-3.0" },
      "node_modules/silent": {},
    };
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages }));
    // An installed package speaks for itself, also in the form of long ago.
    mkdirSync(join(root, "node_modules/old"), { recursive: true });
    const old = { license: { type: "MIT" } };
    writeFileSync(join(root, "node_modules/old/package.json"), JSON.stringify(old));
    expect(licences(root)).toEqual({
      state: "failed",
      says: "bad: GPL-3.0\nsilent: no licence named",
    });
  }));

test("coverage counts every file of src, also those no test loads", () => {
  const lcov = (hit: number): string => `SF:src/a.ts\nLF:10\nLH:${hit}\nend_of_record\n`;
  expect(judge(lcov(9), ["src/a.ts"])).toEqual({ state: "passed", note: "90.0 % of lines" });
  expect(judge(lcov(5), ["src/a.ts", "src/b.ts"])).toEqual({
    state: "failed",
    says: "50.0 % of lines are run by tests, 85 % are needed\nsrc/b.ts: no test loads this file",
  });
});
