import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import type { Arrangement } from "../../contracts/arrangement.ts";
import { LIMITS } from "../../std/limits.ts";
import { refusal, SMALL, testFolder, under } from "../testing/folder.ts";
import { openCache } from "./cache.ts";
import { type ArrangementChecks, loadArrangement } from "./load.ts";

const md = (front: string, body = "Text."): string => `---\n${front}\n---\n${body}\n`;

test("an arrangement is loaded whole", async () => {
  using folder = testFolder({
    ...SMALL,
    "tools/today.ts": "export default 1;\n",
    "tools/today.test.ts": "",
    "tools/list.yaml": "name: list\ndescription: Lists.\ncommand: [ls, '{path}']\n",
    "mcp.json": '{\n\t"mcpServers": {\n\t\t"files": {"command": "npx", "args": ["-y"]}\n\t}\n}\n',
    "models/recorded.yaml": "whatever\n",
  });
  const loaded = await loadArrangement(folder.dir, "/work");
  expect({ ...loaded, hash: loaded.hash.length, agents: [...loaded.agents], skills: [] }).toEqual({
    manifest: {
      name: "small",
      description: "A small one.",
      oracle: "oracle",
      models: {},
      limits: {},
      allow: [],
    },
    dir: folder.dir,
    workspace: "/work",
    hash: 64,
    agents: [
      [
        "oracle",
        {
          manifest: {
            name: "oracle",
            description: "Answers.",
            model: "inherit",
            skills: ["notes"],
            agents: [],
            memory: [],
            limits: {},
            kind: "prompt",
          },
          prompt: "You answer.",
          file: join(folder.dir, "agents/oracle.md"),
        },
      ],
    ],
    skills: [],
    toolFiles: [join(folder.dir, "tools/list.yaml"), join(folder.dir, "tools/today.ts")],
    mcpServers: { files: { command: "npx", args: ["-y"] } },
    models: {},
    plans: {},
    rules: [
      {
        id: "no-models",
        when: { kind: "model" },
        then: "deny",
        mode: "enforce",
        example: { kind: "model", name: "", agent: "oracle", scopes: [], args: {} },
        counter: { kind: "tool", name: "", agent: "oracle", scopes: [], args: {} },
      },
    ],
    routes: [{ id: "hi", match: "^hi$", say: "Hello", example: "hi", counter: "bye" }],
    warnings: [],
  });
  const skill = loaded.skills.get("notes");
  const { "tools/notes.ts": file = "", ...others } = skill?.files ?? {};
  expect({ file: file.length, others }).toEqual({ file: 64, others: {} });
  expect({ ...skill, hash: skill?.hash.length, files: {} }).toEqual({
    head: { name: "notes", description: "Keeps notes." },
    manifest: { scopes: ["read:./notes", "write:./notes"] },
    instructions: "Keep them short.",
    dir: join(folder.dir, "skills/notes"),
    hash: 64,
    toolFiles: [join(folder.dir, "skills/notes/tools/notes.ts")],
    mcpFile: null,
    files: {},
    scripts: {},
  });
});

