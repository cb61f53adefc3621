import {
  MissionAnswer,
  MissionAsked,
  MissionList,
  MissionShown,
  MissionStats,
  PlanList,
  PlanShown,
  Waiving,
} from "../../contracts/http/missions.ts";
import { Answered, RunBegun, RunTold } from "../../contracts/http/runs.ts";
import type { RunHandle, RunHooks } from "../../contracts/nanos.ts";
import { NanosError } from "../../std/error.ts";
import { askerOf } from "../door/asker.ts";
import { pageOf } from "../door/paging.ts";
import { Refusal } from "../refusal.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";
import { sinceIn, tellRun } from "../runs.ts";
import { answer } from "./approvals.ts";

/** Missions, by the routes of the program they come from. They are the operator's. */
export const MISSIONS: readonly Route[] = [
  route({
    method: "POST",
    path: "/v1/engine/missions",
    summary: "begins a mission by a plan of the arrangement, and answers at once",
    needs: "operator",
    takes: MissionAsked,
    gives: RunBegun,
    handle: begin,
  }),
  route({
    method: "GET",
    path: "/v1/engine/missions",
    summary: "missions, newest first: ?limit, ?before=RUN, ?q=WORDS",
    needs: "operator",
    takes: null,
    gives: MissionList,
    handle: async ({ nanos, query }) => {
      const { limit, ...wish } = pageOf(query);
      return { body: { data: nanos.missions.list(limit, wish) } };
    },
  }),
  route({
    method: "GET",
    path: "/v1/engine/missions/stats",
    summary: "missions in numbers",
    needs: "operator",
    takes: null,
    gives: MissionStats,
    handle: stats,
  }),
  route({
    method: "GET",
    path: "/v1/engine/missions/{id}",
    summary: "one mission with its tasks, and what it waits for",
    needs: "operator",
    takes: null,
    gives: MissionShown,
    handle: async (call) => ({ body: call.nanos.missions.show(idOf(call)) }),
  }),
  route({
    method: "DELETE",
    path: "/v1/engine/missions/{id}",
    summary: "stops a mission; what it did stays on record",
    needs: "operator",
    takes: null,
    gives: RunBegun,
    handle: async (call) => {
      await call.nanos.missions.cancel(idOf(call));
      const { run, state } = call.nanos.missions.show(idOf(call));
      return { body: { run, state } };
    },
  }),
  route({
    method: "POST",
    path: "/v1/engine/missions/{id}/approve",
    summary: "answers the one thing a mission waits for, and goes on with it",
    needs: "operator",
    takes: MissionAnswer,
    gives: Answered,
    handle: approve,
  }),
  route({
    method: "POST",
    path: "/v1/engine/missions/{id}/run",
    summary: "goes on with a mission that waits or was cut off",
    needs: "operator",
    takes: null,
    gives: RunBegun,
    handle: (call) => carry(call, (hooks) => call.nanos.missions.run(idOf(call), hooks)),
  }),
  route({
    method: "POST",
    path: "/v1/engine/missions/{id}/rerun",
    summary: "begins another with the same plan and inputs",
    needs: "operator",
    takes: null,
    gives: RunBegun,
    handle: (call) => carry(call, (hooks) => call.nanos.missions.rerun(idOf(call), hooks)),
  }),
  route({
    method: "POST",
    path: "/v1/engine/missions/{id}/waive",
    summary: "lets a check go; it is then waived and never met",
    needs: "operator",
    takes: Waiving,
    gives: MissionShown,
    handle: async (call) => {
      const { check, because } = call.body;
      await call.nanos.missions.waive(idOf(call), check, because);
      return { body: call.nanos.missions.show(idOf(call)) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/engine/missions/{id}/events",
    summary: "what happens in a mission as server-sent events; goes on after Last-Event-ID",
    needs: "operator",
    takes: null,
    gives: RunTold,
    streams: "always",
    handle: async (call) => {
      const { run } = call.nanos.missions.show(idOf(call));
      const since = sinceIn(call.headers, 0);
      return { stream: (sink) => tellRun(call, { run, since, words: false }, sink) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/plans",
    summary: "the plans of the arrangement, by name",
    needs: "operator",
    takes: null,
    gives: PlanList,
    handle: async ({ nanos }) => ({ body: { data: await nanos.missions.plans() } }),
  }),
  route({
    method: "GET",
    path: "/v1/plans/{name}",
    summary: "one plan as it would be followed, with what it could use at most",
    needs: "operator",
    takes: null,
    gives: PlanShown,
    handle: async ({ nanos, params }) => {
      const name = await planNamed(nanos, params["name"] ?? "");
      return { body: await nanos.missions.plan(name) };
    },
  }),
];

const idOf = ({ params }: Pick<Call<unknown>, "params">): string => params["id"] ?? "";

async function begin(call: Call<MissionAsked>): Promise<Reply> {
  const { nanos, key, body } = call;
  const { inputs, waived } = body;
  const { client } = askerOf(key);
  const request = {
    plan: await planNamed(nanos, body.plan),
    ...(inputs === undefined ? {} : { inputs }),
    ...(waived === undefined ? {} : { waived }),
    ...(client === undefined ? {} : { client }),
  };
  return carry(call, (hooks) => nanos.missions.begin(request, hooks));
}

async function carry(
  { key, carried }: Pick<Call<unknown>, "key" | "carried">,
  start: (hooks: RunHooks) => Promise<RunHandle>,
): Promise<Reply> {
  const { run } = await carried.carry(key, start);
  return { status: 202, body: { run, state: "running" } };
}

/** A plan of the arrangement, or one an agent handed in: over the network nobody names a file. */
export async function planNamed(
  { missions }: Call<unknown>["nanos"],
  name: string,
): Promise<string> {
  const names = await missions.plans();
  if (names.includes(name) || STEP.test(name)) return name;
  const next = `There are: ${names.join(", ") || "none"}.`;
  throw new NanosError("plan.missing", "There is no such plan.", next);
}

const STEP = /^r[0-9a-z]+(?:_\d+)*(?:\.\d+)+$/u;

async function approve(call: Call<MissionAnswer>): Promise<Reply> {
  const { nanos, body } = call;
  const { verdict, reach, argsHash, typed } = body;
  const { asks } = nanos.missions.show(idOf(call));
  const [ask] = asks;
  if (!ask) throw new NanosError("mission.no_ask", "It waits for no answer.", "Look at it again.");
  if (asks.length > 1) {
    const message = `It waits for ${asks.length} answers.`;
    throw new NanosError("mission.many_asks", message, "Answer each: POST /v1/approvals/{id}.");
  }
  if (verdict === "allow" && argsHash !== ask.argsHash) {
    const next = "Read what it waits for first, and send its argsHash.";
    throw new Refusal("approval.args_hash_mismatch", "That is not what was shown.", next, {
      param: "argsHash",
    });
  }
  return answer(call, ask.id, { verdict, reach, ...(typed === undefined ? {} : { typed }) });
}

async function stats({ nanos }: Call<unknown>): Promise<Reply> {
  const { missions, evolution } = await nanos.status();
  const { proven, failed, xp } = evolution;
  return { body: { ...missions, proven, failed, xp } };
}
