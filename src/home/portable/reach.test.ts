import { expect, test } from "bun:test";
import type { Grant } from "../../contracts/config.ts";
import { readFiles } from "../arrangement/load.ts";
import { snapshot } from "../arrangement/snapshot.ts";
import { SMALL, testFolder } from "../testing/folder.ts";
import { reachChanges, type Side } from "./reach.ts";

const oracle = (front: string): string =>
  `---\nname: oracle\ndescription: Answers.\n${front}---\nYou answer.\n`;
const BASE: Readonly<Record<string, string>> = {
  ...SMALL,
  "agents/oracle.md": oracle("skills: [notes]\n"),
};
const GRANT: Grant = { skill: "notes", scopes: [], hash: null, at: 0 };

async function side(files: Readonly<Record<string, string>>): Promise<Side> {
  using folder = testFolder(files);
  const read = snapshot(folder.dir, folder.dir, false);
  return { arrangement: await readFiles(read, undefined), files: read.files };
}

/** Each line as `about sign says`, with `!` where nobody is asked about it later. */
async function said(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  grants: readonly Grant[] = [],
): Promise<readonly string[]> {
  const lines = await reachChanges(await side(before), await side(after), grants);
  return lines.map(
    ({ about, sign, says, standing }) => `${about} ${sign} ${says}${standing ? " !" : ""}`,
  );
}

const { "rules.yaml": RULES = "" } = SMALL;

const CASES: readonly (readonly [
  what: string,
  change: Readonly<Record<string, string>>,
  lines: readonly string[],
  grants?: readonly Grant[],
])[] = [
  ["nothing", {}, []],
  [
    "scopes said yes to beforehand",
    { "arrangement.yaml": "name: small\nallow: ['net:example.org:443']\n" },
    ["scope + tools of no skill may reach example.org:443, without asking !"],
  ],
  [
    "a skill that asks for more, whose grant is suspended",
    { "skills/notes/nanos.yaml": "scopes: ['read:./notes', 'secret:KEY']\n" },
    [
      "scope + notes asks to use the secret KEY, without seeing it",
      "scope - notes no longer asks to change files under ./notes",
      "grant ~ the grant for notes is suspended: it changes",
    ],
    [GRANT],
  ],
  ["a rule that goes", { "rules.yaml": "rules: []\n" }, ["rule - rule no-models (deny) goes !"]],
  [
    "a rule that is only observed",
    { "rules.yaml": RULES.replace("then: deny", "then: deny\n    mode: observe") },
    ["rule ~ rule no-models becomes deny, only observed !"],
  ],
  [
    "a model and a server that reach somewhere",
    {
      "arrangement.yaml":
        "name: small\nmodels: {m: {adapter: ollama, url: 'http://h:1', model: x}}\n",
      "mcp.json": '{"mcpServers": {"s": {"command": "npx", "args": ["-y", "x"]}}}',
    },
    [
      "scope + mcp.json asks to run the program npx",
      "model + model m (ollama, reaches http://h:1)",
      "server + server s starts npx -y x",
    ],
  ],
  [
    "a model that clients may have vectors of",
    {
      "arrangement.yaml":
        "name: small\nmodels: {m: {adapter: ollama, url: 'http://h:1', model: x, embeddings: true}}\n",
    },
    ["model + model m (ollama, reaches http://h:1, makes vectors for clients)"],
  ],
  [
    "code",
    { "skills/notes/tools/notes.ts": "export default 2;\n", "tools/x.ts": "export default 3;\n" },
    [
      "code ~ skills/notes/tools/notes.ts is code that runs in the sandbox",
      "code + tools/x.ts is code that runs in the sandbox",
    ],
  ],
  [
    "an agent that gets what a grant is given to",
    {
      "agents/b.md": "---\nname: b\ndescription: B.\nskills: [notes]\nagents: [oracle]\n---\nB.\n",
    },
    ["agent + agent b", "agent + b gets the skill notes !", "agent + b gets the agent oracle"],
    [GRANT],
  ],
  [
    "what holds an agent back",
    { "agents/oracle.md": oracle("skills: [notes]\nrank: A\n") },
    ['agent ~ oracle: rank nothing becomes "A"'],
  ],
  [
    "settings",
    { "arrangement.yaml": "name: small\nlimits: {depth: 3}\n" },
    ['setting ~ limits {} becomes {"depth":3}'],
  ],
];

for (const [what, change, lines, grants] of CASES) {
  test(`what changes of what may be done: ${what}`, async () => {
    expect(await said(BASE, { ...BASE, ...change }, grants)).toEqual([...lines]);
  });
}

test("what held an agent back and goes is said, where nobody is asked later", async () => {
  const before = { ...BASE, "agents/oracle.md": oracle("disallowedTools: [rm]\nscrub: on\n") };
  expect(await said(before, { ...BASE, "agents/oracle.md": oracle("") })).toEqual([
    "agent ~ oracle may use rm again !",
    'agent ~ oracle: scrub "on" becomes nothing !',
  ]);
});
