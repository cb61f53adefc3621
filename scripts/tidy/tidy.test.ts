import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { tidy } from "../tidy.ts";
import { mask } from "./mask.ts";

const ARCHITECTURE = `# House
\`\`\`layers
std
contracts
journal gate
kernel
nanos.ts
cli
\`\`\`
\`\`\`surfaces
cli: std contracts nanos.ts
src/cli/main.ts: std contracts nanos.ts kernel/boot.ts
\`\`\`
\`\`\`owners
zod: contracts
fast-check:
node:sqlite: journal
\`\`\`
\`\`\`bans
Date.now           | take a Clock        | src/std/clock.ts
new Date()         | take a Clock        | -
Bun.*              | the node: API       | scripts
eval(              | nothing             | -
: any              | unknown             | -
node:child_process | go through sandbox  | scripts *.test.ts
bun:*              | the node: API       | *.test.ts
// TODO            | do it               | -
\`\`\`
\`\`\`lists
src/gate/layers.ts src/gate/layers
\`\`\`
\`\`\`limits
file-lines 20
folder-files 3
folder-files src/contracts 5
doc-lines README.md 4
\`\`\`
\`\`\`names
utils helpers
\`\`\`
`;

/** A house without a fault; each case adds or replaces files. */
const CLEAN: Readonly<Record<string, string>> = {
  "ARCHITECTURE.md": ARCHITECTURE,
  "README.md": "# One\n",
  "package.json": JSON.stringify({
    dependencies: { zod: "1.0.0" },
    devDependencies: { "fast-check": "1.0.0" },
    scripts: { start: "bun src/cli/main.ts" },
  }),
  "src/std/clock.ts":
    "/** The time. */\nexport function now(): number {\n  return Date.now();\n}\n",
  "src/contracts/event.ts": 'import { z } from "zod";\nexport const Event = z.string();\n',
  "src/gate/layers.ts": 'import { scope } from "./layers/scope.ts";\nexport const ALL = [scope];\n',
  "src/gate/layers/scope.ts":
    'import { now } from "../../std/clock.ts";\nexport const scope = now;\n',
  "src/kernel/run.ts":
    'import { ALL } from "../gate/layers.ts";\nimport { Event } from "../contracts/event.ts";\n' +
    "export const run = [ALL, Event];\n",
  "src/kernel/boot.ts": 'export { run as boot } from "./run.ts";\n',
  "src/nanos.ts": 'import { run } from "./kernel/run.ts";\nexport const nanos = run;\n',
  "src/cli/main.ts":
    'import { nanos } from "../nanos.ts";\nimport { boot } from "../kernel/boot.ts";\n' +
    "export const main = [nanos, boot];\n",
};

const trees: string[] = [];
afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true, force: true });
});

/** The faults of the clean house with `planted` over it, as `path:line: sentence`. */
function faultsOf(planted: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), "tidy-"));
  trees.push(root);
  for (const [path, text] of Object.entries({ ...CLEAN, ...planted })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return tidy(root).faults.map(({ path, line, says }) => `${path}:${line}: ${says}`);
}

function check(name: string, planted: Readonly<Record<string, string>>, expected: string[]): void {
  test(name, () => expect(faultsOf(planted)).toEqual(expected));
}

const uses = (path: string): string => `import "${path}";\nexport const a = 1;\n`;
const tested = (path: string): Record<string, string> => ({ "test/uses.test.ts": uses(path) });

check("a clean house has no fault", {}, []);

