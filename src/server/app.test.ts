import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { HttpError } from "../contracts/http/wire.ts";
import { fakeClock } from "../std/clock.ts";
import { LIMITS } from "../std/limits.ts";
import type { Route } from "./route.ts";
import { ROUTES as ALL } from "./routes.ts";
import { type Ask, HOST, type Served, codeOf, served } from "./testing/served.ts";

/** Who is let in, and what each route says to those who are not. */

let home: Served;
let key = "";
let operator = "";

beforeAll(async () => {
  home = await served();
  key = await home.key({ rate: 10_000 });
  operator = await home.key({ agent: null, rate: 10_000 });
});
afterAll(() => home.close());

const CHAT = { model: "nanos/oracle", messages: [{ role: "user", content: "echo hello" }] };

async function refused(method: string, path: string, how: Ask = {}): Promise<unknown> {
  const came = await home.ask(method, path, how);
  const route = ROUTES.find((one) => one.method === method && pathOf(one) === path);
  const shape = route?.refusal?.gives ?? HttpError;
  expect(shape.safeParse(came.body).error).toBeUndefined();
  expect(came.headers.get("x-request-id")).not.toBeNull();
  expect(JSON.stringify(came.body)).not.toContain("nk_");
  return `${came.status} ${String(codeOf(came))}`;
}

/** What is there unless programs may ask for keys. */
const ROUTES = ALL.filter(({ oauth }) => !oauth);

const pathOf = ({ path }: Route): string => path.replaceAll(/\{\w+\}/gu, "x");

