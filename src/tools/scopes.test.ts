import { expect, test } from "bun:test";
import { missingScope, readOsError, refusedPath } from "./missing.ts";
import type { OsError } from "./runtime/wire.ts";
import { undeclared } from "./scopes.ts";

test.each<[readonly string[], readonly string[], string | null]>([
  [[], ["read:/etc"], null],
  [["read:./notes"], ["read:./notes/sub"], null],
  [["read:notes"], ["read:./notes"], null],
  [["read:."], ["read:./a/b"], null],
  [["read:./notes"], ["read:./notes-2"], "read:./notes-2"],
  [["read:./notes"], ["read:./notes/../other"], "read:./notes/../other"],
  [["read:./notes"], ["write:./notes"], "write:./notes"],
  [["read:./x"], ["read:/x"], "read:/x"],
  [["read:~/docs"], ["read:~/docs/a", "read:./docs"], "read:./docs"],
  [["net:*"], ["net:example.org:8080"], null],
  [["net:example.org"], ["net:example.org:443"], null],
  [["net:example.org"], ["net:example.org:80"], "net:example.org:80"],
  [["net:example.org"], ["net:*"], "net:*"],
  [["exec:git"], ["exec:git", "exec:sh"], "exec:sh"],
])("a skill with %j and a tool with %j", (skill, own, expected) => {
  expect(undeclared(skill, own)).toBe(expected);
});

const CALL = { workspace: "/w", scopes: ["read:/w/notes", "write:/w/out"] };

test.each<[OsError, string | null]>([
  [{ code: "EACCES", path: "/etc/passwd", syscall: "open" }, "read:/etc/passwd"],
  [{ code: "ENOENT", path: "/etc/passwd" }, "read:/etc/passwd"],
  [{ code: "ENOENT", path: "/w/notes/none.md" }, null],
  [{ code: "ENOENT", path: "notes/none.md" }, null],
  [{ code: "EACCES", path: "/w/notes/a.md", syscall: "open" }, "write:/w/notes/a.md"],
  [{ code: "EACCES", path: "/w/new.md", syscall: "open" }, "write:/w/new.md"],
  [{ code: "EROFS", path: "/w/x", syscall: "mkdir" }, "write:/w/x"],
  [{ code: "EACCES", path: "/w/out/a.md" }, null],
  [{ code: "EACCES", path: "/stage/w/out/a.md" }, null],
  [{ code: "EISDIR", path: "/etc" }, null],
  [{ code: "EACCES", host: "example.org:443" }, "net:example.org:443"],
  [{ code: "EPERM", program: "/bin/ls" }, "exec:/bin/ls"],
  [{ code: "EAGAIN", program: "/bin/ls" }, null],
  [{ code: "EACCES", path: "/etc/\u001b[2J" }, null],
  [{ code: "EACCES", path: `/${"x".repeat(600)}` }, null],
  [{ code: "EACCES" }, null],
])("%j lacks %j", (os, expected) => {
  expect(missingScope(os, CALL, [{ real: "/w/out", staged: "/stage/w/out" }])).toBe(expected);
});

test("what a tool says of its error is taken for what it is", () => {
  expect(readOsError({ code: "EACCES", path: { a: 1 }, host: 7, syscall: "open" })).toEqual({
    code: "EACCES",
    syscall: "open",
  });
  for (const odd of [undefined, null, 1, "x", [], {}, { code: 1 }])
    expect(readOsError(odd)).toBeNull();
});

test.each([
  ["cat: /etc/shadow: Permission denied", { code: "EACCES", path: "/etc/shadow" }],
  ["ls: cannot access '/x y': No such file or directory", null],
  ["ls: cannot access '/xy': No such file or directory", { code: "ENOENT", path: "/xy" }],
  ["cat: notes/a: Permission denied", null],
  ["all is well", null],
])("%j names %j", (stderr, expected) => {
  expect(refusedPath(stderr)).toEqual(expected);
});
