import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  ArrangementShown,
  CanShown,
  DiffOfArtifact,
  EvidenceShown,
  EvolutionShown,
  ForgottenShown,
  Found,
  Inbox,
  Remembered,
  Simulated,
  ToolList,
  UndoShown,
  WorkerList,
} from "../../contracts/http/cockpit.ts";
import { ArtifactList } from "../../contracts/http/seeds.ts";
import { RunShown } from "../../contracts/http/runs.ts";
import { codeOf, hear, type Served, served } from "../testing/served.ts";

/** What the cockpit shows of the home beside its runs, and what the operator does there. */

let home: Served;
let headers: Readonly<Record<string, string>>;

beforeAll(async () => {
  home = await served({ asking: true, keeping: true });
  headers = await home.seat();
});
afterAll(() => home.close());

const get = async (path: string): Promise<unknown> =>
  (await home.ask("GET", path, { headers })).body;
const post = async (path: string, body?: unknown): Promise<unknown> =>
  (await home.ask("POST", path, { headers, ...(body === undefined ? {} : { body }) })).body;

/** Begins a run and waits until it has ended or has to ask. */
async function ran(body: object): Promise<string> {
  const { run } = (await post("/v1/runs", body)) as { run: string };
  await hear(await home.open("GET", `/v1/runs/${run}/events`, { headers }), (heard) =>
    heard.some(({ event }) => event === "run.waiting"),
  );
  return run;
}

test("who there is, what holds them, and what the gate would say", async () => {
  const shown = ArrangementShown.parse(await get("/v1/arrangement"));
  expect(shown.agents.map(({ name }) => name)).toEqual(["oracle"]);
  expect(shown.rules.map(({ id }) => id)).toContain("ask-first");
  const { data } = ToolList.parse(await get("/v1/tools"));
  expect(data.map(({ name }) => name)).toContain("calculate");
  const args = { expression: "2 + 2" };
  const said = await post("/v1/can", { agent: "oracle", tool: "calculate", args });
  const can = CanShown.parse(said);
  expect(can.explanation.length).toBeGreaterThan(0);
});

test("rules are tried against the past before they count, as text and never as a file", async () => {
  await ran({ text: "echo once" });
  const no = {
    ...{ id: "no", when: { kind: "tool", name: "echo" }, then: "deny" },
    ...{ example: { name: "echo" }, counter: { name: "calculate" } },
  };
  const rules = JSON.stringify({ rules: [no] });
  expect(Simulated.parse(await post("/v1/rules/simulate", { rules }))).toMatchObject({
    ...{ denied: 1, lines: [{ name: "echo", was: "allow", now: "deny", rule: "no" }] },
  });
  const bad = await home.ask("POST", "/v1/rules/simulate", {
    headers,
    body: { rules: "/etc/passwd" },
  });
  expect([bad.status, codeOf(bad)]).toEqual([400, "manifest.invalid"]);
  expect(JSON.stringify(bad.body)).not.toContain("root:");
});

test("what goes on is seen with what it waits for, and is stopped", async () => {
  await home.nanos.models.use("rules");
  const run = await ran({ text: "calculate 2 + 2" });
  const { data } = WorkerList.parse(await get("/v1/workers"));
  const one = data.find((each) => each.run === run);
  expect(one).toMatchObject({ state: "waiting", doing: [{ name: "calculate", waits: true }] });
  await post(`/v1/runs/${run}/cancel`);
  expect(WorkerList.parse(await get("/v1/workers")).data).toEqual([]);
});

test("a conversation goes on with its earlier runs; only the operator chooses a model", async () => {
  const first = await ran({ text: "echo my cat is Tom", model: "recorded" });
  const second = await ran({ text: "and now", after: [first] });
  expect(home.nanos.traces.line(second)?.after).toEqual([first]);
  const key = await home.key({});
  const body = { text: "x", model: "recorded" };
  expect(codeOf(await home.ask("POST", "/v1/runs", { key, body }))).toBe("http.operator_only");
  // What the operator said is nobody else's to go on from.
  const other = await home.ask("POST", "/v1/runs", { key, body: { text: "x", after: [first] } });
  expect([other.status, codeOf(other)]).toEqual([404, "run.foreign"]);
});