describe("the door", () => {
  test("health, readiness and the landing are open, and nothing else is", async () => {
    const open = ROUTES.filter(({ needs }) => needs === "nothing").map(({ path }) => path);
    // And what lets the operator's browser in, which takes a link.
    const parts = ["enter.js", "icon.svg", "style.css"].map((name) => `/landing/${name}`);
    const way = ["/v1/seats", "/landing", ...parts];
    expect(open).toEqual(["/health", "/ready", ...way]);
    for (const route of ROUTES) {
      const { needs, method } = route;
      if (needs === "nothing") {
        const given = route.takes === null ? {} : { body: { link: "nl_x" } };
        const came = await home.ask(method, pathOf(route), given);
        expect(came.status).toBe(route.takes === null ? 200 : 401);
        continue;
      }
      const body = route.takes === null ? {} : { body: {} };
      expect(await refused(method, pathOf(route), body)).toBe("401 http.no_key");
      const bad = { ...body, key: `nk_k1_${"0".repeat(64)}` };
      expect(await refused(method, pathOf(route), bad)).toBe("401 http.bad_key");
      if (needs !== "operator") continue;
      expect(await refused(method, pathOf(route), { ...body, key })).toBe("403 http.operator_only");
    }
    expect((await home.ask("GET", "/health")).body).toEqual({
      ...{ status: "ok", service: "orchestrators_v2" },
    });
    expect((await home.ask("GET", "/ready")).body).toMatchObject({ status: "ready" });
  });

  test("a key stands in its header and nowhere else", async () => {
    const query = `?key=${key}&access_token=${key}&authorization=Bearer%20${key}`;
    expect(await refused("GET", `/v1/models${query}`)).toBe("401 http.no_key");
    for (const authorization of [key, `Basic ${key}`, `Bearer`, `Bearer  `]) {
      const came = await refused("GET", "/v1/models", { headers: { authorization } });
      expect(came).toBe("401 http.no_key");
    }
    const cookie = { cookie: `key=${key}`, "x-api-key": key };
    expect(await refused("GET", "/v1/models", { headers: cookie })).toBe("401 http.no_key");
  });

  test("who has no key learns nothing of routes; who has one is told what is wrong", async () => {
    expect(await refused("GET", "/v1/nothing")).toBe("401 http.no_key");
    expect(await refused("GET", "/v1/nothing", { key })).toBe("404 http.not_found");
    expect(await refused("DELETE", "/v1/models", { key })).toBe("405 http.method");
    const came = await home.ask("PUT", "/v1/chat/completions", { key });
    expect([came.status, came.headers.get("allow")]).toEqual([405, "POST"]);
    for (const path of [
      "/../etc/passwd",
      "/v1/%2e%2e/%2e%2e/etc/passwd",
      "/v1/models/..%2f..%2fx",
    ]) {
      expect((await home.ask("GET", path, { key })).status).toBe(404);
    }
  });

  test("rebinding: only our own names are asked by", async () => {
    const hosts = [
      ...["evil.example", "evil.example:8088", "127.0.0.1", "127.0.0.1:80", "localhost"],
      ...["127.0.0.1:8088.evil.example", "user@127.0.0.1:8088", "[::1]", "0.0.0.0:8088", ""],
    ];
    for (const host of hosts) {
      const came = await refused("GET", "/health", { headers: { host } });
      expect([host, came]).toEqual([host, "421 http.host"]);
    }
    for (const host of ["127.0.0.1:8088", "localhost:8088", "[::1]:8088", "LOCALHOST:8088"]) {
      expect((await home.ask("GET", "/health", { headers: { host } })).status).toBe(200);
    }
  });

  test("cross-site: no page but our own, and no form", async () => {
    for (const origin of [
      "https://evil.example",
      "null",
      "http://127.0.0.1:1",
      "https://127.0.0.1:8088",
    ]) {
      const came = await refused("POST", "/echo", { key, body: {}, headers: { origin } });
      expect([origin, came]).toEqual([origin, "403 http.origin"]);
    }
    for (const site of ["cross-site", "same-site"]) {
      const headers = { "sec-fetch-site": site };
      expect(await refused("GET", "/v1/models", { key, headers })).toBe("403 http.origin");
    }
    const own = { origin: "http://127.0.0.1:8088", "sec-fetch-site": "same-origin" };
    expect((await home.ask("POST", "/echo", { key, body: 1, headers: own })).body).toEqual({
      echo: 1,
    });
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "",
    ]) {
      const headers = { "content-type": type, "content-length": "2" };
      expect(await refused("POST", "/echo", { key, body: "{}", headers })).toBe("415 http.media");
    }
    const preflight = await home.ask("OPTIONS", "/echo", {
      headers: { origin: "https://evil.example" },
    });
    expect(preflight.status).toBe(403);
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("a body is JSON, as its route takes it, and of a size", async () => {
    expect(await refused("POST", "/echo", { key, body: "{" })).toBe("400 http.bad_json");
    const wrong = { key, body: { model: 1, messages: [] } };
    const came = await home.ask("POST", "/v1/chat/completions", wrong);
    expect(came.body).toMatchObject({ error: { code: "http.invalid", param: "model" } });
    const large = JSON.stringify("x".repeat(LIMITS.httpBodyBytes));
    expect(await refused("POST", "/echo", { key, body: large })).toBe("413 http.too_large");
    // The size that is said may be a lie.
    const lying = { key, body: large, headers: { "content-length": "3" } };
    expect(await refused("POST", "/echo", lying)).toBe("413 http.too_large");
  });

  test("a body that comes too slowly is waited for no longer, and its place is free again", async () => {
    const late = Promise.withResolvers<void>();
    const waits: number[] = [];
    const sleep = (ms: number): Promise<void> => {
      waits.push(ms);
      return late.promise;
    };
    const slow = await served({ clock: { ...fakeClock(), sleep } });
    try {
      let [given, gone] = [0, false];
      const body = new ReadableStream<Uint8Array>({
        pull: async (to) => {
          given += 1;
          if (given <= 3) return to.enqueue(new TextEncoder().encode("["));
          late.resolve();
          await new Promise<never>(() => undefined);
        },
        cancel: () => {
          gone = true;
        },
      });
      const bearer = `Bearer ${await slow.key()}`;
      const headers = { host: HOST, authorization: bearer, "content-type": "application/json" };
      const request = new Request(`http://${HOST}/echo`, { method: "POST", headers, body });
      const came = await slow.app.fetch(request);
      const { error } = HttpError.parse(await came.json());
      expect([came.status, error.code]).toEqual([408, "http.slow"]);
      expect([waits, gone, slow.app.inside()]).toEqual([[LIMITS.httpBodyMs], true, 0]);
    } finally {
      await slow.close();
    }
  });

  test("a key asks so often a minute, and others are not held up by it", async () => {
    const few = await home.key({ rate: 2 });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++)
      statuses.push((await home.ask("GET", "/v1/models", { key: few })).status);
    expect(statuses).toEqual([200, 200, 429]);
    const came = await home.ask("GET", "/v1/models", { key: few });
    expect(codeOf(came)).toBe("http.rate");
    expect(Number(came.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await home.ask("GET", "/v1/models", { key })).status).toBe(200);
  });

  test("a key that used what it may is refused, and says how it stands in its list", async () => {
    const few = await home.key({ total: { calls: 1 } });
    const chat = async (): Promise<unknown> => {
      const came = await home.ask("POST", "/v1/chat/completions", { key: few, body: CHAT });
      return codeOf(came) === undefined ? "answered" : `${came.status} ${String(codeOf(came))}`;
    };
    const came = [await chat(), await chat(), await chat()];
    expect(came.at(-1)).toBe("429 key.spent");
    const [, id = ""] = few.split("_");
    const line = (await home.nanos.keys.list()).find((one) => one.id === id);
    expect(line?.used.total.calls).toBeGreaterThanOrEqual(1);
    // What runs nothing costs nothing.
    expect((await home.ask("GET", "/v1/models", { key: few })).status).toBe(200);
  });

  test("a removed key is one no more, at once", async () => {
    const gone = await home.key({});
    expect((await home.ask("GET", "/v1/models", { key: gone })).status).toBe(200);
    const [, id = ""] = gone.split("_");
    await home.nanos.keys.rm(id);
    expect(await refused("GET", "/v1/models", { key: gone })).toBe("401 http.bad_key");
  });

  test("each request has an id and a line in the log, and nothing of what was sent is in it", async () => {
    const headers = { "x-request-id": "mine-1" };
    const came = await home.ask("GET", "/v1/models", { key, headers });
    expect(came.headers.get("x-request-id")).toBe("mine-1");
    expect(home.lines.at(-1)).toMatchObject({
      request: "mine-1",
      route: "/v1/models",
      status: 200,
    });
    const evil = { "x-request-id": 'a"b c', "user-agent": "secret-agent" };
    const other = await home.ask("POST", "/nowhere/secret-path?secret-query", {
      key,
      headers: evil,
    });
    expect(other.headers.get("x-request-id")).toMatch(/^q[0-9a-z]{15}$/u);
    expect(JSON.stringify(home.lines)).not.toMatch(/nk_|secret-/u);
  });
});

