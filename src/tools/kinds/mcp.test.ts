import { expect, setDefaultTimeout, test } from "bun:test";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brokerFetch } from "../broker.ts";
import { answering, openLab } from "../testing/lab.ts";
import { traceparent } from "../../std/hash.ts";
import { codeOf, outputOf, reads, serverLab } from "../testing/servers.ts";
import type { Granted, Reach } from "../tool-host.ts";

setDefaultTimeout(60_000);

const MODULES = join(import.meta.dir, "../../../node_modules");

/** A server on the official SDK, in one file. */
const OFFICIAL = await bundled(
  `
import { McpServer } from "MODULES/@modelcontextprotocol/server/dist/index.mjs";
import { StdioServerTransport, serveStdio } from "MODULES/@modelcontextprotocol/server/dist/stdio.mjs";
import * as z from "MODULES/zod/index.js";
import * as fs from "node:fs";
const make = () => {
  const server = new McpServer({ name: "official", version: "1.0.0" });
  server.registerTool("greet", { description: "Greets.", inputSchema: z.object({ name: z.string() }) },
    async ({ name }) => ({ content: [{ type: "text", text: "hello " + name }] }));
  server.registerTool("sum", { description: "Adds.", inputSchema: z.object({ a: z.number(), b: z.number() }), outputSchema: z.object({ sum: z.number() }) },
    async ({ a, b }) => ({ content: [{ type: "text", text: String(a + b) }], structuredContent: { sum: a + b } }));
  server.registerTool("fails", { description: "Fails.", inputSchema: z.object({}) },
    async () => ({ content: [{ type: "text", text: "no luck" }], isError: true }));
  server.registerTool("keep", { description: "Writes.", inputSchema: z.object({ path: z.string(), text: z.string() }) },
    async ({ path, text }) => { fs.writeFileSync(path, text); return { content: [{ type: "text", text: path }] }; });
  server.registerTool("wipe", { description: "Wipes.", inputSchema: z.object({}), annotations: { destructiveHint: true, readOnlyHint: true } },
    async (_, { mcpReq }) => ({ content: [{ type: "text", text: String(mcpReq._meta?.traceparent) }] }));
  return server;
};
if (process.argv[2] === "modern") await serveStdio(make); else await make().connect(new StdioServerTransport());
`.replaceAll("MODULES", MODULES),
);

async function bundled(source: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-tools-test-"));
  const entry = join(folder, "official.ts");
  writeFileSync(entry, source);
  const { outputs } = await Bun.build({ entrypoints: [entry], target: "bun" });
  rmSync(folder, { recursive: true });
  return (await outputs[0]?.text()) ?? "";
}

for (const era of ["legacy", "modern"] as const) {
  test(`the official server is spoken to in its ${era} revision`, async () => {
    const open = serverLab(OFFICIAL, {}, [era]);
    const { tools, broken } = await open.host.list();
    expect(broken).toEqual([]);
    expect(tools.map(({ manifest, kind, skill }) => [manifest.name, kind, skill])).toEqual(
      ["greet", "sum", "fails", "keep", "wipe"].map((name) => [`mcp__s__${name}`, "mcp", "s"]),
    );
    expect(tools[0]?.manifest.scopes).toEqual([...reads(open)]);
    const scopes = reads(open);
    const greeting = await open.call("mcp__s__greet", { name: "you" }, { scopes, step: "r.1" });
    expect(greeting).toMatchObject({
      ok: true,
      output: "hello you",
      label: { integrity: "untrusted", secrecy: "private" },
    });
    const before = open.starts();
    const both = await Promise.all(
      [1, 2, 3].map((a) => open.call("mcp__s__sum", { a, b: 1 }, { scopes, step: "r.2" })),
    );
    expect(both.map(outputOf)).toEqual([{ sum: 2 }, { sum: 3 }, { sum: 4 }]);
    expect(open.starts()).toBe(before);
    expect(await open.call("mcp__s__fails", {}, { scopes, step: "r.3" })).toMatchObject({
      ok: false,
      failure: { code: "mcp.failed", message: "fails of s failed: no luck" },
    });
    expect(codeOf(await open.call("mcp__s__greet", { name: 1 }, { scopes, step: "r.4" }))).toBe(
      "mcp.failed",
    );
    expect(codeOf(await open.call("mcp__s__greet", "x", { scopes }))).toBe("tool.bad_arguments");
    // What it says of itself raises a rank, and it hears whose step it takes part in.
    expect(tools.map(({ manifest }) => manifest.rank ?? "")).toEqual(["", "", "", "", "B"]);
    expect(outputOf(await open.call("mcp__s__wipe", {}, { scopes, step: "r.5" }))).toBe(
      traceparent("r", "r.5"),
    );
    const starts = open.starts();
    expect((await open.again().list()).tools).toEqual(tools);
    expect(open.starts()).toBe(starts);
    await open.close();
  });
}

test("what a server writes is staged, and paths mean the copy", async () => {
  const open = serverLab(OFFICIAL);
  const notes = join(open.workspace, "notes");
  const scopes = [...reads(open), `read:${notes}`, `write:${notes}`];
  const path = join(notes, "new.md");
  const result = await open.call("mcp__s__keep", { path, text: "kept" }, { scopes, step: "w.1" });
  expect(result).toMatchObject({
    ok: true,
    output: path,
    staged: { changes: [{ path, kind: "created" }] },
  });
  const refused = await open.call(
    "mcp__s__keep",
    { path: join(open.workspace, "x"), text: "x" },
    { scopes, step: "w.2" },
  );
  expect(codeOf(refused)).toBe("mcp.failed");
  await open.close();
});

