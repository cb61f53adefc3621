import { afterAll, beforeAll, expect, test } from "bun:test";
import { MissionList, MissionShown, MissionStats } from "../../contracts/http/missions.ts";
import { RunList } from "../../contracts/http/runs.ts";
import {
  DiffShown,
  HomeTold,
  Replayed,
  StepShown,
  TraceShown,
} from "../../contracts/http/traces.ts";
import { ROUTES } from "../routes.ts";
import { codeOf, hear, type Served, served } from "../testing/served.ts";

/** What the cockpit reads of runs and missions, and what it begins. */

let home: Served;
let headers: Readonly<Record<string, string>>;

const SUM = {
  description: "adds up",
  inputs: { what: { default: "2 + 2" } },
  tasks: [{ id: "sum", tool: "calculate", args: { expression: "{{ inputs.what }}" } }],
};
const ASKS = {
  description: "waits first",
  rank: "A",
  tasks: [{ id: "say", tool: "echo", args: { text: "x" } }],
};

beforeAll(async () => {
  home = await served({ plans: { sum: SUM, asks: ASKS }, oauth: true });
  headers = await home.seat();
});
afterAll(() => home.close());

const get = async (path: string): Promise<unknown> =>
  (await home.ask("GET", path, { headers })).body;
const post = async (path: string, body?: unknown): Promise<unknown> =>
  (await home.ask("POST", path, { headers, ...(body === undefined ? {} : { body }) })).body;

/** Begins a run and waits for its end. */
async function ran(text: string): Promise<string> {
  const { run } = (await post("/v1/runs", { text })) as { run: string };
  await over(`/v1/runs/${run}/events`);
  return run;
}

async function over(path: string): Promise<void> {
  const heard = await hear(await home.open("GET", path, { headers }));
  expect(heard.at(-1)?.event).toBe("run.ended");
}

test("a run is read step by step, and each step whole", async () => {
  const run = await ran("calculate 6 * 7");
  const trace = TraceShown.parse(await get(`/v1/runs/${run}/trace`));
  expect(trace).toMatchObject({ run, state: "ended", client: null, end: { outcome: "succeeded" } });
  const tool = trace.steps.find(({ kind }) => kind === "tool");
  expect(tool).toMatchObject({ name: "calculate", verdict: "allow", status: "done" });
  expect([trace.all, trace.steps.length]).toEqual([trace.steps.length, trace.all]);
  const part = TraceShown.parse(await get(`/v1/runs/${run}/trace?from=1&limit=1`));
  expect(part.steps.map(({ step }) => step)).toEqual([trace.steps[1]?.step ?? ""]);
  const step = StepShown.parse(await get(`/v1/steps/${tool?.step ?? ""}`));
  expect(step).toMatchObject({ args: { expression: "6 * 7" }, decision: { verdict: "allow" } });
  expect(step.reach?.label.integrity).toBeDefined();
  expect(step.explanation.length).toBeGreaterThan(0);
  for (const path of ["/v1/runs/none/trace", `/v1/steps/${run}.99`, "/v1/steps/none"]) {
    expect((await home.ask("GET", path, { headers })).status).toBe(404);
  }
  const bad = await home.ask("GET", `/v1/runs/${run}/trace?limit=0`, { headers });
  expect(codeOf(bad)).toBe("http.invalid");
});

const NO_SUMS = `rules:
  - id: no-sums
    when: { kind: tool, name: calculate }
    then: deny
    example: { name: calculate, args: {} }
    counter: { name: echo, args: {} }
`;

test("a run is replayed, forked and laid beside the one it came from", async () => {
  const run = await ran("calculate 1 + 1");
  expect(Replayed.parse(await post(`/v1/runs/${run}/replay`))).toMatchObject({ ok: true });
  const inside = await home.ask("POST", `/v1/runs/${run}/fork`, { headers, body: { at: "2" } });
  expect(codeOf(inside)).toBe("fork.inside");
  const { run: fork } = (await post(`/v1/runs/${run}/fork`, { at: "1" })) as { run: string };
  await over(`/v1/runs/${fork}/events`);
  const shown = TraceShown.parse(await get(`/v1/runs/${fork}/trace`));
  expect(shown.fork).toMatchObject({ run });
  const diff = DiffShown.parse(await get(`/v1/runs/${run}/diff/${fork}`));
  expect([diff.parts, diff.steps.length > 0]).toEqual([null, true]);
  // Rules are held against it as text: over the network nobody names a file.
  const held = (await post(`/v1/runs/${run}/fork`, { at: "1", rules: NO_SUMS })) as { run: string };
  await over(`/v1/runs/${held.run}/events`);
  const { steps } = TraceShown.parse(await get(`/v1/runs/${held.run}/trace`));
  const step = await get(`/v1/steps/${steps.at(-1)?.step ?? ""}`);
  expect(StepShown.parse(step).decision?.rule).toBe("fork/no-sums");
  const named = { headers, body: { at: "1", rules: "/etc/rules.yaml" } };
  const file = await home.ask("POST", `/v1/runs/${run}/fork`, named);
  expect([file.status, codeOf(file)]).toEqual([400, "manifest.invalid"]);
});

