import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { fakeClock, systemClock } from "../std/clock.ts";
import { openTrust } from "./config.ts";
import { LIMITS } from "../std/limits.ts";
import { refusal, SMALL, testFolder, type TestFolder, under } from "./testing/folder.ts";
import { openTrustBook, type Trust } from "./trust.ts";
import { scopeInWords } from "./trust-words.ts";

function book(folder: TestFolder): Trust {
  const clock = { ...fakeClock(), sleep: (ms: number) => systemClock.sleep(ms) };
  return openTrustBook(openTrust(join(folder.dir, "trust.json"), clock), clock);
}

const PROJECT: Readonly<Record<string, string>> = {
  ...under("p/.nano-os", {
    ...SMALL,
    "arrangement.yaml":
      "name: p\nmodels: {far: {adapter: openai, url: 'https://models.example/v1'}}\nallow: ['read:~/x']\n",
    "agents/coder.md":
      '---\nname: coder\ndescription: C.\nkind: process\ncommand: [coder, --print, "{request}"]\nscopes: ["write:./src"]\n---\n',
    "tools/list.yaml": "name: list\ndescription: L.\ncommand: [ls, -l]\nscopes: ['exec:ls']\n",
    "tools/ask.yaml":
      "name: ask\ndescription: A.\nhttp: {url: 'https://api.example'}\nscopes: ['net:*']\n",
    "mcp.json": '{"mcpServers": {"files": {"command": "npx", "args": ["-y", "x"]}}}',
    "models/said.yaml": "x",
    "skills/notes/data.csv": "x",
    "memory/note.md": "not listed",
  }),
  "p/AGENTS.md": "Be brief.\n",
  "p/.mcp.json": '{"mcpServers": {"far": {"url": "https://mcp.example"}}}',
  "p/.claude/agents/a.md": "x",
  "p/.claude/settings.json": "never read",
  "p/src/code.ts": "never read",
};

test("the view names every file that would run or be read, and what it would do", async () => {
  using folder = testFolder(PROJECT);
  const view = await book(folder).view(join(folder.dir, "p"));
  expect({ ...view, hash: view.hash.length }).toEqual({
    dir: join(folder.dir, "p/.nano-os"),
    hash: 64,
    changed: false,
    files: [
      ["agents/coder.md", "an agent that starts coder --print {request}"],
      ["agents/oracle.md", "text for a model"],
      ["arrangement.yaml", "settings; sends requests to the model at https://models.example/v1"],
      ["mcp.json", "MCP servers: files starts npx -y x"],
      ["models/said.yaml", "recorded model answers"],
      ["routes.yaml", "routes"],
      ["rules.yaml", "rules"],
      ["skills/notes/SKILL.md", "text for a model"],
      ["skills/notes/data.csv", "data"],
      ["skills/notes/nanos.yaml", "what a skill asks for"],
      ["skills/notes/tools/notes.ts", "code that runs"],
      ["tools/ask.yaml", "sends requests to https://api.example"],
      ["tools/list.yaml", "starts ls -l"],
      ["../AGENTS.md", "text for a model"],
      ["../.mcp.json", "MCP servers: far connects to https://mcp.example"],
      ["../.claude/agents/a.md", "text for a model"],
    ].map(([path, what]) => ({ path: path ?? "", what: what ?? "", state: "new" as const })),
    scopes: [
      "change files under ./notes",
      "change files under ./src",
      "reach any public host, asking each time",
      "read files under ./notes",
      "read files under ~/x",
      "run the program ls",
    ],
  });
});

test("a yes holds for exactly what was seen, and a change shows what differs", async () => {
  using folder = testFolder(PROJECT);
  const trust = book(folder);
  const dir = join(folder.dir, "p/.nano-os");
  expect(await trust.trustedHash(dir)).toBeNull();
  const view = await trust.view(dir);
  await trust.give(view);
  expect(await trust.trustedHash(dir)).toBe(view.hash);
  expect(new Set((await trust.view(dir)).files.map((file) => file.state))).toEqual(
    new Set(["same"]),
  );

  folder.write({ "p/.nano-os/agents/oracle.md": "other", "p/.agents/skills/x/SKILL.md": "new" });
  fs.rmSync(join(folder.dir, "p/AGENTS.md"));
  const after = await trust.view(dir);
  expect(after.changed).toBe(true);
  expect(after.hash).not.toBe(view.hash);
  expect(
    after.files.filter((file) => file.state !== "same").map((file) => [file.path, file.state]),
  ).toEqual([
    ["agents/oracle.md", "changed"],
    ["../.agents/skills/x/SKILL.md", "new"],
    ["../AGENTS.md", "removed"],
  ]);
  await trust.give(after);
  expect((await trust.view(dir)).changed).toBe(false);
});

