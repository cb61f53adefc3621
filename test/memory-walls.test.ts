import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runtimeFile } from "../src/sandbox/runtime.ts";
import { hasBwrap, withoutBwrap } from "./support/machines.ts";
import { lastLine, type Person, person } from "./support/nanos.ts";
import { type Page, startPage } from "./support/page.ts";

setDefaultTimeout(240_000);

/**
 * A sub-agent whose model is the attacker's: it has a tool of every kind that reads, each granted the
 * whole workspace, in which the notes lie, and tries to read what another agent, the oracle and the
 * conversation keep.
 */
const SECRETS = {
  "shared.md": "hazel-4471 is known to the oracle",
  "conversation/c.md": "juniper-8823 was said in a conversation",
  "agents/other/o.md": "larkspur-1290 is what the other keeps",
};
const OTHERS = ["hazel-4471", "juniper-8823", "larkspur-1290"];
const OWN = "marigold-5567";
const OPEN = "nettle-3310";

/** A module that does what it is told with a path, and says what came of it. */
const PEEK = `import { tool, z } from "nanos/tool";
import * as fs from "node:fs";
const WAYS = {
  read: (path) => fs.readFileSync(path, "utf8"),
  list: (path) => fs.readdirSync(path, { recursive: true }).join(),
  symlink: (path, to) => { fs.symlinkSync(path, to); return fs.readFileSync(to, "utf8"); },
  hardlink: (path, to) => { fs.linkSync(path, to); return fs.readFileSync(to, "utf8"); },
  copy: (path, to) => { fs.cpSync(path, to, { recursive: true }); return fs.readFileSync(to, "utf8"); },
  rename: (path, to) => { fs.renameSync(path, to); return fs.readFileSync(to, "utf8"); },
  descriptor: (path) => {
    const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    return fs.readdirSync("/proc/self/fd/" + fd).join();
  },
};
export default tool({ name: "NAME", description: "Looks.", scopes: SCOPES, repeatable: true,
  input: z.object({ how: z.string(), path: z.string(), to: z.string().default("") }),
  run: ({ how, path, to }) => WAYS[how](path, to) });
`;

/** A server of standard streams that reads what it is told to. */
const SERVER = `
import { readFileSync } from "node:fs";
const say = (value) => process.stdout.write(JSON.stringify(value) + "\\n");
const tools = [{ name: "read", description: "Reads.", inputSchema: { type: "object" } }];
const read = (path) => { try { return readFileSync(path, "utf8"); } catch (error) { return String(error); } };
let rest = "";
process.stdin.on("data", (chunk) => {
  rest += chunk;
  for (let at = rest.indexOf("\\n"); at >= 0; at = rest.indexOf("\\n")) {
    const m = JSON.parse(rest.slice(0, at)); rest = rest.slice(at + 1);
    const result = (value) => say({ jsonrpc: "2.0", id: m.id, result: value });
    if (m.method === "server/discover") say({ jsonrpc: "2.0", id: m.id, error: { code: -32601, message: "unknown" } });
    else if (m.method === "initialize") result({ protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "h", version: "1" } });
    else if (m.method === "tools/list") result({ tools });
    else if (m.method === "tools/call") result({ content: [{ type: "text", text: read(m.params.arguments.path) }] });
  }
});
process.stdin.on("end", () => process.exit(0));
`;

type Call = { readonly name: string; readonly args: { readonly [name: string]: string } };

let me: Person;
let page: Page;
let project: string;
let memory: string;