describe("agents as models", () => {
  test("a key sees its own agent, the operator's all of them", async () => {
    const { body } = await home.ask("GET", "/v1/models", { key });
    expect(body).toMatchObject({ object: "list", data: [{ id: "nanos/oracle" }] });
    expect((await home.ask("GET", "/v1/models/nanos%2FOracle", { key })).status).toBe(200);
    expect((await home.ask("GET", "/v1/models/oracle", { key: operator })).status).toBe(200);
    expect(await refused("GET", "/v1/models/gpt-9", { key })).toBe("404 model_not_found");
  });

  test("what a client asks is a run of that agent, and all of it is written down", async () => {
    const came = await home.ask("POST", "/v1/chat/completions", { key, body: CHAT });
    expect(came.body).toMatchObject({
      ...{ object: "chat.completion", model: "nanos/oracle", route_decision: "echo" },
      choices: [{ message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
      ...{ usage: { total_tokens: 0 }, tool_result: { echoed: "hello" }, memory_decision: null },
    });
    const run = came.headers.get("x-nanos-run") ?? "";
    const [line] = home.nanos.traces.list({ limit: 1 });
    expect(line).toMatchObject({ run, client: `key:${key.split("_")[1]}` });
    expect(await home.nanos.traces.replay(run)).toMatchObject({ ok: true });
  });

  test("the conversation a client holds is what its agent is given", async () => {
    await home.nanos.models.use("recorded");
    const messages = [
      { role: "system", content: "Be kind." },
      { role: "user", content: [{ type: "text", text: "my cat is Tom" }] },
      { role: "assistant", content: "Noted." },
      { role: "user", content: "what did I tell you" },
    ];
    const body = { model: "oracle", messages, temperature: 0.5 };
    const came = await home.ask("POST", "/v1/chat/completions", { key, body });
    expect(came.body).toMatchObject({
      choices: [{ message: { content: "That your cat is Tom." } }],
    });
    const run = came.headers.get("x-nanos-run") ?? "";
    expect(await home.nanos.traces.replay(run)).toMatchObject({ ok: true });
    await home.nanos.models.use("rules");
  });

  test("what cannot be asked is refused by name", async () => {
    const chat = (more: object): Promise<unknown> =>
      refused("POST", "/v1/chat/completions", { key, body: { ...CHAT, ...more } });
    expect(await chat({ model: "nanos/nobody" })).toBe("404 model_not_found");
    expect(await chat({ n: 2 })).toBe("400 http.not_supported");
    expect(await chat({ messages: [{ role: "assistant", content: "hi" }] })).toBe(
      "400 chat.no_request",
    );
    const many = Array.from({ length: LIMITS.earlierMessages + 1 }, () => CHAT.messages[0]);
    expect(await chat({ messages: many })).toBe("400 chat.too_many");
  });
});

test("/openapi.json says every route and no other, with the shapes that are really sent", async () => {
  const { body } = await home.ask("GET", "/openapi.json", { key });
  const { paths } = body as { paths: Record<string, Record<string, unknown>> };
  const said = Object.entries(paths).flatMap(([path, all]) =>
    Object.keys(all).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(said.toSorted()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted());
  expect(JSON.stringify(body)).not.toContain("#/$defs");
  for (const { method, path, gives, takes, streams } of ROUTES) {
    if (takes !== null || path.includes("{") || streams === "always") continue;
    const came = await home.ask(method, path, { key: operator });
    expect([path, gives.safeParse(came.body).error]).toEqual([path, undefined]);
  }
  const chat = ROUTES.find(({ path }) => path === "/v1/chat/completions");
  const came = await home.ask("POST", "/v1/chat/completions", { key, body: CHAT });
  expect(chat?.gives.safeParse(came.body).error).toBeUndefined();
});

test("readiness asks the model; whoever stops begins nothing new and says so", async () => {
  const gone = { adapter: "openai-compatible", url: "http://127.0.0.1:9/v1", model: "m" } as const;
  await home.nanos.models.add("gone", gone);
  await home.nanos.models.use("gone");
  const ready = async (): Promise<unknown> => {
    const { status, body } = await home.ask("GET", "/ready");
    return [status, (body as { reason?: string }).reason];
  };
  expect(await ready()).toEqual([503, "model.unreachable"]);
  await home.nanos.models.use("rules");
  expect(await ready()).toEqual([200, undefined]);
  home.app.drain();
  expect(await ready()).toEqual([503, "http.draining"]);
  expect(await refused("POST", "/v1/chat/completions", { key, body: CHAT })).toBe(
    "503 http.draining",
  );
  expect((await home.ask("GET", "/health")).status).toBe(200);
});