check("an import that goes up", { "src/std/clock.ts": uses("../kernel/run.ts") }, [
  "src/std/clock.ts:1: std imports kernel, which stands below it in the layers block",
]);
check(
  "an import that goes sideways",
  { "src/journal/log.ts": uses("../gate/layers.ts"), ...tested("../src/journal/log.ts") },
  ["src/journal/log.ts:1: journal imports its neighbour gate"],
);
check(
  "a lazy import counts like any other",
  {
    "src/std/clock.ts": '/** Lazy. */\nexport const now = () =>\n  import("../kernel/run.ts");\n',
  },
  ["src/std/clock.ts:3: std imports kernel, which stands below it in the layers block"],
);
check(
  "a re-export counts like any other",
  { "src/std/clock.ts": 'export {\n  run,\n} from "../kernel/run.ts";\nexport const now = 1;\n' },
  ["src/std/clock.ts:1: std imports kernel, which stands below it in the layers block"],
);
check(
  "a surface that reaches past nanos.ts",
  { "src/cli/show.ts": uses("../kernel/run.ts"), ...tested("../src/cli/show.ts") },
  [
    "src/cli/show.ts:1: src/cli/show.ts imports kernel/run.ts; " +
      "a surface may import std, contracts, nanos.ts",
  ],
);
check(
  "a folder without a layer",
  { "src/odd/a.ts": uses("../std/clock.ts"), ...tested("../src/odd/a.ts") },
  ["src/odd/a.ts:1: odd stands in no line of the layers block"],
);
check("an import that leaves src", { "src/nanos.ts": uses("../scripts/x.ts") }, [
  "src/nanos.ts:1: imports scripts/x.ts, which is not below src",
]);
check(
  "what ships importing what is for tests",
  {
    "src/nanos.ts": uses("./kernel/testing/lab.ts"),
    "src/kernel/testing/lab.ts": uses("../run.ts"),
  },
  ["src/nanos.ts:1: imports src/kernel/testing/lab.ts, which is for tests"],
);
check(
  "a starter that reaches into the house",
  { "starters/one/tool.ts": uses("../../src/nanos.ts") },
  ["starters/one/tool.ts:1: a starter imports src/nanos.ts, outside itself"],
);

check("a package outside its owner", { "src/nanos.ts": uses("zod/v4") }, [
  "src/nanos.ts:1: zod belongs to contracts, not here",
]);
check("a module of node outside its owner", { "src/nanos.ts": uses("node:sqlite") }, [
  "src/nanos.ts:1: node:sqlite belongs to journal, not here",
]);
check("a package of the tests in what ships", { "src/nanos.ts": uses("fast-check") }, [
  "src/nanos.ts:1: fast-check belongs to tests and scripts, not here",
]);
check("a package nobody owns", { "src/nanos.ts": uses("left-pad") }, [
  "src/nanos.ts:1: package left-pad has no owner in the owners block",
]);
check(
  "a package without a line, and a line without a package",
  {
    "package.json": '{"dependencies":{"zod":"1","yaml":"1"},"scripts":{"start":"src/cli/main.ts"}}',
  },
  [
    "ARCHITECTURE.md:1: package yaml has no line in the owners block",
    "ARCHITECTURE.md:1: owners names fast-check, which package.json does not",
  ],
);

const banned = (code: string, line: number, call: string, instead: string): void =>
  check(`banned: ${code.trim()}`, { "src/nanos.ts": `export const a = 1;\n${code}\n` }, [
    `src/nanos.ts:${line}: ${call} is banned here: ${instead}`,
  ]);
banned("export const b = Date.now();", 2, "Date.now", "take a Clock");
banned("export const b = `${Date.now()}`;", 2, "Date.now", "take a Clock");
banned("export const b = new Date( );", 2, "new Date()", "take a Clock");
banned("export const b = Bun.file;", 2, "Bun.*", "the node: API");
banned("export const b = eval('1');", 2, "eval(", "nothing");
banned("export const b = (c : any) => c;", 2, ": any", "unknown");
banned('import "node:child_process";', 2, "node:child_process", "go through sandbox");
banned('export const b = import("bun:ffi");', 2, "bun:*", "the node: API");
banned("// TODO: later", 2, "TODO", "do it");

check(
  "what only looks like a banned call",
  {
    "src/nanos.ts":
      "// Date.now() in a comment\n" +
      'export const a = "Date.now() TODO eval(";\n' +
      "export const b = `TODO ${a} Date.now()`;\n" +
      "export const c = /Date.now()/u.test(a);\n" +
      "export const d = medieval(new Date(0), clock.Date.now);\n",
  },
  [],
);
check(
  "a banned call in its own place",
  {
    "src/nanos.test.ts": 'import "node:child_process";\nimport "bun:test";\n',
    "scripts/x.ts": "export const b = Bun.file;\n",
  },
  [],
);

