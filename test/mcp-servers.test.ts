import { expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { ScriptInput } from "../src/contracts/script.ts";
import { TIERS } from "../src/sandbox/testing/tiers.ts";
import { addOracle, useScript } from "./support/hand.ts";
import { lastLine, type Person, person, type Result } from "./support/nanos.ts";

setDefaultTimeout(240_000);

/**
 * The reference servers of the Model Context Protocol as npm has them, not a byte changed: each does
 * its work within the scopes its `mcp.json` declares, and nothing outside them.
 */

const SERVERS = process.env["NANOS_TEST_SERVERS"];
const NODE = process.env["NANOS_TEST_NODE"];

/** A person's machine where the servers are installed beside their notes. */
async function machine(servers: Readonly<Record<string, Server>>): Promise<Person> {
  const me = person();
  await me.nanos("init", "--from", "toy");
  cpSync(join(SERVERS ?? "", "node_modules"), join(me.userHome, "servers", "node_modules"), {
    recursive: true,
  });
  mkdirSync(join(me.userHome, "notes"));
  writeFileSync(join(me.userHome, "notes", "a.md"), "hello");
  writeFileSync(join(me.userHome, "private.txt"), "nobody's business");
  const mcpServers = Object.fromEntries(
    Object.entries(servers).map(([name, { of, args = [], env = {}, scopes = [], tools = {} }]) => {
      const file = `servers/node_modules/@modelcontextprotocol/server-${of}/dist/index.js`;
      const within = (text: string): string => join(me.userHome, text);
      return [
        name,
        {
          command: NODE,
          args: [within(file), ...args.map(within)],
          env: Object.fromEntries(Object.entries(env).map(([key, text]) => [key, within(text)])),
          scopes: ["read:./servers", ...scopes],
          tools,
        },
      ];
    }),
  );
  writeFileSync(join(me.userHome, ".nano-os", "mcp.json"), JSON.stringify({ mcpServers }));
  for (const name of Object.keys(servers)) {
    const { code, err } = await me.nanos("grant", "add", name, "--exec", NODE ?? "", "--yes");
    expect({ name, code, err }).toMatchObject({ name, code: 0 });
  }
  return me;
}

interface Server {
  readonly of: string;
  /** Paths below the person's folder. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly scopes?: readonly string[];
  /** What the operator knows of its tools. */
  readonly tools?: object;
}

function call(me: Person, tool: string, args: object): Promise<Result> {
  return me.nanos("tool", "call", `mcp__${tool}`, JSON.stringify(args), "--json");
}

/** What a call that succeeded gave back. */
async function gives(me: Person, tool: string, args: object): Promise<string> {
  const result = await call(me, tool, args);
  expect({
    tool,
    code: result.code,
    err: result.code === 0 ? "" : result.err + result.out,
  }).toEqual({
    tool,
    code: 0,
    err: "",
  });
  return (JSON.parse(result.out) as { text: string }).text;
}

/** What a call that failed says. */
async function fails(me: Person, tool: string, args: object): Promise<string> {
  const result = await call(me, tool, args);
  expect({ tool, code: result.code }).toEqual({ tool, code: 1 });
  return result.out + result.err;
}

if (SERVERS === undefined || NODE === undefined || !TIERS.includes("bwrap")) {
  console.log("not available: the reference MCP servers in bwrap (npm test installs both)");
} else {
  test("filesystem reads and writes in its folder, and nowhere else", async () => {
    using me = await machine({
      notes: { of: "filesystem", args: ["notes"], scopes: ["read:./notes", "write:./notes"] },
      // It is told that it may use the whole home, and its scopes say otherwise.
      wide: { of: "filesystem", args: ["."], scopes: ["read:./notes"] },
    });
    const at = (path: string): string => join(me.userHome, path);

    expect(await gives(me, "notes__read_text_file", { path: at("notes/a.md") })).toContain("hello");
    const wrote = await gives(me, "notes__write_file", { path: at("notes/b.md"), content: "new" });
    expect(wrote).toContain(`Successfully wrote to ${at("notes/b.md")}`);
    expect(readFileSync(at("notes/b.md"), "utf8")).toBe("new");
    const edits = [{ oldText: "new", newText: "newer" }];
    await gives(me, "notes__edit_file", { path: at("notes/b.md"), edits });
    const moved = { source: at("notes/b.md"), destination: at("notes/c.md") };
    await gives(me, "notes__move_file", moved);
    expect([existsSync(at("notes/b.md")), readFileSync(at("notes/c.md"), "utf8")]).toEqual([
      false,
      "newer",
    ]);
    const listed = await gives(me, "notes__list_directory", { path: at("notes") });
    expect(listed.match(/\[FILE\] \S+\.md/gu)).toEqual(["[FILE] a.md", "[FILE] c.md"]);

    const denied = await fails(me, "notes__read_text_file", { path: at("private.txt") });
    expect(denied).toContain("Access denied");
    await fails(me, "notes__write_file", { path: at("evil.md"), content: "x" });
    // What the server itself would allow, the operating system does not.
    expect(await gives(me, "wide__read_text_file", { path: at("notes/a.md") })).toContain("hello");
    const hidden = await fails(me, "wide__read_text_file", { path: at("private.txt") });
    expect(hidden).not.toContain("business");
    await fails(me, "wide__write_file", { path: at("notes/evil.md"), content: "x" });
    expect([existsSync(at("evil.md")), existsSync(at("notes/evil.md"))]).toEqual([false, false]);
  });

  test("memory keeps its graph in the one file it may write", async () => {
    const env = { MEMORY_FILE_PATH: "notes/graph.jsonl" };
    const ann = { name: "Ann", entityType: "person", observations: ["likes tea"] };
    using me = await machine({
      memory: { of: "memory", env, scopes: ["read:./notes", "write:./notes"] },
      reader: { of: "memory", env, scopes: ["read:./notes"] },
    });
    await gives(me, "memory__create_entities", { entities: [ann] });
    const more = [{ entityName: "Ann", contents: ["sings"] }];
    await gives(me, "memory__add_observations", { observations: more });
    const file = readFileSync(join(me.userHome, "notes", "graph.jsonl"), "utf8");
    expect(JSON.parse(file)).toMatchObject({ ...ann, observations: ["likes tea", "sings"] });
    expect(await gives(me, "memory__search_nodes", { query: "tea" })).toContain("sings");

    expect(await gives(me, "reader__read_graph", {})).toContain("likes tea");
    await fails(me, "reader__delete_entities", { entityNames: ["Ann"] });
    expect(readFileSync(join(me.userHome, "notes", "graph.jsonl"), "utf8")).toBe(file);
  });

  test("everything answers, sees no variable it was not given, and reaches declared hosts alone", async () => {
    const site = createServer((_, response) => response.end("a page"));
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    const address = site.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const host = `127.0.0.1:${port}`;
    try {
      using me = await machine({
        everything: { of: "everything" },
        online: { of: "everything", scopes: [`net:${host}`] },
      });
      await me.nanos("grant", "add", "online", "--exec", NODE, "--net", host, "--yes");
      expect(await gives(me, "everything__echo", { message: "hi" })).toContain("hi");
      expect(await gives(me, "everything__get-sum", { a: 2, b: 3 })).toContain("5");
      const structured = await gives(me, "everything__get-structured-content", {
        location: "New York",
      });
      expect(structured).toContain("temperature");
      const variables = await gives(me, "everything__get-env", {});
      expect(Object.keys(JSON.parse(variables) as object).toSorted()).toEqual(["LANG", "PATH"]);

      const page = { name: "a.gz", data: `http://${host}/a`, outputType: "resource" };
      const zipped = await gives(me, "online__gzip-file-as-resource", page);
      const blob = /"blob": ?"([^"]+)"/u.exec(zipped)?.[1] ?? "";
      expect(gunzipSync(Buffer.from(blob, "base64")).toString()).toBe("a page");
      expect(await fails(me, "everything__gzip-file-as-resource", page)).toContain("fetch failed");
      const local = { ...page, data: "data:text/plain,offline" };
      expect(await gives(me, "everything__gzip-file-as-resource", local)).toContain("blob");
    } finally {
      site.close();
    }
  });

  test("sequential-thinking keeps its thoughts for one run, and an agent uses it", async () => {
    // All it takes and gives back are the model's own thoughts: the operator says so in mcp.json.
    const names = ["thought", "thoughtNumber", "totalThoughts", "nextThoughtNeeded"];
    const args = Object.fromEntries(names.map((name) => [name, "content"]));
    const own = { returns: { integrity: "directory" }, args };
    using me = await machine({
      thinking: { of: "sequential-thinking", tools: { sequentialthinking: own } },
    });
    addOracle(me, ["thinking"]);
    const thought = (n: number): ScriptInput["turns"][number] => ({
      calls: [
        {
          name: "mcp__thinking__sequentialthinking",
          args: {
            ...{ thought: `step ${n}`, thoughtNumber: n, totalThoughts: 2 },
            nextThoughtNeeded: n < 2,
          },
        },
      ],
    });
    await useScript(me, [thought(1), thought(2), { say: "thought it through" }]);
    const ran = await me.nanos("run", "think", "--json");
    expect(lastLine(ran)).toMatchObject({ outcome: "succeeded", asks: 0 });
    const events = ran.out.split("\n").filter((line) => line.includes("thoughtHistoryLength"));
    expect(events.map((line) => /"thoughtHistoryLength":(\d)/u.exec(line)?.[1])).toEqual([
      "1",
      "2",
    ]);
    await me.nanos("trace", "verify");
  });
}
