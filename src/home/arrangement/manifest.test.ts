import { describe, expect, test } from "bun:test";
import { LIMITS } from "../../std/limits.ts";
import { refusal, SMALL, testFolder } from "../testing/folder.ts";
import { loadArrangement } from "./load.ts";

/** One file of an otherwise whole arrangement, and the whole message it is refused with. */
async function check(path: string, text: string | Uint8Array, expected: string): Promise<void> {
  using folder = testFolder({ ...SMALL, [path]: text });
  const { code, message, next } = await refusal(() => loadArrangement(folder.dir, folder.dir));
  expect(message).toBe(expected);
  expect(code).toBe("manifest.invalid");
  const [file = "", line = ""] = expected.split(":");
  expect(next).toStartWith(`Open ${folder.dir}/${file} at line ${line}, column `);
}

const agent = (front: string): string => `---\n${front}\n---\nText.\n`;
const ID = "must be 1 to 64 of a-z, 0-9, - and _, and start with a letter or digit";
const FRONT = "front matter is YAML between two lines of `---` and nothing else";

const BROKEN: readonly (readonly [string, string, string, string])[] = [
  // Names.
  [
    "a field misspelt",
    "agents/a.md",
    agent("name: a\ndescription: A.\nskils: [notes]"),
    "agents/a.md:4: unknown field 'skils'; did you mean 'skills'?",
  ],
  [
    "a field from nowhere",
    "skills/notes/nanos.yaml",
    "scopes: []\nzebra: 1\n",
    "skills/notes/nanos.yaml:2: unknown field 'zebra'; the fields are version, scopes, rank, commands, events, terms",
  ],
  [
    "a field misspelt deep inside",
    "arrangement.yaml",
    "name: small\nlimits:\n  turns: 3\n  call: 2\n",
    "arrangement.yaml:4: unknown field 'call' in 'limits'; did you mean 'calls'?",
  ],
  [
    "a field misspelt in a list",
    "rules.yaml",
    `${SMALL["rules.yaml"]}    examples: {}\n`,
    "rules.yaml:7: unknown field 'examples' in 'rules.0'; did you mean 'example'?",
  ],
  [
    "a field misspelt in a model",
    "arrangement.yaml",
    "name: small\nmodels:\n  one:\n    adapter: ollama\n    modle: x\n",
    "arrangement.yaml:5: unknown field 'modle' in 'models.one'; did you mean 'model'?",
  ],
  [
    "a name with a space",
    "agents/a.md",
    agent("name: My agent\ndescription: A."),
    `agents/a.md:2: 'name' ${ID}`,
  ],
  // Shapes.
  [
    "a missing field",
    "agents/a.md",
    agent("name: a"),
    "agents/a.md:2: missing field 'description'",
  ],
  [
    "a number for text",
    "arrangement.yaml",
    "name: small\nversion: 1.2\n",
    `arrangement.yaml:2: 'version' must be text, not the number 1.2; write "1.2"`,
  ],
  [
    "an agent that is a program, without one",
    "agents/a.md",
    agent("name: a\ndescription: A.\nkind: process"),
    "agents/a.md:2: 'command' is what an agent of kind process needs",
  ],
  [
    "a program for an agent that is a prompt",
    "agents/a.md",
    agent("name: a\ndescription: A.\ncommand: [ls]"),
    "agents/a.md:4: 'command' is not for an agent of kind prompt",
  ],
  [
    "arguments of no prompt",
    "agents/a.md",
    agent("name: a\ndescription: A.\nargs: {file: b}"),
    "agents/a.md:4: 'args' are of a server's prompt, which stands under `prompt`",
  ],
  [
    "a prompt of no server",
    "agents/a.md",
    agent("name: a\ndescription: A.\nprompt: review"),
    "agents/a.md:4: 'prompt' must be SERVER:NAME",
  ],
  [
    "a kind of agent there is not",
    "agents/a.md",
    agent("name: a\ndescription: A.\nkind: proces"),
    "agents/a.md:4: 'kind' must be one of prompt, process, acp, mcp, arrangement, not the text 'proces'; did you mean 'process'?",
  ],
  [
    "text for a number",
    "agents/a.md",
    agent("name: a\ndescription: A.\nlimits: {turns: many}"),
    "agents/a.md:4: 'limits.turns' must be a number, not the text 'many'",
  ],
  [
    "a broken number",
    "agents/a.md",
    agent("name: a\ndescription: A.\nlimits: {turns: 1.5}"),
    "agents/a.md:4: 'limits.turns' must be a whole number, not the number 1.5",
  ],
  [
    "a number too small",
    "agents/a.md",
    agent("name: a\ndescription: A.\nlimits: {turns: 0}"),
    "agents/a.md:4: 'limits.turns' must be more than 0",
  ],
  [
    "fields for a list",
    "skills/notes/nanos.yaml",
    "scopes:\n  read: ./notes\n",
    "skills/notes/nanos.yaml:2: 'scopes' must be a list of texts, not fields",
  ],
  [
    "a list for fields",
    "mcp.json",
    '{"mcpServers": []}',
    "mcp.json:1: 'mcpServers' must be fields, not a list",
  ],
  [
    "nothing for a list",
    "agents/a.md",
    agent("name: a\ndescription: A.\nskills:"),
    "agents/a.md:4: 'skills' must be a list of texts or text, not empty",
  ],
  [
    "a choice misspelt",
    "arrangement.yaml",
    "name: small\nmodels: {one: {adapter: olama}}\n",
    "arrangement.yaml:2: 'models.one.adapter' must be one of openai-compatible, openai, anthropic, ollama, http, gguf, script, rules, not the text 'olama'; did you mean 'ollama'?",
  ],
  [
    "a bad scope",
    "skills/notes/nanos.yaml",
    "scopes:\n  - read:./notes\n  - everything\n",
    "skills/notes/nanos.yaml:3: 'scopes.1' a scope is KIND:VALUE with KIND one of read write net exec env secret model agent memory client",
  ],
  [
    "a bad address",
    "arrangement.yaml",
    "name: small\nmodels: {one: {adapter: ollama, url: here}}\n",
    "arrangement.yaml:2: 'models.one.url' must be a URL such as http://127.0.0.1:11434/v1",
  ],
  [
    "a description too long",
    "skills/notes/SKILL.md",
    agent(`name: notes\ndescription: ${"x".repeat(1_025)}`),
    "skills/notes/SKILL.md:3: 'description' must have at most 1024 characters",
  ],
  [
    "a tool of two kinds",
    "tools/a.yaml",
    "name: a\ndescription: A.\ncommand: [ls]\nhttp: {url: 'https://example.org'}\n",
    "tools/a.yaml:1: the file a tool file has exactly one of command, http, container",
  ],
  [
    "a server of no kind",
    "mcp.json",
    '{\n "mcpServers": {\n  "a": {}\n }\n}',
    "mcp.json:3: server 'a' needs a command or a url",
  ],
  [
    "a server of both kinds",
    "mcp.json",
    '{"mcpServers": {"a": {"command": "x", "url": "http://x"}}}',
    "mcp.json:1: server 'a' has both command and url",
  ],
  [
    "a remote server without a place",
    "mcp.json",
    '{"mcpServers": {"a": {"type": "http", "command": "x"}}}',
    "mcp.json:1: server 'a' is of type http and needs a url",
  ],
  [
    "text for the whole file",
    "rules.yaml",
    "deny everything\n",
    "rules.yaml:1: must be fields, each `name: value`",
  ],
  [
    "a list for the whole file",
    "rules.yaml",
    "- a\n",
    "rules.yaml:1: must be fields, each `name: value`",
  ],
  ["an empty file", "rules.yaml", "", "rules.yaml:1: missing field 'rules'"],
  // YAML itself.
  [
    "a value that does not end",
    "arrangement.yaml",
    'name: small\ndescription: "no end\n',
    'arrangement.yaml:3: is not valid YAML: Missing closing "quote',
  ],
  [
    "the same field twice",
    "arrangement.yaml",
    "name: small\nname: other\n",
    "arrangement.yaml:2: the same field stands here twice",
  ],
  [
    "two documents",
    "arrangement.yaml",
    "name: small\n---\nname: other\n",
    "arrangement.yaml:2: holds more than one document",
  ],
  [
    "a type of its own",
    "arrangement.yaml",
    "name: !!js/function 'function () {}'\n",
    "arrangement.yaml:1: tags such as `!name` are not read",
  ],
  [
    "aliases that multiply",
    "arrangement.yaml",
    `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nname: [*c,*c,*c,*c]\n`,
    "arrangement.yaml:1: its aliases multiply beyond reason",
  ],
  [
    "nesting beyond the stack",
    "arrangement.yaml",
    `name: ${"[".repeat(100_000)}`,
    "arrangement.yaml:1: is nested too deeply",
  ],
  [
    "a field into the prototype",
    "arrangement.yaml",
    "name: small\n__proto__:\n  oracle: evil\n",
    "arrangement.yaml:2: a field may not be named '__proto__'",
  ],
  [
    "a list for a field's name",
    "arrangement.yaml",
    "name: small\n? [a]\n: b\n",
    "arrangement.yaml:2: a field's name must be text",
  ],
  [
    "a field into the constructor",
    "mcp.json",
    '{"mcpServers": {"constructor": {"command": "x"}}}',
    "mcp.json:1: a field may not be named 'constructor'",
  ],
  // Front matter.
  [
    "front matter in a language",
    "agents/a.md",
    "---js\n{ name: process.exit(7) }\n---\n",
    `agents/a.md:1: ${FRONT}`,
  ],
  [
    "no front matter",
    "agents/a.md",
    "Just text.\n",
    "agents/a.md:1: has no front matter; its first line must be `---`",
  ],
  [
    "front matter without an end",
    "agents/a.md",
    "---\nname: a\n",
    "agents/a.md:1: front matter has no closing line of `---`",
  ],
  // Whole files and folders.
  [
    "a file too large",
    "rules.yaml",
    "#".repeat(LIMITS.manifestBytes + 1),
    "rules.yaml:1: is larger than 262144 bytes",
  ],
  [
    "a name already given",
    "agents/b.md",
    agent("name: oracle\ndescription: Another."),
    "agents/oracle.md:2: an agent named 'oracle' is already in agents/b.md",
  ],
  [
    "a skill already given",
    "skills/other/SKILL.md",
    agent("name: notes\ndescription: Another."),
    `skills/other/SKILL.md:2: a skill named 'notes' is already in skills/notes`,
  ],
  [
    "a rule twice",
    "rules.yaml",
    `${SMALL["rules.yaml"]}${SMALL["rules.yaml"]?.slice("rules:\n".length)}`,
    "rules.yaml:7: the id 'no-models' is used twice",
  ],
  [
    "control characters",
    "arrangement.yaml",
    'name: small\n"\\u001b[2Jx": 1\n',
    "arrangement.yaml:2: unknown field 'x'; the fields are name, description, version, oracle, models, model, limits, memory, grows, proposes, allow",
  ],
];

