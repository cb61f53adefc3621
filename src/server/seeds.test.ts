import { afterAll, beforeAll, expect, test } from "bun:test";
import { AgentAnswer, ArtifactList, ArtifactOut, ArtifactShown } from "../contracts/http/seeds.ts";
import { type Served, codeOf, served } from "./testing/served.ts";

/** Routes of the programs nanos grew out of: agents by name, and what their runs kept. */

let home: Served;
let key = "";
let operator = "";

beforeAll(async () => {
  home = await served({ keeping: true });
  key = await home.key({ rate: 1_000 });
  operator = await home.key({ agent: null, rate: 1_000 });
});
afterAll(() => home.close());

test("an agent is found whatever the case of its name, and answers a chat", async () => {
  const { body } = await home.ask("GET", "/v1/agents", { key });
  expect(body).toMatchObject({ agents: [{ name: "Oracle", id: "oracle" }] });
  for (const name of ["oracle", "Oracle", "ORACLE"]) {
    const shown = await home.ask("GET", `/v1/agents/${name}`, { key });
    expect(shown.body).toMatchObject({ name: "Oracle" });
  }
  const messages = [{ role: "user", content: "echo hello" }];
  const came = await home.ask("POST", "/v1/agents/Oracle/chat", { key, body: { messages } });
  const { agent, choices, object } = AgentAnswer.parse(came.body);
  expect([agent, object, choices[0]?.message.content]).toEqual([
    "oracle",
    "chat.completion",
    "hello",
  ]);
  for (const path of ["/v1/agents/nobody", "/v1/agents/..%2foracle"]) {
    const missing = await home.ask("GET", path, { key });
    expect([missing.status, codeOf(missing)]).toEqual([404, "model_not_found"]);
  }
});

test("what a run kept is there for the operator, with its versions and their word on it", async () => {
  await home.nanos.models.use("recorded");
  const messages = [{ role: "user", content: "keep it" }];
  await home.ask("POST", "/v1/agents/oracle/chat", { key, body: { messages } });
  const get = async (path: string): Promise<unknown> =>
    (await home.ask("GET", `/v1/vault/artifacts${path}`, { key: operator })).body;
  const { artifacts } = ArtifactList.parse(await get(""));
  expect(artifacts.map(({ title, version }) => [title, version])).toEqual([
    ["Report", 2],
    ["Report", 1],
  ]);
  const id = artifacts[0]?.id ?? "";
  expect(ArtifactList.parse(await get(`/${id}/history`)).artifacts).toHaveLength(2);
  expect(ArtifactShown.parse(await get(`/${id}`))).toMatchObject({ agent: "oracle", review: null });

  for (const [verb, status] of [
    ["approve", "approved"],
    ["reject", "rejected"],
  ] as const) {
    const path = `/v1/vault/artifacts/${id}/${verb}`;
    const own = await home.ask("POST", path, { key, body: {} });
    expect(codeOf(own)).toBe("http.operator_only");
    const said = await home.ask("POST", path, { key: operator, body: { why: "so" } });
    expect(ArtifactOut.parse(said.body).status).toBe(status);
  }
  const by = `operator@key:${operator.split("_")[1]}`;
  expect(await get(`/${id}`)).toMatchObject({ review: { verdict: "rejected", by, why: "so" } });
  const missing = await home.ask("GET", "/v1/vault/artifacts/r0.1", { key: operator });
  expect([missing.status, codeOf(missing)]).toEqual([404, "artifact.unknown"]);
});