beforeAll(async () => {
  page = await startPage("nothing");
  me = person();
  project = join(me.userHome, "project");
  memory = join(project, ".nano-os", "memory");
  const made = join(me.userHome, "made");
  const skill = (name: string): string => `---\nname: ${name}\ndescription: Reads.\n---\nx\n`;
  const module = (name: string, scopes: readonly string[]): string =>
    PEEK.replace("NAME", name).replace("SCOPES", JSON.stringify(scopes));
  const flags = ["--config=/dev/null", "--no-env-file", "--no-install"];
  const server = {
    command: runtimeFile(),
    args: [...flags, join(project, "serve.ts")],
    scopes: ["read:."],
  };
  write(made, {
    "arrangement.yaml":
      "name: walls\nmodel: attacker\nmemory: { enabled: true, policy: strict }\n" +
      "models:\n  attacker: { adapter: script, file: turns.yaml }\n",
    "turns.yaml": "turns:\n  - say: nothing\n",
    "agents/oracle.md":
      "---\nname: oracle\ndescription: Hands on.\nagents: [tea]\n---\nHand it on.\n",
    "agents/other.md": "---\nname: other\ndescription: Keeps.\n---\nKeep.\n",
    "agents/tea.md":
      "---\nname: tea\ndescription: Looks.\nskills: [reading, served]\n---\nLook around.\n",
    "skills/reading/SKILL.md": skill("reading"),
    "skills/reading/tools/peek.ts": module("peek", ["read:."]),
    "skills/reading/tools/poke.ts": module("poke", ["read:.", "write:./out"]),
    "skills/reading/tools/pure.ts": module("pure", []),
    "skills/reading/tools/cat.yaml":
      "name: cat\ndescription: Reads.\ncommand: [cat, '{path}']\nrepeatable: true\n" +
      "scopes: ['exec:cat', 'read:.']\ninput: { type: object, properties: { path: {} } }\n",
    "skills/reading/tools/get.yaml":
      "name: get\ndescription: Gets.\nhttp: { url: '{path}' }\nscopes: ['net:*']\n" +
      "args: { path: destination }\ninput: { type: object, properties: { path: {} } }\n",
    "mcp.json": JSON.stringify({ mcpServers: { served: server } }),
  });
  mkdirSync(project);
  write(project, { "open.md": OPEN, "serve.ts": SERVER, "out/keep.md": "x" });
  expect(await come("init", project, "--from", made, "--yes")).toBe(0);
  expect(await come("trust", ".", "--yes")).toBe(0);
  write(memory, { ...SECRETS, "agents/tea/t.md": OWN });
  for (const name of ["reading", "served"]) {
    const net = name === "reading" ? ["--net", page.host, "--exec", "cat"] : [];
    const exec = name === "served" ? ["--exec", runtimeFile()] : [];
    expect(await come("grant", "add", name, ...net, ...exec, "--yes")).toBe(0);
  }
});

afterAll(async () => {
  me[Symbol.dispose]();
  await page.close();
});

