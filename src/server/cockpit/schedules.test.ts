import { afterAll, beforeAll, expect, test } from "bun:test";
import { PreflightShown, ScheduleList } from "../../contracts/http/missions.ts";
import { localZone } from "../../std/clock.ts";
import { codeOf, type Served, served } from "../testing/served.ts";

/** Schedules over HTTP: the same desk as the command's, for the operator and nobody else. */

let home: Served;
let headers: Readonly<Record<string, string>>;

const PLANS = {
  brief: {
    ...{ description: "A plan.", inputs: { topic: {} } },
    tasks: [{ id: "a", tool: "echo", args: { text: "{{ inputs.topic }}" } }],
  },
};

beforeAll(async () => {
  home = await served({ plans: PLANS });
  headers = await home.seat();
});
afterAll(() => home.close());

const post = (path: string, body: object, more: object = { headers }) =>
  home.ask("POST", path, { ...more, body });
const list = async () =>
  ScheduleList.parse((await home.ask("GET", "/v1/schedules", { headers })).body).data;

const BRIEF = {
  ...{ name: "brief", cron: "0 8 * * *", zone: "Europe/Berlin", missed: "skip" },
  ...{ what: { plan: "brief", inputs: { topic: "rain" } }, budget: { calls: 5 } },
};

test("one is looked at, saved, listed, saved again and removed", async () => {
  const looked = PreflightShown.parse((await post("/v1/schedules/preflight", BRIEF)).body);
  expect([looked.problems, looked.times.length, await list()]).toEqual([[], 3, []]);
  const saved = PreflightShown.parse((await post("/v1/schedules", BRIEF)).body);
  expect(saved.schedule).toMatchObject({ name: "brief", missed: "skip", budget: { calls: 5 } });
  expect(saved.schedule.client).toBeUndefined();
  expect(await list()).toMatchObject([{ name: "brief", state: "armed", next: saved.times[0] }]);
  const again = PreflightShown.parse((await post("/v1/schedules", { name: "brief" })).body);
  expect([again.schedule.what, again.changed]).toEqual([BRIEF.what, []]);
  const removed = await home.ask("DELETE", "/v1/schedules/brief", { headers });
  expect([removed.body, await list()]).toEqual([{ id: "brief" }, []]);
  expect(codeOf(await home.ask("DELETE", "/v1/schedules/brief", { headers }))).toBe(
    "schedule.unknown",
  );
});

test.each<[string, object, string, number]>([
  ["a file", { ...BRIEF, what: { plan: "../../plan.yaml", inputs: {} } }, "plan.missing", 404],
  ["no time", { name: "x", what: BRIEF.what }, "schedule.lacks", 400],
  ["a time that never comes", { ...BRIEF, cron: "0 0 30 2 *" }, "schedule.never", 400],
  ["a name that is none", { ...BRIEF, name: "Up And Down" }, "schedule.name", 400],
  ["a field nobody knows", { ...BRIEF, client: "key:other" }, "http.invalid", 400],
])("%s is refused by its code, before anything is saved", async (_, body, code, status) => {
  for (const path of ["/v1/schedules", "/v1/schedules/preflight"]) {
    const answered = await post(path, body);
    expect([answered.status, codeOf(answered)]).toEqual([status, code]);
  }
  expect(await list()).toEqual([]);
});

test("an agent's key has none of it, and what a program saves begins as its key's", async () => {
  const key = await home.key();
  for (const [method, path] of [
    ["GET", "/v1/schedules"],
    ["POST", "/v1/schedules"],
    ["POST", "/v1/schedules/preflight"],
    ["DELETE", "/v1/schedules/brief"],
  ] as const) {
    const body = method === "POST" ? { body: BRIEF } : {};
    expect(codeOf(await home.ask(method, path, { key, ...body }))).toBe("http.operator_only");
  }
  const own = await home.key({ agent: null });
  const operators = (await home.nanos.keys.list()).filter(({ agent }) => agent === null);
  const id = operators[0]?.id ?? "";
  const asking = {
    ...{ name: "news", cron: "0 8 * * *", what: { agent: "oracle", text: "echo hello" } },
  };
  const saved = PreflightShown.parse((await post("/v1/schedules", asking, { key: own })).body);
  expect(saved.schedule).toMatchObject({ client: `key:${id}`, when: { zone: localZone() } });
  // Saved again by the operator it holds the same words; said anew they are the operator's.
  const kept = PreflightShown.parse((await post("/v1/schedules", { name: "news" })).body);
  expect(kept.schedule.client).toBe(`key:${id}`);
  const due = { name: "news", due: 1 };
  const { run, done } = await home.nanos.schedules.begin(kept.schedule, due, "r0news", {});
  expect(await done).toMatchObject({ ended: { text: "hello" } });
  expect(home.nanos.traces.events(run)[0]?.body).toMatchObject({
    ...{ client: `key:${id}`, said: "", schedule: due },
  });
  await home.nanos.keys.rm(id);
  expect(await list()).toMatchObject([{ name: "news", state: "held" }]);
  const said = PreflightShown.parse((await post("/v1/schedules", asking)).body);
  expect([said.schedule.client, (await list())[0]?.state]).toEqual([undefined, "armed"]);
});