describe("a broken manifest is refused where it is broken", () => {
  for (const [what, path, text, expected] of BROKEN) test(what, () => check(path, text, expected));

  test("bytes that are no text", () =>
    check("rules.yaml", new Uint8Array([0x72, 0xff, 0xfe]), "rules.yaml:1: is not UTF-8 text"));
});

test("all problems of all files come at once, in order", async () => {
  using folder = testFolder({
    ...SMALL,
    "agents/a.md": agent("name: a\nskils: x"),
    "rules.yaml": "rules:\n  - id: Bad\n",
  });
  const { message } = await refusal(() => loadArrangement(folder.dir, folder.dir));
  expect(message.split("\n")).toEqual([
    "agents/a.md:2: missing field 'description'",
    "agents/a.md:3: unknown field 'skils'; did you mean 'skills'?",
    "rules.yaml:2: missing field 'rules.0.when'",
    "rules.yaml:2: missing field 'rules.0.then'",
    "rules.yaml:2: missing field 'rules.0.example'",
    "rules.yaml:2: missing field 'rules.0.counter'",
    "rules.yaml:2: 'rules.0.id' must be 1 to 64 of a-z, 0-9, dot, - and _, and start with a letter or digit",
  ]);
});

test("twenty problems are listed, the rest counted", async () => {
  const lines = Array.from({ length: 25 }, (_, i) => `zz${i}: 1`).join("\n");
  using folder = testFolder({ ...SMALL, "arrangement.yaml": `name: small\n${lines}\n` });
  const { message } = await refusal(() => loadArrangement(folder.dir, folder.dir));
  expect(message.split("\n").length).toBe(LIMITS.problemsListed + 1);
  expect(message).toEndWith("and 5 more");
});
