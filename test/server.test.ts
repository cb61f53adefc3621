import { expect, test } from "bun:test";
import { person } from "./support/nanos.ts";

/** `nanos serve` as a person starts it, and what is refused before it listens. */

test("a key, a server, an answer, and a stop that loses nothing", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  const limits = ["--rate", "100/min", "--total-calls", "400", "--day-cost", "2"];
  const { out } = await me.nanos("key", "new", "--agent", "oracle", ...limits, "--json");
  const { key, id } = JSON.parse(out) as { key: string; id: string };
  const server = me.begin(["serve", "--port", "0"]);
  await server.until("listening on ");
  const [url = ""] = /http:\/\/[\d.:]+/u.exec(server.text()) ?? [];
  const body = { model: "nanos/oracle", messages: [{ role: "user", content: "echo hello" }] };
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(await answer.json()).toMatchObject({ choices: [{ message: { content: "hello" } }] });
  expect((await fetch(`${url}/v1/models`)).status).toBe(401);
  // The operator's browser, by a link of its own: nobody who reads the server's log has one.
  const { link } = JSON.parse((await me.nanos("key", "link", "--url", url, "--json")).out) as {
    link: string;
  };
  expect(link).toStartWith(`${url}/landing#nl_`);
  const seat = await fetch(`${url}/v1/seats`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ link: link.split("#")[1] }),
  });
  const [cookie = ""] = (seat.headers.get("set-cookie") ?? "").split(";");
  const page = await fetch(`${url}/organism`, { headers: { cookie } });
  expect(await page.text()).toContain('<script type="module" src="/web/main-');
  server.kill("SIGTERM");
  const ended = await server.ended;
  expect(ended.code).toBe(0);
  const lines = ended.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(lines).toMatchObject([
    { route: "/v1/chat/completions", status: 200, key: id },
    { route: "/v1/models", status: 401, code: "http.no_key" },
    { route: "/v1/seats", status: 200, key: null },
    { route: "/organism", status: 200 },
  ]);
  expect(`${ended.out}${ended.err}`).not.toContain(key);
  expect(`${ended.out}${ended.err}`).not.toContain("nl_");
  expect((await me.nanos("trace", "verify")).code).toBe(0);
  const [line] = JSON.parse((await me.nanos("key", "list", "--json")).out) as {
    used: { total: { calls: number }; day: { cost: number } };
  }[];
  expect(line?.used.total.calls).toBeGreaterThan(0);
  expect(line?.used.day.cost).toBe(0);
  const list = (await me.nanos("key", "list")).out;
  expect([list.includes("100/min"), list.includes("/400 calls")]).toEqual([true, true]);
  expect((await me.nanos("key", "rm", id)).code).toBe(0);
});

test("what cannot be served or made into a key is said before anything is done", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  for (const [args, says] of [
    [["serve", "--port", "70000"], "usage.port"],
    [["serve", "--tls-cert", "cert.pem"], "usage.tls"],
    [["serve", "--tls-cert", "no.pem", "--tls-key", "no.pem"], "usage.file"],
    [["serve", "--host", "0.0.0.0"], "serve.no_key"],
    [["serve", "--host", "0.0.0.0", "--plain-http"], "serve.no_key"],
    [["key", "new"], "usage.key"],
    [["key", "new", "--agent", "oracle", "--operator"], "usage.key"],
    [["key", "new", "--agent", "oracle", "--rate", "5"], "usage.rate"],
    [["key", "new", "--agent", "oracle", "--expires", "2001-01-01"], "usage.date"],
    [["key", "new", "--agent", "oracle", "--max-calls", "0"], "usage.number"],
    [["key", "new", "--agent", "oracle", "--max-cost", "x"], "usage.number"],
    [["key", "new", "--agent", "oracle", "--day-tokens", "0"], "usage.number"],
    [["key", "new", "--agent", "oracle", "--total-cost", "x"], "usage.number"],
    [["key", "new", "--agent", "oracle", "--scope", "all"], "key.bad_scope"],
    [["key", "link", "--url", "file:///etc"], "usage.url"],
  ] as const) {
    const { code, err } = await me.nanos(...args);
    expect([args.join(" "), code, err.includes(`(${says})`)]).toEqual([args.join(" "), 2, true]);
  }
});