test("runs are listed part by part, and found by their words", async () => {
  const runs = [await ran("echo first words"), await ran("echo second WORDS"), await ran("echo x")];
  const list = async (query: string): Promise<readonly string[]> =>
    RunList.parse(await get(`/v1/runs?${query}`)).data.map(({ run }) => run);
  const [first = "", second = "", third = ""] = runs;
  expect(await list("limit=2")).toEqual([third, second]);
  expect((await list(`limit=1&before=${second}`))[0]).toBe(first);
  expect(await list("q=words")).toEqual([second, first]);
  expect(await list("q=%25")).toEqual([]);
  expect(await list("before=none")).toEqual([]);
  expect(await list("going=true")).toEqual([]);
});

test("what happens anywhere in the home is told as it happens", async () => {
  const response = await home.open("GET", "/v1/events", { headers });
  const listening = hear(response, (heard) => heard.some(({ event }) => event === "run.ended"));
  const run = await ran("echo heard");
  const told = (await listening).map(({ data }) => HomeTold.parse(JSON.parse(data)));
  expect(told.find((one) => one.run === run)?.kind).toBe("run.started");
  // Whoever was away goes on where they were.
  const since = { ...headers, "last-event-id": String(told[1]?.seq ?? 0) };
  const again = await hear(
    await home.open("GET", "/v1/events", { headers: since }),
    (heard) => heard.length > 1,
  );
  expect(Number(again[0]?.id)).toBe((told[1]?.seq ?? 0) + 1);
});

test("a mission is begun, followed, listed and begun again", async () => {
  expect(await get("/v1/plans")).toEqual({ data: ["asks", "sum"] });
  expect(await get("/v1/plans/sum")).toMatchObject({ plan: { name: "sum" }, by: "operator" });
  const body = { plan: "sum", inputs: { what: "3 * 3" } };
  const came = await home.ask("POST", "/v1/engine/missions", { headers, body });
  const { run } = came.body as { run: string };
  expect(came.status).toBe(202);
  await over(`/v1/engine/missions/${run}/events`);
  const shown = MissionShown.parse(await get(`/v1/engine/missions/${run}`));
  expect(shown).toMatchObject({ plan: "sum", outcome: "succeeded", inputs: { what: "3 * 3" } });
  const { run: next } = (await post(`/v1/engine/missions/${run}/rerun`)) as { run: string };
  await over(`/v1/engine/missions/${next}/events`);
  const runs = async (query: string): Promise<readonly string[]> =>
    MissionList.parse(await get(`/v1/engine/missions?${query}`)).data.map((one) => one.run);
  expect(await runs("")).toEqual([next, run]);
  expect(await runs(`before=${next}&limit=1`)).toEqual([run]);
  expect(await runs("q=SUM")).toEqual([next, run]);
  expect(await runs("q=nothing")).toEqual([]);
  const stats = MissionStats.parse(await get("/v1/engine/missions/stats"));
  expect(stats).toMatchObject({ outcomes: { succeeded: 2 }, waiting: 0 });
});

test("a mission that has to ask is answered as it was shown, or stopped", async () => {
  const begun = async (): Promise<string> => {
    const { run } = (await post("/v1/engine/missions", { plan: "asks" })) as { run: string };
    const response = await home.open("GET", `/v1/engine/missions/${run}/events`, { headers });
    await hear(response, (heard) => heard.some(({ event }) => event === "run.waiting"));
    return run;
  };
  const run = await begun();
  const path = `/v1/engine/missions/${run}`;
  const { asks } = MissionShown.parse(await get(path));
  const blind = await home.ask("POST", `${path}/approve`, { headers, body: {} });
  expect(codeOf(blind)).toBe("approval.args_hash_mismatch");
  const yes = await post(`${path}/approve`, { argsHash: asks[0]?.argsHash ?? "" });
  expect(yes).toMatchObject({ verdict: "allow", by: "operator@cockpit", run });
  await over(`${path}/events`);
  const late = await home.ask("POST", `${path}/approve`, { headers, body: {} });
  expect(codeOf(late)).toBe("mission.no_ask");
  const other = await begun();
  const gone = await home.ask("DELETE", `/v1/engine/missions/${other}`, { headers });
  expect(gone.body).toEqual({ run: other, state: "ended" });
});

test("over the network nobody names a file as a plan, and a key's mission is a client's", async () => {
  for (const plan of ["/etc/passwd", "./plans/sum.yaml", "../x.yaml", "plans/sum.yaml", "none"]) {
    const came = await home.ask("POST", "/v1/engine/missions", { headers, body: { plan } });
    expect([plan, codeOf(came)]).toEqual([plan, "plan.missing"]);
    const shown = await home.ask("GET", `/v1/plans/${encodeURIComponent(plan)}`, { headers });
    expect(shown.status).toBe(404);
  }
  const key = await home.key({ agent: null });
  const { body } = await home.ask("POST", "/v1/engine/missions", { key, body: { plan: "sum" } });
  const { run } = body as { run: string };
  await over(`/v1/runs/${run}/events`);
  expect(home.nanos.traces.line(run)?.client).toBe(`key:${key.split("_")[1]}`);
});

test("what is the operator's, no agent's key is shown", async () => {
  const key = await home.key({});
  const run = await ran("echo mine");
  for (const { method, path, needs, takes } of ROUTES.filter((one) => one.needs === "operator")) {
    const body = takes === null ? {} : { body: {} };
    const came = await home.ask(method, path.replaceAll(/\{\w+\}/gu, run), { key, ...body });
    expect([path, needs, codeOf(came)]).toEqual([path, "operator", "http.operator_only"]);
  }
});