describe("files of other programs load as they are", () => {
  async function load(files: Record<string, string>): Promise<Arrangement> {
    using folder = testFolder({ ...SMALL, ...files });
    return await loadArrangement(folder.dir, folder.dir);
  }

  test("an agent with stray colons, comma lists and foreign keys", async () => {
    const text = md(
      'name: reviewer\ndescription: Use it when: code changed. <example>user: "look"</example>\n' +
        "tools: Read, Grep, mcp__files__*\nmodel: sonnet\ncolor: red\nmaxTurns: 7\nhooks: {a: 1}",
      "You review.",
    );
    const { agents, warnings } = await load({ "agents/reviewer.md": text });
    expect(agents.get("reviewer")?.manifest).toEqual({
      name: "reviewer",
      description: 'Use it when: code changed. <example>user: "look"</example>',
      model: "sonnet",
      skills: [],
      tools: ["Read", "Grep", "mcp__files__*"],
      only: ["Read", "Grep", "mcp__files__*"],
      agents: [],
      memory: [],
      limits: { turns: 7 },
      kind: "prompt",
    });
    expect(warnings).toEqual([]);
  });

  for (const mode of ["bypassPermissions", "auto"]) {
    test(`permissionMode ${mode} has no effect and says so`, async () => {
      const front = `name: bold\ndescription: Bold.\npermissionMode: ${mode}`;
      const { agents, warnings } = await load({ "agents/bold.md": md(front) });
      expect(agents.get("bold")?.manifest).not.toHaveProperty("permissionMode");
      expect(warnings).toEqual([
        `agents/bold.md: permissionMode '${mode}' has no effect; the gate asks as always`,
      ]);
    });
  }

  test("a plain skill, also with vendor keys, CRLF and a byte order mark", async () => {
    const text = `\uFEFF${md(
      "name: plain\ndescription: Plain.\nlicense: MIT\nmetadata: {a: {b: 1}}\nuser-invocable: true\nallowed-tools: Read Bash(git:*)",
    ).replaceAll("\n", "\r\n")}`;
    const { skills } = await load({ "skills/plain/SKILL.md": text });
    const skill = skills.get("plain");
    expect(skill?.manifest).toEqual({ scopes: [] });
    expect(skill?.instructions).toBe("Text.");
    expect(skill?.head["user-invocable"]).toBe(true);
  });

  test("a skill without a name has its folder's", async () => {
    const { skills } = await load({ "skills/bare/SKILL.md": md("description: Bare.") });
    expect([...skills.keys()]).toEqual(["bare", "notes"]);
  });
});

describe("what is not wrong but worth saying", () => {
  const CASES: readonly (readonly [string, Record<string, string>, string])[] = [
    [
      "a skill that is not there",
      { "agents/a.md": md("name: a\ndescription: A.\nskills: note") },
      "agents/a.md:4: there is no skill 'note'; did you mean 'notes'?",
    ],
    [
      "an agent that is not there",
      { "agents/a.md": md("name: a\ndescription: A.\nagents: oracel") },
      "agents/a.md:4: there is no agent 'oracel'; did you mean 'oracle'?",
    ],
    [
      "no oracle",
      { "arrangement.yaml": "name: small\noracle: nobody\n" },
      "arrangement.yaml:2: there is no agent 'nobody'",
    ],
    [
      "a skill of another name than its folder",
      { "skills/x/SKILL.md": md("name: y\ndescription: Y.") },
      "skills/x/SKILL.md:2: the name 'y' is not its folder's name",
    ],
    [
      "a tool in a language that is not loaded",
      { "tools/a.js": "" },
      "tools/a.js: not loaded; a tool file ends in .ts or .yaml",
    ],
    ["a folder misspelt", { "agent/a.md": "" }, "agent: nothing reads this; did you mean agents?"],
  ];
  for (const [what, files, expected] of CASES) {
    test(what, async () => {
      using folder = testFolder({ ...SMALL, ...files });
      expect((await loadArrangement(folder.dir, folder.dir)).warnings).toContain(expected);
    });
  }
});

test("the gate's checks speak at the line of their rule", async () => {
  using folder = testFolder(SMALL);
  const checks: ArrangementChecks = {
    rules: (rules, file) =>
      rules.map(({ id }) => ({ id, sentence: `Rule ${id} in ${file} is off.` })),
    routes: (routes, file) =>
      routes.map(({ id }) => ({ id, sentence: `Route ${id} in ${file} is off.` })),
  };
  const { message, next } = await refusal(() =>
    loadArrangement(folder.dir, folder.dir, { checks }),
  );
  expect(message.split("\n")).toEqual([
    "routes.yaml:2: Route hi in routes.yaml is off.",
    "rules.yaml:2: Rule no-models in rules.yaml is off.",
  ]);
  expect(next).toBe(`Open ${folder.dir}/routes.yaml at line 2, column 9.`);
});

