import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import { isStill } from "./changes.ts";

test("a file is still what was written while its content is, and where that cannot be told", () => {
  const dir = mkdtempSync(join(tmpdir(), "nanos-still-"));
  try {
    const file = join(dir, "a");
    const check = (hash: string, expected: boolean): void =>
      expect([hash, isStill(file, hash)]).toEqual([hash, expected]);
    check(sha256("one"), false);
    writeFileSync(file, "one");
    check(sha256("one"), true);
    writeFileSync(file, "two");
    check(sha256("one"), false);
    truncateSync(file, LIMITS.storedBytes + 1);
    check(sha256("one"), true);
    rmSync(file);
    symlinkSync("elsewhere", file);
    check(sha256("elsewhere"), true);
    expect(isStill(join(dir, "a\0b"), "")).toBe(true);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
