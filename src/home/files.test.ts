import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { sha256 } from "../std/hash.ts";
import { LIMITS } from "../std/limits.ts";
import { parseManifest } from "./arrangement/manifest.ts";
import { readPlain, readTree, treeHash, utf8 } from "./files.ts";
import { refusal, testFolder } from "./testing/folder.ts";

describe("a plain file", () => {
  test("is read; links, pipes, folders and nothing are none", () => {
    using folder = testFolder({ a: "text", "d/x": "" });
    fs.symlinkSync("a", join(folder.dir, "link"));
    execFileSync("mkfifo", [join(folder.dir, "pipe")]);
    expect(readPlain(join(folder.dir, "a"), 10)?.toString()).toBe("text");
    for (const name of ["link", "pipe", "d", "none", "a/b"]) {
      expect(readPlain(join(folder.dir, name), 10)).toBeNull();
    }
  });

  test("beyond the limit is refused", async () => {
    using folder = testFolder({ a: "12345" });
    const { code, message } = await refusal(() => readPlain(join(folder.dir, "a"), 4));
    expect({ code, message }).toEqual({
      code: "home.too_large",
      message: `${join(folder.dir, "a")} is larger than 4 bytes.`,
    });
  });
});

test("a tree beyond the limit on bytes is refused", async () => {
  const half = Buffer.alloc(LIMITS.treeBytes / 2 + 1);
  using folder = testFolder({ a: half, b: half });
  expect((await refusal(() => readTree(folder.dir))).message).toBe(
    `${folder.dir} holds more than ${LIMITS.treeBytes} bytes.`,
  );
});

test("two trees have one hash exactly when their paths and contents are equal", () => {
  const tree = fc.dictionary(fc.string({ maxLength: 4 }), fc.string({ maxLength: 4 }), {
    maxKeys: 4,
  });
  const hashOf = (files: Record<string, string>): string =>
    treeHash(
      Object.entries(files).map(([path, text]) => ({
        path,
        abs: path,
        content: Buffer.from(text),
        hash: sha256(text),
      })),
    );
  const sorted = (files: Record<string, string>): string =>
    JSON.stringify(
      Object.entries(files)
        .map((entry) => JSON.stringify(entry))
        .toSorted(),
    );
  fc.assert(
    fc.property(tree, tree, (a, b) => {
      expect(hashOf(a) === hashOf(b)).toBe(sorted(a) === sorted(b));
    }),
  );
});

test("text is UTF-8 or none", () => {
  expect(utf8(Buffer.from("\uFEFFä"))).toBe("ä");
  expect(utf8(new Uint8Array([0xc3]))).toBeNull();
});

test("whatever a manifest holds, it is read or refused with a place, and never thrown", async () => {
  const { AgentManifest } = await import("../contracts/agent.ts");
  const piece = fc.constantFrom(
    "name",
    "description",
    "limits",
    ": ",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!t ",
    "'",
    '"',
    "|",
    ">",
    "---\n",
    "#",
    "1",
    "null",
    "<<",
    "__proto__",
    "\t",
    "\u0000",
    "\ud800",
    "é",
    "? ",
    "%",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), fc.boolean(), async (pieces, markdown) => {
      const text = markdown ? `---\n${pieces.join("")}\n---\n` : pieces.join("");
      const read = await parseManifest("f", text, AgentManifest, markdown ? "markdown" : "yaml");
      if (read.ok) return;
      expect(read.problems.length).toBeGreaterThan(0);
      for (const { line, column } of read.problems) {
        expect(line >= 1 && line <= text.split("\n").length + 1 && column >= 1).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
  expect(Object.prototype).not.toHaveProperty("oracle");
});
