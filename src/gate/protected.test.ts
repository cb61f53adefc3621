import { expect, test } from "bun:test";
import fc from "fast-check";
import { anAction, aStanding } from "./gate.fixtures.ts";
import { judge } from "./judge.ts";
import { isKeyStore, isPolicy, isProtected } from "./protected.ts";

const PROTECTED = [
  "/w/.git/hooks/pre-commit",
  "/w/a/b/.git/config",
  "/w/.GIT/Hooks/pre-commit",
  "/w/.git./hooks/pre-commit",
  "/w/.g\u200bit/hooks/pre-commit",
  "/w/.git",
  "/w/\uff0e\uff47\uff49\uff54/config",
  "/w/.gitmodules",
  "/w/.gitattributes",
  "/w/.bashrc",
  "/w/.Profile",
  "/w/.zshrc",
  "/w/.envrc",
  "/w/.env",
  "/w/.env.local",
  "/w/bunfig.toml",
  "/w/.npmrc",
  "/w/package.json",
  "/w/deep/Package.JSON",
  "/w/AGENTS.md",
  "/w/CLAUDE.md",
  "/w/.claude/settings.json",
  "/w/.mcp.json",
  "/w/.vscode/tasks.json",
  "/w/.nano-os/rules.yaml",
  "/w/Makefile",
  "/w/Dockerfile",
  "/w/.github/workflows/ci.yml",
  "/w/.ssh/authorized_keys",
  "/w/.config/systemd/user/x.service",
  "/w/Library/LaunchAgents/x.plist",
];
const FREE = [
  "/w/notes/today.md",
  "/w/git/hooks/pre-commit",
  "/w/.gitignore",
  "/w/package.json.md",
  "/w/my-package.json",
  "/w/environment",
  "/w/systemd/notes.md",
  "/w/agents.md.txt",
];

for (const path of PROTECTED)
  test(`${path} is protected`, () => expect(isProtected(path)).toBe(true));
for (const path of FREE) test(`${path} is free`, () => expect(isProtected(path)).toBe(false));

test("keys and policy are rank S wherever they are", () => {
  expect(["/w/.ssh/id", "/w/.Gnupg/x", "/w/ssh/id"].map(isKeyStore)).toEqual([true, true, false]);
  expect(["/w/.nano-os/rules.yaml", "/w/.NANO-OS", "/w/nano-os"].map(isPolicy)).toEqual([
    true,
    true,
    false,
  ]);
  const read = judge(anAction({ scopes: ["read:/work/space/.ssh"] }), aStanding());
  const write = judge(
    anAction({ kind: "commit", scopes: ["write:/work/space/.nano-os/a"] }),
    aStanding(),
  );
  const look = judge(anAction({ scopes: ["read:/work/space/.nano-os"] }), aStanding());
  expect([read.rank, write.rank, look.rank]).toEqual(["S", "S", "E"]);
});

test("only what would change the real files is asked about", () => {
  const scopes = ["write:/work/space/package.json", "read:/work/space/.git/config"];
  expect(judge(anAction({ scopes }), aStanding()).verdict).toBe("allow");
  expect(judge(anAction({ kind: "commit", scopes: scopes.slice(1) }), aStanding()).verdict).toBe(
    "allow",
  );
});

test("one question for a set of files, and another for another set", () => {
  const commit = (...files: string[]) =>
    judge(
      anAction({ kind: "commit", scopes: files.map((file) => `write:/work/space/${file}`) }),
      aStanding(),
    );
  const two = commit("package.json", "a.md", ".env");
  expect(two.keys).toHaveLength(1);
  expect(commit(".env", "b.md", "package.json").keys).toEqual(two.keys);
  expect(commit(".env", "Makefile").keys).not.toEqual(two.keys);
  const outside = judge(
    anAction({ kind: "commit", scopes: ["write:/srv/a", "write:/srv/b"], rank: "E" }),
    aStanding(),
  );
  expect(outside.keys.filter((key) => key.startsWith("write:"))).toHaveLength(1);
});

test("no change set with a protected file among it is written without a question", () => {
  const folder = fc.array(fc.constantFrom("src", "notes", "a"), { maxLength: 3 });
  const file = fc.constantFrom(...PROTECTED.map((path) => path.slice(3)));
  fc.assert(
    fc.property(
      folder,
      file,
      fc.array(fc.constantFrom("x.md", "y.md"), { maxLength: 4 }),
      (at, name, rest) => {
        const paths = [...rest, [...at, name].join("/")].map((path) => `write:/work/space/${path}`);
        const { verdict } = judge(anAction({ kind: "commit", scopes: paths }), aStanding());
        expect(verdict).toBe("ask");
      },
    ),
  );
});