test("a file that changes while the view is looked at is not trusted", async () => {
  using folder = testFolder(PROJECT);
  const trust = book(folder);
  const view = await trust.view(join(folder.dir, "p"));
  folder.write({ "p/.nano-os/skills/notes/tools/notes.ts": "export default evil;" });
  expect(await refusal(() => trust.give(view))).toEqual({
    code: "trust.changed",
    message: `The files of ${view.dir} changed while you looked at them; nothing was trusted.`,
    next: `Look again: nanos trust ${join(folder.dir, "p")}`,
  });
  expect(await trust.trustedHash(view.dir)).toBeNull();
});

test("every byte counts: any change of any listed file is another hash", async () => {
  using folder = testFolder(PROJECT);
  const trust = book(folder);
  const { hash, files } = await trust.view(join(folder.dir, "p"));
  for (const { path } of files) {
    const file = join(folder.dir, "p/.nano-os", path);
    const before = fs.readFileSync(file);
    fs.writeFileSync(file, Buffer.concat([before, Buffer.from(" ")]));
    expect((await trust.view(join(folder.dir, "p"))).hash).not.toBe(hash);
    fs.writeFileSync(file, before);
  }
  folder.write({ "p/.nano-os/memory/other.md": "notes come and go", "p/src/code.ts": "changed" });
  expect((await trust.view(join(folder.dir, "p"))).hash).toBe(hash);
});

test("the oldest yes goes when there are too many", async () => {
  using folder = testFolder(PROJECT);
  const entry = (i: number) => ({ dir: `/p${i}`, hash: "h", at: i, files: {} });
  const trusted = Array.from({ length: LIMITS.trustedFolders }, (_, i) => entry(i));
  folder.write({ "trust.json": JSON.stringify({ v: 1, trusted }) });
  const trust = book(folder);
  await trust.give(await trust.view(join(folder.dir, "p")));
  expect(await trust.trustedHash("/p0")).toBeNull();
  expect(await trust.trustedHash("/p1")).toBe("h");
});

describe("a hostile project", () => {
  test("with a link in it cannot be trusted", async () => {
    using folder = testFolder(PROJECT);
    fs.symlinkSync("/etc/passwd", join(folder.dir, "p/.nano-os/agents/x.md"));
    const { code, message } = await refusal(() => book(folder).view(join(folder.dir, "p")));
    expect({ code, message }).toEqual({
      code: "trust.unsafe_file",
      message: `${join(folder.dir, "p/.nano-os")}/agents/x.md is a symbolic link; what it leads to cannot be shown or checked.`,
    });
  });

  test("cannot make the view fail or lie with what is in its files", async () => {
    using folder = testFolder({
      ...PROJECT,
      "p/.nano-os/mcp.json":
        '{"mcpServers": {"a\\u001b[2J": {"command": "x\\u202e", "args": [1, {}]}, "b": 1}}',
      "p/.nano-os/arrangement.yaml": "models: [",
      "p/.nano-os/tools/list.yaml":
        "a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n",
      "p/.nano-os/skills/notes/nanos.yaml":
        "__proto__: {scopes: ['read:/']}\nscopes: [5, 'nonsense', 'net:h\u001b[2J']\n",
      "p/.mcp.json": "[]",
    });
    const view = await book(folder).view(join(folder.dir, "p"));
    const what = new Map(view.files.map((file) => [file.path, file.what]));
    expect(what.get("mcp.json")).toBe("MCP servers: a starts x; b");
    expect(what.get("../.mcp.json")).toBe("MCP servers: cannot be read");
    expect(what.get("arrangement.yaml")).toBe("settings");
    expect(what.get("tools/list.yaml")).toBe("a tool that cannot be read");
    expect(view.scopes).toContain("reach h");
  });
});

test("scopes in plain words", () => {
  const said = [
    "read:./n",
    "write:/a",
    "net:*",
    "net:h:1",
    "exec:git",
    "env:A",
    "secret:S",
    "model:m",
    "agent:a",
    "memory:x",
    "odd:y",
  ].map(scopeInWords);
  expect(said).toEqual([
    "read files under ./n",
    "change files under /a",
    "reach any public host, asking each time",
    "reach h:1",
    "run the program git",
    "see the environment variable A",
    "use the secret S, without seeing it",
    "call the model m",
    "hand work to the agent a",
    "read the memory x",
    "odd:y",
  ]);
});
