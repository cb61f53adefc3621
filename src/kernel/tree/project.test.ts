import { expect, test } from "bun:test";
import { foundIn } from "./project.ts";

/** Files of a folder, and what is proposed for them: `KIND USE: COMMAND`, or `KIND USE! WORD`. */
function check(files: Readonly<Record<string, string>>, expected: readonly string[]): void {
  const found = foundIn((file) => (Object.hasOwn(files, file) ? (files[file] ?? null) : null));
  const lines = found.flatMap(({ kind, commands, refused }) => [
    ...commands.map(({ use, argv }) => `${kind} ${use}: ${argv.join(" ")}`),
    ...refused.map(({ use, word }) => `${kind} ${use}! ${word}`),
  ]);
  expect(lines).toEqual([...expected]);
}

const npm = (scripts: unknown): Record<string, string> => ({
  "package.json": JSON.stringify({ scripts }),
});
const CARGO = ["build: cargo build", "test: cargo test", "lint: cargo clippy", "format: cargo fmt"];

test.each<[string, Record<string, string>, readonly string[]]>([
  ["nothing known", { "README.md": "cargo" }, []],
  ["cargo", { "Cargo.toml": "[package]\n" }, CARGO.map((line) => `cargo ${line}`)],
  [
    "go",
    { "go.mod": "" },
    [
      "go build: go build ./...",
      "go test: go test ./...",
      "go lint: go vet ./...",
      "go format: go fmt ./...",
    ],
  ],
  [
    "python, once for two files",
    { "setup.py": "", "pyproject.toml": "" },
    [
      "python build: python3 -m build",
      "python test: python3 -m pytest",
      "python lint: python3 -m ruff check .",
      "python format: python3 -m ruff format .",
    ],
  ],
  [
    "npm, what it has",
    npm({ test: "jest", format: "prettier .", other: "x" }),
    ["npm test: npm run test", "npm format: npm run format"],
  ],
  ["npm without scripts", { "package.json": "{}" }, []],
  ["npm that is no JSON", { "package.json": "{" }, []],
  ["npm of other shapes", npm({ build: ["npm publish"], __proto__: { test: "x" } }), []],
  [
    "make, what it has",
    { Makefile: "build := x\nCC = a: b\nall test: x\n\tcc x\nformat ::= y\n# lint: x\n" },
    ["make test: make test"],
  ],
  [
    "two kinds",
    { ...npm({ build: "tsc" }), Makefile: "lint::\n\tx\n" },
    ["npm build: npm run build", "make lint: make lint"],
  ],
])("%s", (_, files, expected) => check(files, expected));

test.each<[string, string]>([
  ["npm publish", "publish"],
  ["./Deploy.sh", "Deploy"],
  ["git push", "push"],
  ["rm -rf dist", "rm -rf"],
  ["rm -v -fr dist", "rm -v -fr"],
  ["rm --recursive dist", "rm --recursive"],
  ["dropdb x", "drop"],
  ["redis DELETE", "DELETE"],
  ["terraform destroy", "destroy"],
])("%s is refused wherever it is run", (command, word) => {
  check(npm({ build: `tsc && ${command}` }), [`npm build! ${word}`]);
  check(npm({ test: "x", pretest: command }), [`npm test! ${word}`]);
  check(npm({ test: "x", posttest: command }), [`npm test! ${word}`]);
  check({ Makefile: `test: a\n\tcc x\n\n# more\n\t${command}\n` }, [`make test! ${word}`]);
  check({ Makefile: `lint: a \\\n  ${command.replaceAll(/\W*$/gu, "")}\n` }, [
    `make lint! ${word}`,
  ]);
});
