import { expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withoutAnyTier } from "./support/machines.ts";
import { lastLine, type Person, person, type Result } from "./support/nanos.ts";

setDefaultTimeout(120_000);

async function withShout(me: Person): Promise<void> {
  await me.nanos("init", "--from", "toy");
  mkdirSync(join(me.userHome, ".nano-os", "tools"), { recursive: true });
  const spec = { name: "shout", description: "Shouts.", command: ["/bin/echo", "HELLO"] };
  writeFileSync(join(me.userHome, ".nano-os", "tools", "shout.yaml"), JSON.stringify(spec));
}

const markFor = (workspace: string): string =>
  `v: 1\nunconfined:\n  - tool: shout\n    workspace: ${workspace}\n`;

const machine = withoutAnyTier();
if (machine === null) {
  console.log("not available: a machine without any sandbox (root, and bubblewrap to make one of)");
} else {
  const under = { under: machine.argv };

  test("where nothing can hold a program it is refused, unless the operator marked it", async () => {
    using me = person();
    await withShout(me);
    const config = join(me.userHome, ".nano-os", "machine", "config.yaml");

    const refused = await me.run(["tool", "call", "shout"], under);
    expect({ code: refused.code, out: refused.out }).toEqual({ code: 4, out: "" });
    // A mark for another workspace is none here.
    writeFileSync(config, markFor("/somewhere/else"));
    expect((await me.run(["tool", "call", "shout"], under)).code).toBe(4);

    writeFileSync(config, markFor(me.userHome));
    expect((await me.run(["tool", "list"], under)).out).toMatch(/shout +shout +UNCONFINED/u);
    const shown = (await me.run(["tool", "show", "shout"], under)).out;
    expect(shown).toMatch(/held by +nothing/u);
    expect(shown).toMatch(/rank +A/u);
    expect((await me.run(["doctor"], under)).out).toContain("shout runs held by no sandbox");

    const waits = await me.run(["tool", "call", "shout"], under);
    expect(waits.code).toBe(3);
    const [ask] = JSON.parse((await me.nanos("approvals", "list", "--json")).out) as {
      id: string;
      run: string;
      what: string;
    }[];
    expect(ask?.what).toContain("held by no sandbox");
    await me.nanos("approvals", "approve", ask?.id ?? "");
    const run = ask?.run ?? "";
    const resumed = await me.run(["resume", run, "--json"], under);
    expect(lastLine(resumed)).toMatchObject({ outcome: "succeeded", unconfined: ["shout"] });

    const trace = (await me.nanos("trace", "show", run)).out;
    expect(trace).toMatch(/shout.*allow A +none/u);
    expect(trace).toContain("ran held by no sandbox: it is marked unconfined");
    expect(trace).toContain("shout unconfined");
    expect((await me.nanos("why", `${run}.1`)).out).toMatch(/network +open/u);
    expect((await me.nanos("trace", "replay", run)).out).toContain("same");
  });
}

/** One of each kind of process a tool can be, by the name its grant is given to. */
const KINDS: readonly { name: string; tool: string; args: string; says: string }[] = [
  { name: "peek", tool: "peek", args: "{}", says: "true" },
  { name: "shout", tool: "shout", args: "{}", says: "HELLO" },
  { name: "served", tool: "mcp__served__name", args: "{}", says: "served me" },
];

const PEEK = `import { existsSync } from "node:fs";
import { tool, z } from "nanos/tool";
export default tool({ name: "peek", description: "Peeks.", scopes: ["read:/etc"],
  input: z.object({}), run: () => existsSync("/etc/hosts") });`;

const SERVED = `const { createInterface } = require("node:readline");
const tools = [{ name: "name", description: "Says who.", inputSchema: { type: "object" } }];
const answers = {
  initialize: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } },
  "tools/list": { tools },
  "tools/call": { content: [{ type: "text", text: "served me" }] },
};
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line);
  if (id === undefined) return;
  const result = answers[method];
  const error = { code: -32601, message: "no" };
  console.log(JSON.stringify({ jsonrpc: "2.0", id, ...(result ? { result } : { error }) }));
});`;

async function withEach(me: Person): Promise<void> {
  await withShout(me);
  const dir = join(me.userHome, ".nano-os");
  writeFileSync(join(dir, "tools", "peek.ts"), PEEK);
  writeFileSync(join(dir, "served.js"), SERVED);
  const served = { command: process.execPath, args: [join(dir, "served.js")] };
  writeFileSync(join(dir, "mcp.json"), JSON.stringify({ mcpServers: { served } }));
}

