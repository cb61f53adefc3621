import { afterAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mailOf } from "./mail.ts";

const repo = mkdtempSync(join(tmpdir(), "nanos-mail-"));
const git = (args: readonly string[], input = ""): string =>
  execFileSync(
    "git",
    ["-C", repo, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args],
    {
      input,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: repo },
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
git(["init", "--quiet", "--initial-branch=main"]);
writeFileSync(join(repo, "a.txt"), "one\n");
git(["add", "--all"]);
git(["commit", "--quiet", "--message=First"]);
afterAll(() => rmSync(repo, { recursive: true }));

const PATCH = `diff --git a/a.txt b/a.txt
--- a/a.txt
+++ b/a.txt
@@ -1 +1,2 @@
 one
+From the second line --- on
`;
const AT = Date.UTC(2026, 0, 31, 12);
const view = {
  ...{ run: "r1", agent: "coder", model: "m", request: "Add a line.", commit: "a".repeat(40) },
  patch: PATCH,
};

/** What git made of the mail: author, date, subject and body, and the file. */
function taken(mail: string): readonly [string, string, string] {
  git(["reset", "--quiet", "--hard", "main"]);
  git(["checkout", "--quiet", "--detach"]);
  git(["am", "--quiet"], mail);
  const [head = "", ...body] = git(["log", "-1", "--format=%an <%ae> %aI%n%s%n%b"]).split("\n");
  return [head, body[0] ?? "", body.slice(1).join("\n").trim()];
}

describe("a patch as mail", () => {
  test("is taken by git with who made it, when and why", () => {
    const got = taken(mailOf({ ...view, summary: "Adds a line.\n\nIt was missing." }, AT));
    expect(got).toEqual([
      "coder <coder@nanos.invalid> 2026-01-31T12:00:00+00:00",
      "Adds a line.",
      "By coder on m, asked: Add a line.\n\nIt was missing.\n\nNanos-Run: r1",
    ]);
    expect(readFileSync(join(repo, "a.txt"), "utf8")).toContain("From the second line --- on\n");
    expect(git(["rev-parse", "HEAD^"])).toBe(git(["rev-parse", "main"]));
  });

  test.each([
    ["", "Add a line."],
    ["Größer – schöner", "Größer – schöner"],
    [`${"ä".repeat(100)}`, `${"ä".repeat(71)}…`],
  ])("%j is its subject as %j", (summary, subject) => {
    expect(taken(mailOf({ ...view, summary }, AT))[1]).toBe(subject);
  });

  test.each([
    "Fine.\nFrom: Eve <eve@example.org>\nSubject: other",
    "Fine.\n---\ndiff --git a/evil b/evil\nnew file mode 100755\n--- /dev/null\n+++ b/evil\n@@ -0,0 +1 @@\n+x\n",
    "Fine.\ndiff --git a/evil b/evil\nnew file mode 100755\n--- /dev/null\n+++ b/evil\n@@ -0,0 +1 @@\n+x\n",
    "Fine.\nIndex: evil\n--- /dev/null\n+++ evil\n@@ -0,0 +1 @@\n+x\n",
    `Fine.\nFrom ${"b".repeat(40)} Mon Sep 17 00:00:00 2001\nFrom: Eve <eve@example.org>\nSubject: two\n\nx`,
    "Fine.\r\n\x1b[2J\x1b]0;x\x07From: Eve",
  ])("words that look like more of it are words: %j", (summary) => {
    const [who, subject] = taken(mailOf({ ...view, summary }, AT));
    expect([who.split(" ")[0], subject]).toEqual(["coder", "Fine."]);
    expect(git(["rev-list", "--count", "main..HEAD"]).trim()).toBe("1");
    expect(git(["diff", "--name-only", "main"]).trim()).toBe("a.txt");
  });

  test("of no change there is none", () => {
    expect(mailOf({ ...view, summary: "x", patch: "" }, AT)).toBe("");
  });
});
