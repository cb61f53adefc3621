import { expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { History } from "./history.ts";

function inHome(use: (home: string) => void): void {
  const home = mkdtempSync(join(tmpdir(), "nanos-history-"));
  try {
    use(home);
  } finally {
    rmSync(home, { recursive: true });
  }
}

test("what was typed comes back, oldest first, and is for its owner only", () => {
  inHome((home) => {
    const history = new History(home);
    for (const text of ["a", "b\nc", "b\nc", " secret", "x".repeat(9_000)]) history.add(text);
    expect(new History(home).lines).toEqual(["a", "b\nc"]);
    expect(statSync(join(home, "history.jsonl")).mode & 0o777).toBe(0o600);
  });
});

test("a damaged line is one message less", () => {
  inHome((home) => {
    new History(home).add("a");
    appendFileSync(join(home, "history.jsonl"), '"cut\n7\n"b"\n');
    expect(new History(home).lines).toEqual(["a", "b"]);
  });
});

test("the file is bounded", () => {
  inHome((home) => {
    const history = new History(home);
    for (let i = 0; i < 1_001; i++) history.add(String(i));
    expect(history.lines.length).toBe(500);
    const lines = readFileSync(join(home, "history.jsonl"), "utf8").trimEnd().split("\n");
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([500, '"501"', '"1000"']);
  });
});

test("a home that cannot be written keeps the session's own history", () => {
  const history = new History("/nowhere/at/all");
  history.add("a");
  expect(history.lines).toEqual(["a"]);
});