test("limits on agents, rules and files are refusals", async () => {
  const many = (count: number, make: (i: number) => [string, string]): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => make(i)));
  const agents = many(LIMITS.arrangementItems, (i) => [
    `agents/a${i}.md`,
    md(`name: a${i}\ndescription: A.`),
  ]);
  using crowded = testFolder({ ...SMALL, ...agents });
  expect((await refusal(() => loadArrangement(crowded.dir, crowded.dir))).message).toBe(
    "agents:1: holds 501 agents; one arrangement has at most 500",
  );
  const one = (SMALL["rules.yaml"] ?? "").slice("rules:\n".length);
  const rules = Array.from({ length: LIMITS.rules + 1 }, (_, i) =>
    one.replace("no-models", `r${i}`),
  );
  using ruled = testFolder({ ...SMALL, "rules.yaml": `rules:\n${rules.join("")}` });
  expect((await refusal(() => loadArrangement(ruled.dir, ruled.dir))).message).toBe(
    "rules.yaml:1: holds 1001 rules; at most 1000 may be",
  );
  using full = testFolder({
    ...SMALL,
    ...many(LIMITS.treeFiles, (i) => [`skills/notes/f${i}`, ""]),
  });
  expect(await refusal(() => loadArrangement(full.dir, full.dir))).toMatchObject({
    code: "home.too_large",
    message: `${full.dir} holds more than 2000 files.`,
  });
  using deep = testFolder({ ...SMALL, [`skills/${"d/".repeat(LIMITS.treeDepth)}f`]: "" });
  expect((await refusal(() => loadArrangement(deep.dir, deep.dir))).message).toBe(
    `${deep.dir} is nested deeper than 12.`,
  );
});

test("links, devices and names that deceive are refused, not followed", async () => {
  using folder = testFolder(SMALL);
  fs.symlinkSync("/etc/passwd", join(folder.dir, "agents/passwd.md"));
  fs.symlinkSync("/etc", join(folder.dir, "skills/etc"));
  execFileSync("mkfifo", [join(folder.dir, "skills/notes/pipe")]);
  fs.writeFileSync(join(folder.dir, "agents/\u001b[2Jx.md"), "");
  const { message } = await refusal(() => loadArrangement(folder.dir, folder.dir));
  expect(message.split("\n")).toEqual([
    "agents/passwd.md:1: is a symbolic link; an arrangement holds regular files only",
    "agents/x.md:1: has control characters in its name; an arrangement holds regular files only",
    "skills/etc:1: is a symbolic link; an arrangement holds regular files only",
    "skills/notes/pipe:1: is not a regular file; an arrangement holds regular files only",
  ]);
});

test("machine state, notes and versions beside an arrangement are no part of it", async () => {
  using folder = testFolder(SMALL);
  const before = (await loadArrangement(folder.dir, folder.dir)).hash;
  folder.write({
    "machine/trust.json": "x",
    "workspace/a": "x",
    "memory/a.md": "x",
    "node_modules/a/b.js": "x",
    ".git/config": "x",
  });
  expect((await loadArrangement(folder.dir, folder.dir)).hash).toBe(before);
  folder.write({ "skills/notes/extra.md": "x" });
  expect((await loadArrangement(folder.dir, folder.dir)).hash).not.toBe(before);
});

test("a project's other files join, and never replace ours", async () => {
  using folder = testFolder({
    ...under(".nano-os", { ...SMALL, "mcp.json": '{"mcpServers": {"a": {"command": "ours"}}}' }),
    "AGENTS.md": "Be brief.\n",
    ".mcp.json": JSON.stringify({
      mcpServers: { a: { command: "theirs" }, b: { command: "b", alwaysAllow: ["x"] }, c: {} },
    }),
    ".claude/agents/oracle.md": md("name: oracle\ndescription: Theirs."),
    ".claude/agents/helper.md": md("name: helper\ndescription: Helps.\nskills:\nspecial: 1"),
    ".claude/agents/broken.md": "no front matter",
    ".claude/skills/mine/SKILL.md": md("name: mine\ndescription: Mine."),
    ".claude/skills/mine/tools/x.ts": "not ours",
    ".agents/skills/notes/SKILL.md": md("name: notes\ndescription: Theirs."),
    ".agents/skills/empty/README.md": "",
  });
  const dir = join(folder.dir, ".nano-os");
  const loaded = await loadArrangement(dir, folder.dir, { project: true });
  expect(loaded.instructions).toBe("Be brief.\n");
  expect(loaded.mcpServers).toEqual({ a: { command: "ours" }, b: { command: "b" } });
  expect([...loaded.agents.values()].map((agent) => agent.manifest.description)).toEqual([
    "Answers.",
    "Helps.",
  ]);
  expect(
    [...loaded.skills.values()].map((skill) => [skill.head.description, skill.toolFiles.length]),
  ).toEqual([
    ["Keeps notes.", 1],
    ["Mine.", 0],
  ]);
  expect(loaded.warnings).toEqual([
    "../.claude/agents/broken.md:1: left out: has no front matter; its first line must be `---`",
    "../.claude/agents/oracle.md: left out: an agent named 'oracle' is already in agents/oracle.md",
    "../.agents/skills/notes/SKILL.md: left out: a skill named 'notes' is already in skills/notes",
    "../.mcp.json:1: server 'a' is left out; mcp.json has one of that name",
    "../.mcp.json:1: server 'c' needs a command or a url",
  ]);
});