if (machine !== null) {
  const under = { under: machine.argv };

  for (const { name, tool, args, says } of KINDS) {
    test(`${name} is marked by a grant, asks each time, and is refused once it changed`, async () => {
      using me = person();
      await withEach(me);
      const call = (): Promise<Result> => me.run(["tool", "call", tool, args], under);
      expect((await call()).code).not.toBe(3);

      const given = await me.run(["grant", "add", name, "--unconfined"], under);
      expect({ code: given.code, err: given.err }).toEqual({ code: 0, err: "" });
      expect(given.out).toContain("it has all your rights and each use asks");
      expect((await me.run(["grant", "list"], under)).out).toMatch(
        new RegExp(`${name} .*UNCONFINED`, "u"),
      );
      expect((await me.run(["tool", "list"], under)).out).toContain("UNCONFINED");
      expect((await me.run(["tool", "show", tool], under)).out).toMatch(/held by +nothing/u);
      expect((await me.run(["doctor"], under)).out).toContain(`${tool} runs held by no sandbox`);

      for (const _ of [1, 2]) expect((await call()).code).toBe(3);
      const asks = JSON.parse((await me.nanos("approvals", "list", "--json")).out) as {
        id: string;
        run: string;
        what: string;
      }[];
      expect(asks).toHaveLength(2);
      expect(asks[0]?.what).toContain("held by no sandbox");
      await me.nanos("approvals", "approve", asks[0]?.id ?? "");
      const resumed = await me.run(["resume", asks[0]?.run ?? "", "--json"], under);
      expect(lastLine(resumed)).toMatchObject({ outcome: "succeeded", unconfined: [tool] });
      const trace = (await me.nanos("trace", "show", asks[0]?.run ?? "", "--json")).out;
      expect(trace).toContain(says);
      expect(JSON.parse(trace)).toMatchObject({
        steps: expect.arrayContaining([expect.objectContaining({ isolation: "none" })]),
      });

      // Other code is nothing anybody said yes to, and is not even started to be listed.
      const mcp = join(me.userHome, ".nano-os", "mcp.json");
      appendFileSync(join(me.userHome, ".nano-os", "tools", "peek.ts"), "\n// more\n");
      writeFileSync(mcp, readFileSync(mcp, "utf8").replace('.js"]', '.js","more"]'));
      expect((await me.run(["tool", "list"], under)).out).not.toContain("UNCONFINED");
      expect([0, 3]).not.toContain((await call()).code ?? -1);
    });
  }

  test("a mark that is taken back is none", async () => {
    using me = person();
    await withEach(me);
    await me.run(["grant", "add", "peek", "--unconfined"], under);
    await me.run(["grant", "revoke", "peek"], under);
    expect((await me.run(["tool", "list"], under)).out).not.toContain("UNCONFINED");

    const words = join(me.userHome, ".nano-os", "skills", "words");
    mkdirSync(words, { recursive: true });
    const head = "---\nname: words\ndescription: Only words.\n---\nBe kind.\n";
    writeFileSync(join(words, "SKILL.md"), head);
    const nothing = await me.run(["grant", "add", "words", "--unconfined", "--json"], under);
    expect(nothing.code).not.toBe(0);
    expect(`${nothing.out}${nothing.err}`).toContain("grant.nothing_to_mark");
    machine.drop();
  });
}

test("a later yes keeps the mark of what did not change", async () => {
  using me = person();
  await withEach(me);
  await me.nanos("grant", "add", "shout", "--unconfined");
  await me.nanos("grant", "add", "shout", "--net", "127.0.0.1:4321");
  expect((await me.nanos("grant", "list")).out).toMatch(/UNCONFINED net:127/u);
});

test("a mark takes nothing away where a sandbox holds the program", async () => {
  using me = person();
  await withShout(me);
  writeFileSync(join(me.userHome, ".nano-os", "machine", "config.yaml"), markFor(me.userHome));
  expect((await me.nanos("tool", "list")).out).not.toContain("UNCONFINED");
});

test("an arrangement cannot mark its own tools", async () => {
  using me = person();
  await withShout(me);
  appendFileSync(join(me.userHome, ".nano-os", "arrangement.yaml"), "\nunconfined: [shout]\n");
  const refused = await me.nanos("tool", "list");
  expect({ code: refused.code, says: refused.err.includes("unconfined") }).toEqual({
    code: 2,
    says: true,
  });
});