check("a file that is too long", { "src/nanos.ts": "export const a = 1;\n".repeat(21) }, [
  "src/nanos.ts:20: 21 lines, the limit is 20",
]);
check(
  "a folder with too many files",
  {
    "src/std/a.ts": uses("./b.ts"),
    "src/std/b.ts": uses("./c.ts"),
    "src/std/c.ts": uses("./a.ts"),
    "src/contracts/d.ts": uses("./e.ts"),
    "src/contracts/e.ts": uses("./f.ts"),
    "src/contracts/f.ts": uses("./d.ts"),
  },
  ["src/std:1: 4 source files in the folder, the limit is 3"],
);
check("a document that is too long", { "README.md": "a\n".repeat(5) }, [
  "README.md:4: 5 lines, the limit is 4",
]);

check(
  "a file its list forgot",
  { "src/gate/layers/rule.ts": uses("./scope.ts"), ...tested("../src/gate/layers/rule.ts") },
  ["src/gate/layers/rule.ts:1: is not listed in src/gate/layers.ts"],
);
check(
  "a shared file beside the listed ones",
  {
    "ARCHITECTURE.md": ARCHITECTURE.replace("src/gate/layers\n", "src/gate/layers layer.ts\n"),
    "src/gate/layers/layer.ts": uses("../../std/clock.ts"),
    "src/gate/layers/scope.ts": 'export { a as scope } from "./layer.ts";\n',
  },
  [],
);
check(
  "a list for a folder that is gone",
  { "ARCHITECTURE.md": ARCHITECTURE.replace("src/gate/layers\n", "src/gate/gone\n") },
  [
    "ARCHITECTURE.md:1: the lists block names src/gate/layers.ts for src/gate/gone; one of them is not there",
  ],
);
check("a file nobody imports", { "src/kernel/lost.ts": uses("./run.ts") }, [
  "src/kernel/lost.ts:1: nobody imports this file",
]);
check(
  "a file started by its path",
  {
    "src/kernel/lost.ts": uses("./run.ts"),
    "src/kernel/boot.ts": 'export const boot = new URL("./lost.ts", import.meta.url);\n',
  },
  [],
);
check(
  "a name that says nothing",
  { "src/kernel/utils.ts": uses("./run.ts"), ...tested("../src/kernel/utils.ts") },
  ["src/kernel/utils.ts:1: utils.ts is named after a kind of code"],
);
check(
  "a function and a shape that another folder uses, without a comment",
  {
    "src/kernel/run.ts":
      'import { ALL } from "../gate/layers.ts";\nimport { Event } from "../contracts/event.ts";\n' +
      "export const run = [ALL, Event];\n" +
      "export function a(): void {}\n/** Said. */\nexport function b(): void {}\n" +
      "export interface C {\n  readonly d: string;\n}\n" +
      "export interface E {\n  /** Said. */\n  readonly f: string;\n}\nexport function own() {}\n",
    "src/nanos.ts":
      'import { run, a, b, type C, type E as F } from "./kernel/run.ts";\n' +
      "export const nanos = run;\n",
    "src/kernel/boot.ts": 'export { run as boot, own } from "./run.ts";\n',
  },
  [
    "src/kernel/run.ts:4: a is public and has no comment",
    "src/kernel/run.ts:7: C is public and has no comment",
  ],
);
test("the blocks of the real house are all there and all kept", () => {
  const { faults } = tidy(join(import.meta.dirname, "../.."));
  expect(faults.map(({ path, line, says }) => `${path}:${line}: ${says}`)).toEqual([]);
});

test("a mask keeps every line and column", () => {
  const text = "a = `x${ {b: `y${1}`} }z`; // c\n'\\'' /* d\n */ + /[/]\\//u / 2;\n";
  const { code, comments } = mask(text);
  expect(code).toBe("a = ` ${ {b: ` ${1}`} } `;     \n'  '     \n    + /     /u / 2;\n");
  expect(comments.length).toBe(text.length);
  expect(comments.replace(/\s+/gu, " ").trim()).toBe("// c /* d */");
});