test("links beside a project are passed over and said", async () => {
  using folder = testFolder({
    ...under(".nano-os", SMALL),
    "elsewhere/evil.md": md("name: evil\ndescription: E."),
  });
  fs.mkdirSync(join(folder.dir, ".claude"));
  fs.symlinkSync("../elsewhere", join(folder.dir, ".claude/agents"));
  fs.symlinkSync("/etc/passwd", join(folder.dir, "AGENTS.md"));
  const loaded = await loadArrangement(join(folder.dir, ".nano-os"), folder.dir, { project: true });
  expect([...loaded.agents.keys()]).toEqual(["oracle"]);
  expect(loaded.instructions).toBeUndefined();
  expect(loaded.warnings).toEqual([
    "../AGENTS.md: left out, it is a symbolic link",
    "../.claude/agents: left out, it is a symbolic link",
  ]);
});

test("only the trusted content is parsed", async () => {
  using folder = testFolder(under(".nano-os", { ...SMALL, "rules.yaml": "broken: [" }));
  const dir = join(folder.dir, ".nano-os");
  const options = { project: true, trusted: "0".repeat(64) };
  expect((await refusal(() => loadArrangement(dir, folder.dir, options))).code).toBe(
    "trust.changed",
  );
});

describe("the cache", () => {
  test("gives the same as parsing, and any change goes around it", async () => {
    using folder = testFolder(under("a", SMALL));
    const dir = join(folder.dir, "a");
    const cache = openCache(join(folder.dir, "cache"));
    const load = (): Promise<Arrangement> => loadArrangement(dir, folder.dir, { cache });
    const cold = await load();
    expect(fs.readdirSync(join(folder.dir, "cache")).length).toBe(1);
    expect(await load()).toEqual(cold);
    folder.write({ "a/agents/oracle.md": md("name: oracle\ndescription: Changed.") });
    expect((await load()).agents.get("oracle")?.manifest.description).toBe("Changed.");
  });

  test("a broken arrangement is never kept", async () => {
    using folder = testFolder(under("a", { ...SMALL, "rules.yaml": "x: 1" }));
    const cache = openCache(join(folder.dir, "cache"));
    const load = (): Promise<Arrangement> =>
      loadArrangement(join(folder.dir, "a"), folder.dir, { cache });
    for (const _ of [1, 2]) expect((await refusal(load)).code).toBe("manifest.invalid");
  });

  test("damage is no cache, and only the newest few are kept", async () => {
    using folder = testFolder();
    const dir = join(folder.dir, "cache");
    const cache = openCache(dir);
    const get = (key: string, value: number): Promise<number> =>
      cache.through("n", key, async () => value);
    expect(await get("a", 1)).toBe(1);
    expect(await get("a", 2)).toBe(1);
    const [name = ""] = fs.readdirSync(dir);
    for (const text of ["", "{", '{"id":"other","value":9}']) {
      fs.writeFileSync(join(dir, name), text);
      expect(await get("a", 3)).toBe(3);
    }
    for (let i = 0; i < 20; i++) await get(`k${i}`, i);
    expect(fs.readdirSync(dir).length).toBe(LIMITS.cachedParses);
  });

  test("one that cannot be written changes nothing", async () => {
    using folder = testFolder({ cache: "a file" });
    const cache = openCache(join(folder.dir, "cache"));
    expect(await cache.through("n", "k", async () => 5)).toBe(5);
  });
});

test("how deep delegation goes is a number, or where it is remarked on and where it ends", async () => {
  for (const [written, depth] of [
    ["2", 2],
    ["{warn: 1, cap: 3}", { warn: 1, cap: 3 }],
  ] as const) {
    using folder = testFolder({
      ...SMALL,
      "arrangement.yaml": `name: small\nlimits: {depth: ${written}}\n`,
    });
    const { manifest } = await loadArrangement(folder.dir, "/work");
    expect(manifest.limits.depth).toEqual(depth);
  }
});