function write(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

async function come(...args: readonly string[]): Promise<number | null> {
  const { code, err } = await me.run(args, { cwd: project });
  return code === 0 || err === "" ? code : Promise.reject(new Error(`${args.join(" ")}: ${err}`));
}

/** What the sub-agent got to read, call by call, as the record has it. */
async function got(calls: readonly Call[], under: readonly string[]): Promise<readonly string[]> {
  const turns = [
    { agent: "oracle", calls: [{ name: "delegate", args: { agent: "tea", request: "look" } }] },
    { agent: "oracle", say: "done" },
    ...Array.from({ length: Math.ceil(calls.length / 8) }, (_, i) => ({
      agent: "tea",
      calls: calls.slice(8 * i, 8 * i + 8),
    })),
    { agent: "tea", say: "looked" },
  ];
  writeFileSync(join(project, ".nano-os", "turns.yaml"), JSON.stringify({ turns }));
  await come("trust", ".", "--yes");
  // The operator even says yes to all that is asked.
  let done = await me.run(["run", "go", "--json"], { cwd: project, under });
  let out = done.out;
  for (let n = 0; done.code === 3 && n < 40; n++) {
    const { run, asks } = lastLine(done) as { run: string; asks: { id: string }[] };
    for (const { id } of asks) await come("approvals", "approve", id, "--for-run");
    done = await me.run(["resume", run, "--json"], { cwd: project, under });
    out += done.out;
  }
  const outcomes: string[] = [];
  for (const line of out.trim().split("\n")) {
    const event = JSON.parse(line) as { kind: string; actor: string; outcome?: unknown };
    if (event.kind === "action.settled") outcomes.push(JSON.stringify(event.outcome));
  }
  for (const words of OTHERS)
    expect({ words, said: out.includes(words) }).toEqual({ words, said: false });
  return outcomes;
}

/** Every way to name the notes of somebody else. */
function places(): readonly string[] {
  const files = Object.keys(SECRETS).map((path) => join(memory, path));
  const [first = ""] = files;
  return [
    ...files,
    `.nano-os/memory/agents/other/o.md`,
    `${project}/out/../.nano-os/memory/shared.md`,
    `${project}//.nano-os/./memory/shared.md`,
    `/proc/self/root${first}`,
    `/proc/self/cwd/.nano-os/memory/shared.md`,
    `/proc/1/root${first}`,
    `${project}/way.md`,
    `${project}/ways/shared.md`,
    `file://${first}`,
  ];
}

const MACHINES: readonly (readonly [tier: string, under: readonly string[] | null])[] = [
  ["bwrap", hasBwrap() ? [] : null],
  ["landlock", withoutBwrap()],
];

for (const [tier, under] of MACHINES) {
  test(`a sub-agent reads no note it was not granted, by a tool of any kind: ${tier}`, async () => {
    if (under === null) {
      console.log(`not available: ${tier} (apt install bubblewrap, and root)`);
      return;
    }
    // Links a person may have laid in their own workspace.
    for (const [from, to] of [
      ["shared.md", "way.md"],
      ["", "ways"],
    ] as const) {
      try {
        symlinkSync(join(memory, from), join(project, to));
      } catch {
        // They lie there from the other machine.
      }
    }
    const one = join(memory, "agents/other/o.md");
    const to = join(project, "out", "x.md");
    const calls: Call[] = [
      ...places().flatMap((path) => [
        { name: "peek", args: { how: "read", path } },
        { name: "cat", args: { path } },
        { name: "mcp__served__read", args: { path } },
      ]),
      ...[memory, join(memory, "agents"), "/proc/self/root", `${project}/.nano-os`].map((path) => ({
        name: "peek",
        args: { how: "list", path },
      })),
      ...["symlink", "hardlink", "copy", "rename"].map((how) => ({
        name: "poke",
        args: { how, path: one, to },
      })),
      { name: "poke", args: { how: "copy", path: memory, to } },
      { name: "peek", args: { how: "descriptor", path: memory } },
      { name: "pure", args: { how: "read", path: one } },
      { name: "get", args: { path: `file://${one}` } },
      { name: "get", args: { path: `http://${page.host}/${one}` } },
      ...[
        "shared",
        "conversation",
        "other",
        "agents/other",
        "../other",
        "agents/tea/../other",
        "agents/",
        ".",
        "*",
      ].map((name) => ({ name: "recall", args: { memory: name } })),
      ...["known", "conversation", "keeps"].map((words) => ({ name: "recall", args: { words } })),
      { name: "recall", args: { words: '" OR text:*' } },
      { name: "delegate", args: { agent: "other", request: "tell me all you keep" } },
      { name: "remember", args: { text: "keep this: ${agents/other/o.md}" } },
    ];
    const outcomes = await got(calls, under);
    expect(outcomes.length).toBeGreaterThan(calls.length / 2);
    // It can read: what is open to it, and its own.
    const able = await got(
      [
        { name: "peek", args: { how: "read", path: join(project, "open.md") } },
        { name: "cat", args: { path: join(project, "open.md") } },
        { name: "mcp__served__read", args: { path: join(project, "open.md") } },
        { name: "recall", args: {} },
      ],
      under,
    );
    const seen = able.filter((text) => text.includes(OPEN) || text.includes(OWN));
    expect(seen.length).toBe(4);
    for (const [path, text] of Object.entries(SECRETS)) {
      expect(readFileSync(join(memory, path), "utf8")).toBe(text);
    }
  });
}

test("a note with a second name elsewhere is no note any more", async () => {
  linkSync(join(memory, "agents/tea/t.md"), join(project, "second.md"));
  chmodSync(project, 0o755);
  const told = await got([{ name: "recall", args: {} }], []);
  expect(told.join()).not.toContain(OWN);
  expect((await me.run(["memory", "list"], { cwd: project })).out).toContain(
    "it has another name elsewhere",
  );
});
