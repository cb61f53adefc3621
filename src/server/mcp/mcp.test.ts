import { afterEach, describe, expect, test } from "bun:test";
import { fakeClock, systemClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { LEGACY } from "../../std/mcp.ts";
import {
  BOTH,
  call,
  closeAll,
  connect,
  head,
  home,
  META,
  OPERATOR,
  post,
  request,
  until,
} from "../testing/mcp.ts";
import { type Ask, hear, type Served } from "../testing/served.ts";

/** MCP over HTTP: asked with the official client in both eras, and with what no client would send. */

afterEach(closeAll);

for (const mode of ["legacy", "auto"] as const) {
  test(`an agent's key has that agent and its own runs, in its ${mode} revision`, async () => {
    const made = await home();
    const key = await made.key({ scopes: ["read:./notes"] });
    const { client } = await connect(made, key, mode);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["ask", "poll", "cancel", "runs"]);
    expect((await client.listResources()).resources).toEqual([]);
    const told: string[] = [];
    const came = await client.callTool(
      { name: "ask", arguments: { request: "echo hello" } },
      { onprogress: ({ message }) => told.push(message ?? "") },
    );
    expect(came).toMatchObject({ structuredContent: { outcome: "succeeded", text: "hello" } });
    expect(told).toContain("echo");
    const { run } = came.structuredContent as { run: string };
    const [first] = made.nanos.traces.events(run);
    const [only] = await made.nanos.keys.list();
    expect(first?.body).toMatchObject({ client: `key:${only?.id}`, said: "", agent: "oracle" });
    expect(first?.body).toHaveProperty("within");

    // Another key of the same agent sees nothing of it.
    const other = await connect(made, await made.key(), mode);
    expect(await call(other.client, "poll", { run })).toMatchObject({
      error: { code: "client.unknown_run" },
    });
    expect(await call(other.client, "runs")).toEqual({ runs: [] });
  });

  test(`the operator's key has all there is over pipes, in its ${mode} revision`, async () => {
    const made = await home();
    const { client } = await connect(made, await made.key(OPERATOR), mode);
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    for (const name of ["ask", "mission_list", "artifact_list", "memory_search", "journal_search"])
      expect(names).toContain(name);
    expect(names.filter((name) => /approve|answer|grant/u.test(name))).toEqual([]);
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain("nanos://agents/oracle");
    const came = await call(client, "ask", { request: "echo hi", agent: "oracle", wait: 0 });
    // What was just begun can be stopped and asked after at once.
    expect(await call(client, "cancel", { run: came["run"] ?? "" })).toBeDefined();
    expect(await call(client, "poll", { run: came["run"] ?? "" })).toMatchObject({
      state: "ended",
    });
  });
}

const GREETING = request("initialize", {
  ...{ protocolVersion: LEGACY, capabilities: {} },
  clientInfo: { name: "raw", version: "1" },
});

/** Greets as a client of the older revisions does; gives the head that names the session. */
async function session(made: Served, key: string): Promise<Record<string, string>> {
  const came = await post(made, key, GREETING);
  expect(came.status).toBe(200);
  const id = came.headers.get("mcp-session-id") ?? "";
  expect(id).toMatch(/^[0-9a-f]{64}$/u);
  return { "mcp-session-id": id, "mcp-protocol-version": LEGACY };
}

const ASKED = request("tools/call", { name: "ask", arguments: { request: "hang" } }, 7);

