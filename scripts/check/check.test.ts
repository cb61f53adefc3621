import { expect, test } from "bun:test";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTempFolder, ROOT, run } from "../machine.ts";
import { boundary, ownNames, secrets } from "./boundary.ts";
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

test("what git keeps is looked at, and what lies about is not", () =>
  inTempFolder("boundary", async (root) => {
    const git = (...args: string[]) => run(["git", ...args], { cwd: root });
    await git("init", "-q");
    const token = `ghp_${"0123456789abcdefghij".repeat(2).slice(0, 36)}`;
    const put = (path: string, text: string): void => writeFileSync(join(root, path), text);
    copyFileSync(join(ROOT, ".gitignore"), join(root, ".gitignore"));
    mkdirSync(join(root, ".nano-os"));
    put(".nano-os/journal.db", "mine");
    put(".env", `TOKEN=${token}`);
    put("a.ts", "export {};");
    put("a.test.ts", `const made = "${token}";`);
    await git("add", ".");
    expect([await boundary(root), await secrets(root)]).toEqual([[], []]);

    put("notes.md", "run on box.example.org by /home/eve");
    put("a.ts", `\nconst token = "${token}";`);
    put(".gitignore", "node_modules/\n*.log\n");
    await git("add", ".");
    expect(await boundary(root, ownNames("/home/eve", "box.example.org"))).toEqual([
      ".env: state of a home, not of the project",
      ".nano-os/journal.db: state of a home, not of the project",
      ".gitignore: git would keep .env",
      ".gitignore: git would keep .nano-os/journal.db",
      ".gitignore: git would keep dist/nanos",
      "notes.md: names /home/eve",
      "notes.md: names box.example.org",
    ]);
    expect(ownNames("/root", "box")).toEqual([]);
    const found = await secrets(root);
    expect(found.map((line) => line.split(": ", 1)[0])).toEqual([".env:1", "a.ts:2"]);
    expect(found.join()).not.toContain(token);
  }));
