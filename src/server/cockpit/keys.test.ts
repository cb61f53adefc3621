import { afterAll, beforeAll, expect, test } from "bun:test";
import { KeyList } from "../../contracts/http/cockpit.ts";
import { sha256 } from "../../std/hash.ts";
import { codeOf, type Served, served } from "../testing/served.ts";

/** Keys over HTTP: seen and ended by the operator, and neither made there nor told. */

let home: Served;
let headers: Readonly<Record<string, string>>;

beforeAll(async () => {
  home = await served();
  headers = await home.seat();
});
afterAll(() => home.close());

const idOf = (key: string): string => key.split("_")[1] ?? "";
const CHAT = { model: "nanos/oracle", messages: [{ role: "user", content: "echo hello" }] };

test("each says how far it reaches and what was used of it, and nothing it is shown by", async () => {
  const wish = { agent: "oracle", budget: { calls: 7 }, day: { calls: 90 } };
  const keys = [await home.key(wish), await home.key({ agent: null })];
  const lent = await home.nanos.keys.lend(
    { agent: "oracle", client: "a program" },
    "of-the-program",
  );
  await home.ask("POST", "/v1/chat/completions", { key: keys[0] ?? "", body: CHAT });
  const { body } = await home.ask("GET", "/v1/keys", { headers });
  const { data } = KeyList.parse(body);
  expect(data.map(({ id }) => id)).toEqual([...keys.map(idOf), lent.key.id]);
  expect(data[0]).toMatchObject(wish);
  expect(data[0]?.used.day.calls).toBeGreaterThan(0);
  expect(data[2]).toMatchObject({ agent: "oracle", client: "a program" });
  const said = JSON.stringify(body);
  for (const secret of [...keys, lent.secret, lent.refresh]) {
    expect(said).not.toContain(secret.split("_").at(-1) ?? secret);
    expect(said).not.toContain(sha256(secret));
  }
});

test("one that is ended opens nothing from then on, and is no more", async () => {
  const key = await home.key();
  expect((await home.ask("GET", "/v1/models", { key })).status).toBe(200);
  const path = `/v1/keys/${idOf(key)}`;
  expect((await home.ask("DELETE", path, { headers })).body).toEqual({ id: idOf(key) });
  expect(codeOf(await home.ask("GET", "/v1/models", { key }))).toBe("http.bad_key");
  const again = await home.ask("DELETE", path, { headers });
  expect([again.status, codeOf(again)]).toEqual([404, "http.not_found"]);
});

test("an agent's key sees none and ends none, not even itself", async () => {
  const key = await home.key();
  for (const [method, path] of [
    ["GET", "/v1/keys"],
    ["DELETE", `/v1/keys/${idOf(key)}`],
  ] as const) {
    expect(codeOf(await home.ask(method, path, { key }))).toBe("http.operator_only");
  }
  expect((await home.ask("GET", "/v1/models", { key })).status).toBe(200);
});
