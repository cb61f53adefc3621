import { describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { executables } from "./programs.ts";
import { inFolder } from "./testing/ground.ts";

describe("what must be executable for a program to start", () => {
  const sh = realpathSync("/bin/sh");
  const cases: [string, string, RegExp[]][] = [
    ["an ELF file names its loader", "", [/ld-/u]],
    ["a script names its interpreter", "#!/bin/sh\n", [new RegExp(`^${sh}$`, "u"), /ld-/u]],
    ["with an argument", "#! /bin/sh -e\n", [new RegExp(`^${sh}$`, "u")]],
    ["env looks it up", "#!/usr/bin/env -S sh\n", [/\/env$/u, new RegExp(`^${sh}$`, "u")]],
    ["a relative interpreter is none", "#!sh\n", []],
    ["text is nothing", "hello\n", []],
  ];
  for (const [name, head, wants] of cases) {
    test(name, () =>
      inFolder(async (folder) => {
        const file = join(folder, "program");
        if (head === "") copyFileSync("/bin/true", file);
        else writeFileSync(file, head);
        chmodSync(file, 0o755);
        const found = executables([file], "/nowhere:/usr/bin:/bin");
        expect(found[0]).toBe(file);
        for (const want of wants) expect(found.filter((path) => want.test(path))).toHaveLength(1);
        if (wants.length === 0) expect(found).toEqual([file]);
      }),
    );
  }

  test("links are resolved, missing programs left out, loops end", () =>
    inFolder(async (folder) => {
      const [a, b, link] = ["a", "b", "link"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      writeFileSync(a, `#!${b}\n`);
      writeFileSync(b, `#!${a}\n`);
      symlinkSync("a", link);
      const found = executables([link, join(folder, "missing")], "");
      expect(found.map((path) => basename(path)).toSorted()).toEqual(["a", "b"]);
    }));
});