describe("sessions", () => {
  test("a stream that is lost is gone on with after the last event; nothing is taken back", async () => {
    const made = await home({ hanging: true });
    const key = await made.key();
    const headers = await session(made, key);
    const [first] = await hear(await post(made, key, ASKED, { headers }), (all) => all.length > 0);
    expect(first).toMatchObject({ data: "" });
    await until(() => made.nanos.traces.list()[0]?.state === "running");

    const again = { ...headers, ...BOTH, "last-event-id": first?.id ?? "" };
    const stream = await made.open("GET", "/mcp", { key, headers: again });
    const stop = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } };
    expect((await post(made, key, stop, { headers })).status).toBe(202);
    const heard = await hear(stream);
    expect(JSON.parse(heard.at(-1)?.data ?? "")).toMatchObject({ jsonrpc: "2.0", id: 7 });
    await until(() => made.nanos.traces.list()[0]?.state === "ended");
    expect(made.nanos.traces.list()[0]).toMatchObject({ outcome: "cancelled" });
    // All of it is there once more, until other streams have ended since.
    const whole = await made.open("GET", "/mcp", { key, headers: again });
    expect((await hear(whole)).at(-1)).toEqual(heard.at(-1) as never);
  });

  test("of another key is not there, however it is asked for", async () => {
    const made = await home();
    const [mine, theirs] = [await made.key(), await made.key(OPERATOR)];
    const headers = await session(made, mine);
    for (const method of ["POST", "GET", "DELETE"] as const) {
      const body = method === "POST" ? { body: request("tools/list") } : {};
      const how = { key: theirs, headers: { ...headers, ...BOTH }, ...body };
      expect([method, (await made.open(method, "/mcp", how)).status]).toEqual([method, 404]);
    }
    expect((await post(made, mine, request("tools/list"), { headers })).status).toBe(200);
    // A key that is removed is out at once, whatever it has open.
    const [{ id } = { id: "" }] = await made.nanos.keys.list();
    await made.nanos.keys.rm(id);
    expect((await post(made, mine, request("tools/list"), { headers })).status).toBe(401);
  });

  test("ends when it is told to, and when it was not heard of for long", async () => {
    const { advance, ...time } = fakeClock();
    const made = await home({ clock: { ...time, sleep: systemClock.sleep } });
    const key = await made.key();
    const first = await session(made, key);
    const second = await session(made, key);
    expect((await made.open("DELETE", "/mcp", { key, headers: first })).status).toBe(200);
    advance(LIMITS.mcpIdleMs);
    const list = (headers: Record<string, string>): Promise<Response> =>
      post(made, key, request("ping"), { headers });
    expect((await list(first)).status).toBe(404);
    expect((await list(second)).status).toBe(200);
    advance(LIMITS.mcpIdleMs + 1);
    expect((await list(second)).status).toBe(404);
  });

  test("many of them shut out nobody, and one stream is read once", async () => {
    const made = await home();
    const key = await made.key({ rate: 1_000 });
    const all: Record<string, string>[] = [];
    for (let n = 0; n <= LIMITS.mcpSessionsPerKey; n++) all.push(await session(made, key));
    const [oldest = {}, ...rest] = all;
    expect((await post(made, key, request("ping"), { headers: oldest })).status).toBe(404);
    const read = (headers: Record<string, string>): Promise<Response> =>
      made.open("GET", "/mcp", { key, headers: { ...headers, ...BOTH } });
    const streams = await Promise.all(rest.map(read));
    expect(streams.map(({ status }) => status)).toEqual(rest.map(() => 200));
    expect((await read(rest[0] ?? {})).status).toBe(409);
    const refused = await post(made, key, GREETING);
    expect([refused.status, await refused.json()]).toMatchObject([
      503,
      { id: null, error: { data: { code: "http.busy" } } },
    ]);
    // Whoever has another key is let in all the same.
    await session(made, await made.key());
    for (const { body } of streams) await body?.cancel();
    await until(async () => (await post(made, key, GREETING)).status === 200);
  });

  test("an id is used once at a time there, and by anybody in the stateless revision", async () => {
    const made = await home({ hanging: true });
    const key = await made.key();
    const headers = await session(made, key);
    const waits = await post(made, key, ASKED, { headers });
    const twice = await post(made, key, request("ping", {}, 7), { headers });
    expect([twice.status, await twice.json()]).toMatchObject([400, { id: 7, error: {} }]);
    const other = await session(made, key);
    expect((await post(made, key, request("ping", {}, 7), { headers: other })).status).toBe(200);
    const stop = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } };
    await post(made, key, stop, { headers: other });
    await until(() => made.nanos.traces.list()[0]?.state === "running");
    await made.open("DELETE", "/mcp", { key, headers });
    expect((await hear(waits)).length).toBeGreaterThan(0);
    const modern = request("tools/list", { _meta: META }, 7);
    const came = await Promise.all([1, 2].map(() => post(made, key, modern, { headers: head() })));
    expect(came.map(({ status }) => status)).toEqual([200, 200]);
  });
});

test("a client of the stateless revision that goes away takes back what it asked for", async () => {
  const made = await home({ hanging: true });
  const key = await made.key();
  const params = { name: "ask", arguments: { request: "hang" }, _meta: META };
  const headers = { ...head("tools/call"), "mcp-name": "ask" };
  const stream = await post(made, key, request("tools/call", params), { headers });
  await until(() => made.nanos.traces.list()[0]?.state === "running");
  await stream.body?.cancel();
  await until(() => made.nanos.traces.list()[0]?.state === "ended");
  expect(made.nanos.traces.list()[0]).toMatchObject({ outcome: "cancelled" });
});

