import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Nanos } from "../src/contracts/nanos.ts";
import type { LoginLine } from "../src/contracts/secret.ts";
import type { Oauth } from "../src/contracts/tool.ts";
import { openNanos } from "../src/nanos.ts";
import { type OauthSite, oauthSite } from "../src/tools/testing/oauth-site.ts";
import { type AgentHome, agentHome } from "./support/agent-home.ts";

setDefaultTimeout(60_000);

/**
 * An MCP server that lets in who logged in, from the first refusal to a token that is good no more:
 * every host has to be granted, and no token is anywhere but in the file of secrets.
 */
const open: (() => Promise<void>)[] = [];
let site: OauthSite;
let home: AgentHome;

beforeAll(async () => {
  const { createMcpHandler, McpServer } = await import("@modelcontextprotocol/server");
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: "tracker", version: "1" });
    server.registerTool("greet", { description: "Greets." }, async () => {
      return { content: [{ type: "text", text: "hello" }] };
    });
    return server;
  });
  site = await oauthSite((request) => handler.fetch(request));
});

afterAll(async () => {
  for (const close of open) await close();
  await home.close();
  await site.close();
});

function servers(oauth: Oauth | null): string {
  const tracker = { url: site.url, ...(oauth === null ? {} : { oauth }) };
  return JSON.stringify({ mcpServers: { tracker } });
}

async function begin(oauth: Oauth | null): Promise<void> {
  await home?.close();
  const turn = { once: false, usage: { input: 1, output: 1 } };
  home = await agentHome({
    files: {
      "mcp.json": servers(oauth),
      "agents/oracle.md":
        "---\nname: oracle\ndescription: In charge.\nskills: [tracker]\ntools: [mcp__tracker__greet]\n---\nYou help.\n",
      "script.yaml": JSON.stringify({
        turns: [
          { when: { last: "^go" }, calls: [{ name: "mcp__tracker__greet", args: {} }], ...turn },
          { say: "done", ...turn },
        ],
      }),
    },
    delegates: {},
  });
}

/** The login, with a browser whose person says yes; or the code and the next step of its failure. */
async function logIn(name = "tracker"): Promise<LoginLine | readonly [string, string]> {
  const open = (link: string): void => {
    void fetch(link, { redirect: "manual" }).then((there) =>
      fetch(there.headers.get("location") ?? ""),
    );
  };
  return home.nanos.secrets.logIn(name, { open }).catch((error: unknown) => {
    const { code, next } = error as { code: string; next: string };
    return [code, next] as const;
  });
}

const grant = (host: string): Promise<unknown> => home.nanos.grants.add("tracker", { net: [host] });

const listed = async ({ tools }: Nanos): Promise<string> => JSON.stringify(await tools.list());

test("it says who lets in and what to write, and dials nobody who was not granted", async () => {
  await begin(null);
  expect(await logIn("none")).toEqual(["mcp.no_server", "Servers with one: tracker."]);
  expect(await logIn()).toEqual([
    "mcp.not_granted",
    `Grant it: nanos grant add tracker --net ${site.hosts[0]}`,
  ]);
  expect(site.hits).toEqual([]);
  await grant(site.hosts[0]);
  expect(await logIn()).toEqual([
    "mcp.no_issuer",
    `If that is right, write "oauth": {"issuer":"${site.issuer}"} beside its url, then: nanos grant add tracker --net ${site.hosts[1]}`,
  ]);
  expect(site.hits.some(({ what }) => what.includes("oauth-authorization-server"))).toBe(false);
});

test("once it is granted the operator logs in, and what is got is kept as secrets alone", async () => {
  await begin({ issuer: site.issuer });
  await grant(site.hosts[0]);
  expect(await listed(home.nanos)).toContain("secret.missing");
  expect(await logIn()).toEqual([
    "mcp.not_granted",
    `Grant it: nanos grant add tracker --net ${site.hosts[1]}`,
  ]);
  await grant(site.hosts[1]);
  expect(await logIn()).toEqual({
    ...{ server: "tracker", issuer: site.issuer, scope: null },
    secrets: ["mcp.tracker.token", "mcp.tracker.refresh"],
  });
  const kept = await home.nanos.secrets.list();
  expect(kept.map(({ name, hosts }) => [name, hosts])).toEqual([
    ["mcp.tracker.refresh", [site.hosts[1]]],
    ["mcp.tracker.token", [site.hosts[0]]],
  ]);
  const { end } = await home.run("go");
  expect(end).toMatchObject({ outcome: "succeeded" });
});

test("a token that is good no more is renewed past the gate, and no token is anywhere", async () => {
  const before = [...site.good];
  site.good.clear();
  const { end, trace } = await home.run("go");
  expect(end).toMatchObject({ outcome: "succeeded" });
  const events = home.nanos.traces.events(trace.run);
  const renewing = events.flatMap(({ body }) =>
    body?.kind === "action.proposed" && body.action.kind === "secret" ? [body.action] : [],
  );
  expect(renewing.map(({ scopes }) => scopes)).toContainEqual([
    "secret:mcp.tracker.refresh",
    `net:${site.hosts[1]}`,
  ]);
  expect(JSON.stringify(events)).toContain("hello");
  const root = join(home.workspace, "..");
  const files = globSync(["**/*", "**/.*", "**/.*/**"], { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "secrets.json")
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.length).toBeGreaterThan(10);
  const tokens = [...before, ...site.good, ...site.refreshes];
  expect(tokens.length).toBeGreaterThan(2);
  const found = files.filter((file) => {
    const text = readFileSync(file, "latin1");
    return tokens.some((token) => text.includes(token));
  });
  expect(found).toEqual([]);
  // What the server is shown is its own token and nothing of the other's.
  const shown = site.hits.filter(({ what }) => what.endsWith("/mcp")).map(({ auth }) => auth);
  expect(shown.every((auth) => auth === "" || auth.startsWith("Bearer token-"))).toBe(true);
});

test("it is renewed as well where a server is asked what it offers and nothing goes on", async () => {
  site.good.clear();
  const cache = globSync("**/cache/tools", { cwd: join(home.workspace, "..") });
  expect(cache).toHaveLength(1);
  rmSync(join(home.workspace, "..", cache[0] ?? ""), { recursive: true });
  const nanos = await openNanos({ home: join(home.workspace, "../home"), cwd: home.workspace });
  open.push(() => nanos.close());
  expect(await listed(nanos)).toContain("mcp__tracker__greet");
  expect([site.good.size, site.refreshes.size]).toEqual([1, 1]);
});

test("a login that is over says what to do", async () => {
  site.good.clear();
  site.refreshes.clear();
  const { trace } = await home.run("go");
  const text = JSON.stringify(home.nanos.traces.events(trace.run));
  expect(text).toContain("mcp.login_needed");
  expect(text).toContain("`nanos mcp login tracker`");
  expect(await logIn()).toMatchObject({ server: "tracker" });
  expect((await home.run("go")).end).toMatchObject({ outcome: "succeeded" });
});