test("what a run kept is saved as it is, and shown by no browser", async () => {
  await ran({ text: "keep it", model: "recorded" });
  const { artifacts } = ArtifactList.parse(await get("/v1/vault/artifacts"));
  const [second, first] = artifacts.map(({ id }) => id);
  const came = await home.ask("GET", `/v1/vault/artifacts/${second}/content`, { headers });
  expect(came.body).toBe("two\n");
  const said = (name: string): string | null => came.headers.get(name);
  expect(said("content-type")).toBe("application/octet-stream");
  expect(said("content-disposition")).toBe(`attachment; filename="${second}"`);
  expect(said("x-content-type-options")).toBe("nosniff");
  expect(said("content-security-policy")).toContain("sandbox");
  const diff = DiffOfArtifact.parse(await get(`/v1/vault/artifacts/${second}/diff`));
  expect([diff.from, diff.to, diff.changes.length]).toEqual([first ?? "", second ?? "", 1]);
  const found = Found.parse(await get("/v1/search?q=REPORT"));
  expect(found.artifacts.map(({ title }) => title)).toEqual(["Report", "Report"]);
  expect(Found.parse(await get("/v1/search?q=keep")).runs).toHaveLength(1);
  expect(Found.parse(await get("/v1/search")).runs).toEqual([]);
  expect((await home.ask("GET", "/v1/vault/artifacts/none/content", { headers })).status).toBe(404);
});

test("memory is read, looked through and forgotten by the operator", async () => {
  const { dir } = await home.nanos.memory.list();
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "cat.md"), "My cat is Tom.\n");
  const note = Remembered.parse(await get("/v1/memory/cat"));
  expect(note).toMatchObject({ id: "cat", byHand: true });
  expect(JSON.stringify(note)).not.toContain(dir);
  const hash = "hash" in note ? note.hash : "";
  const wrong = await home.ask("POST", "/v1/memory/cat/vouch", { headers, body: { hash: "x" } });
  expect(codeOf(wrong)).toBe("memory.changed");
  expect(await post("/v1/memory/cat/vouch", { hash })).toMatchObject({ id: "cat", byHand: true });
  const seen = ForgottenShown.parse(await post("/v1/memory/cat/forget", { rehearse: true }));
  expect(seen.notes).toEqual(["cat"]);
  expect((await home.ask("GET", "/v1/memory/cat", { headers })).status).toBe(200);
  ForgottenShown.parse(await post("/v1/memory/cat/forget", {}));
  expect((await home.ask("GET", "/v1/memory/cat", { headers })).status).toBe(404);
  expect(Inbox.parse(await get("/v1/memory/inbox")).data).toEqual([]);
  for (const act of ["accept", "reject"]) {
    const came = await home.ask("POST", `/v1/memory/none/${act}`, { headers });
    expect([act, came.status]).toEqual([act, 404]);
  }
});

test("how far the home has come, and what shows it to others", async () => {
  const { evolution, traits } = EvolutionShown.parse(await get("/v1/evolution"));
  expect([evolution.stage, traits.length > 0]).toEqual(["DORMANT", true]);
  const far = await home.ask("POST", "/v1/traits/AUTONOMOUS_CHAIN", {
    headers,
    body: { on: true },
  });
  expect(codeOf(far)).toBe("trait.not_reached");
  const run = await ran({ text: "echo proof" });
  const evidence = EvidenceShown.parse(await get("/v1/evidence"));
  expect([evidence.report.ok, evidence.checkpoints.length > 0]).toEqual([true, true]);
  const tar = await home.open("GET", `/v1/runs/${run}/bundle?redacted=true`, { headers });
  const bytes = Buffer.from(await tar.arrayBuffer());
  expect([bytes.length % 512, bytes.subarray(257, 262).toString()]).toEqual([0, "ustar"]);
  expect(bytes.toString()).toContain("statement.dsse.json");
  expect(tar.headers.get("content-disposition")).toBe(`attachment; filename="${run}.tar"`);
  const proof = await home.ask("GET", `/v1/steps/${run}.1/proof`, { headers });
  expect(String(proof.body)).toStartWith("c2sp.org/tlog-proof@v1");
});

test("a step that wrote nothing has nothing to take back, and says so", async () => {
  const run = await ran({ text: "echo nothing" });
  expect(UndoShown.parse(await get(`/v1/undo/${run}`))).toMatchObject({ of: run, files: [] });
  const came = await home.ask("POST", `/v1/undo/${run}`, { headers });
  expect(codeOf(came)).toBe("undo.nothing");
  expect(RunShown.parse(await get(`/v1/runs/${run}`)).outcome).toBe("succeeded");
});

test("a grant is a yes to what was shown, and is taken back", async () => {
  const { skills } = ArrangementShown.parse(await get("/v1/arrangement"));
  const [skill] = skills;
  const { name = "", hash = null } = skill ?? {};
  const wrong = await home.ask("POST", "/v1/grants", {
    headers,
    body: { skill: name, hash: "0".repeat(64) },
  });
  expect(wrong.status).toBe(400);
  const yes = await home.ask("POST", "/v1/grants", { headers, body: { skill: name, hash } });
  expect([yes.status, (yes.body as { skill?: string }).skill]).toEqual([200, name]);
  const gone = await home.ask("DELETE", `/v1/grants/${name}`, { headers });
  expect(gone.body).toEqual({ id: name });
  expect((await home.ask("DELETE", "/v1/grants/none", { headers })).status).toBe(404);
});