/** What is posted, with which head; the status and the number of the refusal. */
function wrong(
  headers: Record<string, string>,
): readonly (readonly [unknown, Record<string, string>, number, number | null])[] {
  const deep = "[".repeat(50_000) + "]".repeat(50_000);
  return [
    ["{", headers, 400, -32_000],
    [deep, headers, 400, -32_600],
    [[request("ping"), request("ping", {}, 2)], headers, 400, -32_600],
    [[], headers, 400, -32_600],
    ["1", headers, 400, -32_600],
    [{ id: 1, method: "ping" }, headers, 400, -32_600],
    [{ jsonrpc: "2.0", id: 1 }, headers, 400, -32_600],
    [request("ping", {}, null), headers, 400, -32_600],
    [request("ping", {}, {}), headers, 400, -32_600],
    [request("ping", {}, "x".repeat(LIMITS.rpcIdChars + 1)), headers, 400, -32_600],
    [{ ...request("ping"), params: [] }, headers, 400, -32_602],
    [{ jsonrpc: "2.0", id: 1, result: {} }, headers, 202, null],
    [request("ping"), {}, 400, -32_600],
    [request("ping"), { "mcp-session-id": "../../etc/passwd" }, 404, -32_600],
    [GREETING, headers, 400, -32_600],
    [request("ping"), { ...headers, "mcp-protocol-version": "1999-01-01" }, 400, -32_022],
    [request("tools/list"), head(), 400, -32_602],
    [request("tools/list", { _meta: META }), {}, 400, -32_020],
    [request("tools/list", { _meta: META }), head("ping"), 400, -32_020],
    [request("tools/call", { name: "ask", _meta: META }), head("tools/call"), 400, -32_020],
    [request("ping", { _meta: META }), head("ping"), 404, -32_601],
    [request("x".repeat(1_000), { _meta: META }), head("x".repeat(1_000)), 404, -32_601],
    ["x".repeat(LIMITS.httpBodyBytes + 1), headers, 413, -32_000],
  ];
}

describe("what no client would send", () => {
  test("is refused before anything is done, in words of the protocol", async () => {
    const made = await home();
    const key = await made.key({ rate: 1_000 });
    const headers = await session(made, key);
    for (const [body, more, status, code] of wrong(headers)) {
      const came = await post(made, key, body, { headers: more });
      const text = await came.text();
      const said =
        text === "" ? null : (JSON.parse(text) as { error: { code: number } }).error.code;
      expect([JSON.stringify(body).slice(0, 80), came.status, said]).toEqual([
        JSON.stringify(body).slice(0, 80),
        status,
        code,
      ]);
    }
    const encoded = { ...head("tools/call"), "mcp-name": "=?base64?YXNr?=" };
    const asked = request("tools/call", { name: "ask", arguments: {}, _meta: META });
    expect((await post(made, key, asked, { headers: encoded })).status).toBe(200);
    for (const name of ["=?base64?YXN?=", "=?base64?cnVucw==?=", "Ask"]) {
      const wrong = { ...encoded, "mcp-name": name };
      expect((await post(made, key, asked, { headers: wrong })).status).toBe(400);
    }
    expect(made.nanos.traces.list()).toEqual([]);
  });

  test("comes from another site, by another name, without a key, or too often", async () => {
    const made = await home();
    const key = await made.key({ rate: 2 });
    const cases: readonly (readonly [Ask, number, string])[] = [
      [{ headers: { origin: "http://evil.example" } }, 403, "http.origin"],
      [{ headers: { origin: "null" } }, 403, "http.origin"],
      [{ headers: { host: "evil.example" } }, 421, "http.host"],
      [{ headers: { "content-type": "text/plain", "content-length": "10" } }, 415, "http.media"],
      [{ headers: { authorization: "Bearer nk_abcd_0" } }, 401, "http.bad_key"],
      [{ headers: { authorization: "" } }, 401, "http.no_key"],
    ];
    for (const [how, status, code] of cases) {
      const came = await post(made, key, GREETING, how);
      expect([came.status, await came.json()]).toMatchObject([
        status,
        { jsonrpc: "2.0", id: null, error: { data: { code } } },
      ]);
    }
    await session(made, key);
    await session(made, key);
    const often = await post(made, key, GREETING);
    expect(often.status).toBe(429);
    expect(often.headers.get("retry-after")).toBe("30");
  });
});