/** An official server behind HTTP on loopback. */
async function httpServer(): Promise<{ server: Server; url: string; host: string }> {
  const { createMcpHandler, McpServer: Official } = await import("@modelcontextprotocol/server");
  const z = await import("zod");
  const handler = createMcpHandler(() => {
    const official = new Official({ name: "web", version: "1" });
    official.registerTool(
      "greet",
      { description: "Greets.", inputSchema: z.object({ name: z.string() }) },
      async ({ name }) => ({ content: [{ type: "text", text: `hello ${name}` }] }),
    );
    return official;
  });
  const server = createServer((request, response) => {
    void (async () => {
      const reply = await handler.fetch(
        new Request(`http://${request.headers.host}${request.url}`, {
          method: request.method ?? "GET",
          headers: request.headers as Record<string, string>,
          ...(request.method === "POST" ? { body: await bodyOf(request) } : {}),
        }),
      );
      response.writeHead(reply.status, Object.fromEntries(reply.headers));
      response.end(await reply.text());
    })();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  return { server, url: `http://127.0.0.1:${port}/mcp`, host: `127.0.0.1:${port}` };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

test("a server behind HTTP is reached through the gate alone", async () => {
  const { server, url, host } = await httpServer();
  const through = answering(() => ({ ok: true, value: null }));
  const reach: Reach = async (wanted): Promise<Granted> => {
    await through.reach(wanted);
    if (wanted.kind !== "fetch") return { ok: false, failure: { code: "x.y", message: "no" } };
    const reply = await brokerFetch(wanted, {
      privateOk: [host],
      signal: new AbortController().signal,
    });
    return "code" in reply ? { ok: false, failure: reply } : { ok: true, value: { ...reply } };
  };
  const servers = { web: { url, headers: { "x-team": "a" } } };
  const open = openLab({ files: {}, servers, options: { listing: () => reach } });
  const { tools, broken } = await open.host.list();
  expect(broken).toEqual([]);
  expect(tools.map(({ manifest }) => [manifest.name, manifest.scopes])).toEqual([
    ["mcp__web__greet", [`net:${host}`]],
  ]);
  const result = await open.call("mcp__web__greet", { name: "you" }, { reach });
  expect(result).toMatchObject({ ok: true, output: "hello you", isolation: "host" });
  const bodies = through.wanted.map((one) => (one.kind === "fetch" ? (one.body ?? "") : ""));
  const calls = bodies.filter((body) => body.includes('"tools/call"'));
  expect(calls).toEqual([
    expect.stringMatching(/"traceparent":"00-[0-9a-f]{32}-[0-9a-f]{16}-01"/u),
  ]);
  expect(
    through.wanted.every(
      (one) => one.kind === "fetch" && one.method === "POST" && one.headers["x-team"] === "a",
    ),
  ).toBe(true);
  const refused = await open.call("mcp__web__greet", { name: "you" });
  expect(refused).toMatchObject({ ok: false, failure: { code: "test.refused" } });
  const thrown = new Error("waits");
  const waits = open.call(
    "mcp__web__greet",
    { name: "x" },
    { reach: () => Promise.reject(thrown) },
  );
  expect(await waits.catch((error: unknown) => error)).toBe(thrown);
  server.close();
  server.closeAllConnections();
  await open.close();
});

test("a secret in the headers of a server is asked for by its host, and stays a handle", async () => {
  const { server, url, host } = await httpServer();
  const through = answering((one) =>
    one.kind === "secret"
      ? { ok: true, value: `{secret:${one.name}}` }
      : { ok: false, failure: { code: "test.refused", message: "No." } },
  );
  const listing: Reach = async (wanted) => {
    if (wanted.kind !== "fetch") throw new Error("a secret was asked for without a run");
    const { signal } = new AbortController();
    const reply = await brokerFetch(wanted, { privateOk: [host], signal });
    return "code" in reply ? { ok: false, failure: reply } : { ok: true, value: { ...reply } };
  };
  const headers = { authorization: "Bearer {secret:WEB}" };
  const open = openLab({
    files: {},
    servers: { web: { url, headers } },
    options: { listing: () => listing },
  });
  expect((await open.host.list()).broken).toEqual([]);
  await open.call("mcp__web__greet", { name: "you" }, { reach: through.reach });
  expect(through.wanted[0]).toEqual({ kind: "secret", name: "WEB", host });
  expect(through.wanted[1]).toMatchObject({ kind: "fetch", headers });
  const none = await open.call("mcp__web__greet", { name: "you" });
  expect(none).toMatchObject({ ok: false, failure: { code: "test.refused" } });
  server.close();
  server.closeAllConnections();
  await open.close();
});

test("a private server is not asked for its tools unless something is handed in to ask with", async () => {
  const open = openLab({ files: {}, servers: { web: { url: "http://127.0.0.1:9/mcp" } } });
  expect((await open.host.list()).broken).toMatchObject([
    { failure: { code: "fetch.private_address" } },
  ]);
  await open.close();
});

test("what the operator knows of a server's tools is taken from their file, and only that", async () => {
  const tools = {
    greet: {
      reads: true,
      args: { name: "content" as const },
      returns: { secrecy: "public" as const },
    },
    nowhere: { reads: true },
  };
  const open = serverLab(OFFICIAL, { tools }, ["legacy"]);
  const listed = await open.host.list();
  const [greet, sum] = listed.tools.map(({ manifest }) => manifest);
  expect(greet).toMatchObject(tools.greet);
  expect([sum?.reads, sum?.args, sum?.returns]).toEqual([undefined, undefined, undefined]);
  const greeting = await open.call(
    "mcp__s__greet",
    { name: "you" },
    { scopes: reads(open), step: "r.1" },
  );
  expect(greeting).toMatchObject({
    ok: true,
    label: { integrity: "untrusted", secrecy: "public" },
  });
  await open.host.close();
});
