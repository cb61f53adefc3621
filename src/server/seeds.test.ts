import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { AgentAnswer, ArtifactList, ArtifactOut, ArtifactShown } from "../contracts/http/seeds.ts";
import {
  CheckpointShown,
  CognitionShown,
  MemoryShown,
  StatusShown,
  Audited,
} from "../contracts/http/status.ts";
import { ROUTES } from "./routes.ts";
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

test("how the home stands is told to the operator, in the shapes the document names", async () => {
  const get = async (path: string): Promise<unknown> =>
    (await home.ask("GET", path, { key: operator })).body;
  const status = StatusShown.parse(await get("/v1/nexusmon/organism/status"));
  expect(status).toEqual(await home.nanos.status());
  expect(status).toMatchObject({ evolution: { stage: "DORMANT" }, agents: ["oracle"] });
  const prediction = { is: "prediction", chance: 80 } as const;
  await home.nanos.cognition.note(prediction, ["It rains."]);
  const cognition = CognitionShown.parse(await get("/v1/cognition/status"));
  // How far back attention is looked at is counted from now.
  const { attention: _, ...read } = cognition;
  expect(home.nanos.cognition.status()).toMatchObject(read);
  expect(cognition.predictions).toMatchObject({ noted: 1, open: 1 });
});

test("the journal is verified and its newest checkpoint handed out, for the operator", async () => {
  const fresh = await served();
  try {
    const by = await fresh.key({ agent: null });
    const path = "/v1/journal/checkpoint";
    const none = await fresh.ask("GET", path, { key: by });
    expect([none.status, codeOf(none)]).toEqual([404, "log.unsigned"]);
    const messages = [{ role: "user", content: "echo hello" }];
    await fresh.ask("POST", "/v1/agents/oracle/chat", { key: by, body: { messages } });
    const [line] = fresh.nanos.traces.list({ limit: 1 });
    const verify = (body: unknown) => fresh.ask("POST", "/v1/audit/verify", { key: by, body });
    for (const body of [{}, { run: line?.run }]) {
      expect(Audited.parse((await verify(body)).body)).toMatchObject({ ok: true, bad: null });
    }
    // What a run was judged by is told beside what would be judged by now.
    const { policy } = Audited.parse((await verify({ run: line?.run })).body);
    expect(policy).toEqual({ now: expect.any(String), made: [policy?.now], same: true } as never);
    expect(Audited.parse((await verify({})).body).policy).toBeNull();
    const other = await fresh.again({ ORCH_ORCHESTRATOR_MODE: "basic" });
    const again = await other.ask("POST", "/v1/audit/verify", {
      key: by,
      body: { run: line?.run },
    });
    expect(Audited.parse(again.body).policy).toMatchObject({ made: policy?.made, same: false });
    await other.close();
    const unknown = await verify({ run: "r0" });
    expect([unknown.status, codeOf(unknown)]).toEqual([404, "run.unknown"]);
    expect(codeOf(await verify({ trace: "r0" }))).toBe("http.invalid");
    const { log, checkpoint } = CheckpointShown.parse(
      (await fresh.ask("GET", path, { key: by })).body,
    );
    expect(log).toBe((await fresh.nanos.evidence.keys()).log);
    // A checkpoint begins with the name of the log, as its key does.
    expect(checkpoint.split("\n")[0]).toBe(log.split("+")[0] ?? "");
  } finally {
    await fresh.close();
  }
});

test("what is remembered is listed and searched by the operator, without where it lies", async () => {
  const { dir } = await home.nanos.memory.list();
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "tea.md"), "Boil the water first.\n");
  writeFileSync(join(dir, "cat.md"), "The cat is Tom.\n");
  const get = async (query: string): Promise<readonly string[]> => {
    const { body } = await home.ask("GET", `/v1/memory${query}`, { key: operator });
    expect(JSON.stringify(body)).not.toContain(dir);
    return MemoryShown.parse(body).notes.map(({ id }) => id);
  };
  expect((await get("")).toSorted()).toEqual(["cat", "tea"]);
  expect(await get("?q=water")).toEqual(["tea"]);
  expect(await get("?q=nothing-of-it")).toEqual([]);
});

test("what is counted says how many, how long and how dear, and nothing a client sent", async () => {
  const busy = await served({ asking: true });
  try {
    const [by, reader] = [await busy.key(), await busy.key({ agent: null })];
    const chat = (content: string, more: object = {}) => {
      const body = { messages: [{ role: "user", content }], model: "oracle", ...more };
      const headers = { "x-request-id": "private-id" };
      return busy.ask("POST", "/v1/chat/completions", { key: by, body, headers });
    };
    await chat("echo private-words");
    await chat("calculate 2 + 2");
    await chat("hi", { model: "private-model" });
    await busy.ask("PURGE", "/private-path?private-query", { key: by });
    await busy.ask("GET", "/metrics", { key: `nk_private_${"0".repeat(64)}` });
    const { body, headers } = await busy.ask("GET", "/metrics", { key: reader });
    const text = String(body);
    expect(headers.get("content-type")).toStartWith("text/plain; version=0.0.4");
    const { spend } = await busy.nanos.status();
    const at = 'method="POST",route="/v1/chat/completions"';
    for (const line of [
      `orch_requests_total{${at},status="200"} 2`,
      `orch_requests_total{${at},status="404"} 1`,
      `orch_errors_total{${at},status="404"} 1`,
      `orch_errors_total{method="other",route="none",status="404"} 1`,
      `orch_errors_total{method="GET",route="/metrics",status="401"} 1`,
      `orch_request_latency_seconds_count{${at}} 3`,
      `nanos_runs ${spend.runs}`,
      `nanos_tokens ${spend.tokens}`,
      `nanos_cost_usd ${spend.cost}`,
      `nanos_runs_unpriced ${spend.unpriced}`,
      "nanos_asks_open 1",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    expect(spend.runs).toBe(2);
    // A tool was used, and what it came to is on disk.
    const { starts, lagMs } = busy.nanos.vitals();
    expect(starts).toBeGreaterThan(0);
    expect(lagMs).toBeGreaterThan(0);
    expect(text.split("\n")).toContain(`nanos_sandbox_starts_total ${starts}`);
    expect(text.split("\n")).toContain(`nanos_journal_lag_seconds ${lagMs / 1000}`);
    const kept = busy.nanos.traces.list().map(({ run }) => run);
    const ids = [by, reader].flatMap((secret) => secret.split("_").slice(1));
    for (const word of ["private", "nk_", "PURGE", ...kept, ...ids.filter((id) => id.length > 3)]) {
      expect(text).not.toContain(word);
    }
    const said = [...text.matchAll(/route="([^"]*)"/gu)].map(([, path]) => path);
    const known = ["none", ...ROUTES.map(({ path }) => path)];
    expect(said.filter((path) => !known.includes(path ?? ""))).toEqual([]);
  } finally {
    await busy.close();
  }
});
