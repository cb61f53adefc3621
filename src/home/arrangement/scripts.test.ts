import { expect, test } from "bun:test";
import { sha256 } from "../../std/hash.ts";
import { scriptsOf, toolsAsked } from "./scripts.ts";

const FILES = [
  ["scripts/a.py", "print(1)"],
  ["scripts/deep/b.mjs", "1"],
  ["scripts/run", "#!/usr/bin/env ruby\n1"],
  ["scripts/sh", "#!/bin/sh\n1"],
  ["scripts/odd", "#!/opt/x/y\n1"],
  ["scripts/notes.txt", "text"],
  ["lib/scripts/c.sh", "1"],
  ["other/d.sh", "1"],
].map(([path = "", text = ""]) => {
  const content = Buffer.from(text);
  return { path, abs: path, content, hash: sha256(content) };
});
const head = { name: "a", description: "A." };
const ALL = {
  "scripts/a.py": "python3",
  "scripts/deep/b.mjs": "node",
  "scripts/run": "ruby",
  "scripts/sh": "sh",
};

const CASES: readonly (readonly [
  allowed: string | string[] | undefined,
  asked: string[],
  runs: Readonly<Record<string, string>>,
])[] = [
  [undefined, [], ALL],
  ["Bash(git:*) Read", ["Bash(git:*)", "Read"], ALL],
  ["Bash(git log:*), Read", ["Bash(git log:*)", "Read"], ALL],
  [["Read", "Bash"], ["Read", "Bash"], ALL],
  ["Read Grep", ["Read", "Grep"], {}],
  ["BashOutput", ["BashOutput"], {}],
];
for (const [allowed, asked, runs] of CASES) {
  test(`a skill that lists ${JSON.stringify(allowed)} asks for that and gets no more`, () => {
    const own = { ...head, ...(allowed === undefined ? {} : { "allowed-tools": allowed }) };
    expect([toolsAsked(own), scriptsOf(own, FILES)]).toEqual([asked, runs]);
  });
}
