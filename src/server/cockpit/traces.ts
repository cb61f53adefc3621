import { RunBegun } from "../../contracts/http/runs.ts";
import {
  DiffShown,
  Forking,
  HomeTold,
  Replayed,
  type StepLine,
  StepShown,
  TraceShown,
} from "../../contracts/http/traces.ts";
import type { Trace, TraceStep } from "../../contracts/trace.ts";
import { LIMITS } from "../../std/limits.ts";
import { numberIn } from "../door/paging.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";
import { sinceIn, tellHome } from "../runs.ts";

/** What runs were, as the operator reads them: the call tree, each step, and two runs beside each other. */
export const TRACES: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/runs/{id}/trace",
    summary: "a run with its steps: ?from=N and ?limit=N of them",
    needs: "operator",
    takes: null,
    gives: TraceShown,
    handle: show,
  }),
  route({
    method: "GET",
    path: "/v1/steps/{id}",
    summary: "one step: what was wanted, why it was decided so, what came of it",
    needs: "operator",
    takes: null,
    gives: StepShown,
    handle: showStep,
  }),
  route({
    method: "POST",
    path: "/v1/runs/{id}/replay",
    summary: "drives a run again from the journal alone, and compares",
    needs: "operator",
    takes: null,
    gives: Replayed,
    handle: async ({ nanos, params }) => ({ body: await nanos.traces.replay(params["id"] ?? "") }),
  }),
  route({
    method: "POST",
    path: "/v1/runs/{id}/fork",
    summary: "begins a run that shares the steps before one, and goes on by itself",
    needs: "operator",
    takes: Forking,
    gives: RunBegun,
    handle: fork,
  }),
  route({
    method: "GET",
    path: "/v1/runs/{id}/diff/{other}",
    summary: "where two runs part, step by step",
    needs: "operator",
    takes: null,
    gives: DiffShown,
    handle: async ({ nanos, params }) => ({
      body: nanos.traces.diff(params["id"] ?? "", params["other"] ?? ""),
    }),
  }),
  route({
    method: "GET",
    path: "/v1/events",
    summary:
      "what happens in the whole home as server-sent events; from now on, or after Last-Event-ID",
    needs: "operator",
    takes: null,
    gives: HomeTold,
    streams: "always",
    handle: async (call) => {
      const since = sinceIn(call.headers, call.nanos.traces.newest());
      return { stream: (sink) => tellHome(call, since, sink) };
    },
  }),
];

async function show({ nanos, params, query }: Call<unknown>): Promise<Reply> {
  const trace = nanos.traces.show(params["id"] ?? "");
  const { run, agent, request, model, at, state, end, head, events, fork: from = null } = trace;
  const { client = null, after, parent } = nanos.traces.line(run) ?? { after: [], parent: null };
  const first = numberIn(query, "from", { least: 0, most: MOST, usual: 0 });
  const limit = numberIn(query, "limit", { least: 1, most: LIMITS.httpListed, usual: 200 });
  const body = {
    ...{ run, agent, request, model, at, state, client, after: [...after], parent, end },
    ...{ rehearsal: trace.rehearsal ?? false, fork: from, head, events },
    ...{ all: trace.steps.length, from: first },
    steps: trace.steps.slice(first, first + limit).map(lineOf),
  };
  return { body };
}

const MOST = Number.MAX_SAFE_INTEGER;

function lineOf(step: TraceStep): StepLine {
  const { kind, name, agent, status, isolation, ms, usage, decision, outcome, task } = step;
  const { code, message } = (outcome && "failure" in outcome ? outcome.failure : null) ?? {};
  return {
    ...{ step: step.step, at: step.at ?? null, kind, name, agent },
    ...{ verdict: decision?.verdict ?? null, reason: decision?.reason ?? null },
    ...{ rank: decision?.rank ?? null, review: decision?.review ?? false, status },
    failure: code === undefined || message === undefined ? null : { code, message },
    ...{ isolation, ms, usage, asked: [...(step.asked ?? [])] },
    child: step.child && childOf(step.child),
    ...{ fallback: step.fallback ?? null, within: step.within ?? null },
    task: task ? { recovered: [...task.recovered], ended: task.ended } : null,
  };
}

function childOf({ run, agent, state, end, steps }: Trace): StepLine["child"] {
  return { run, agent, state, outcome: end?.outcome ?? null, steps: steps.length };
}

async function showStep({ nanos, params }: Call<unknown>): Promise<Reply> {
  const found = nanos.traces.why(params["id"] ?? "");
  const { args, decision, outcome, held = null, asks, answers, explanation, line } = found;
  const more = { args, decision, outcome, held, asks, answers, explanation, line };
  return { body: { ...lineOf(found), reach: reachOf(nanos, found.step), ...more } };
}

function reachOf({ traces }: Call<unknown>["nanos"], step: string): unknown {
  for (const { event, body } of traces.events(step.split(".", 1)[0] ?? step)) {
    if (event.step !== step || body?.kind !== "action.proposed") continue;
    const { scopes, destinations, decides = [], label } = body.action;
    return { scopes, destinations, decides, label };
  }
  return null;
}

async function fork({ nanos, params, body, key, carried }: Call<Forking>): Promise<Reply> {
  const { at, agent, model, rules: text } = body;
  const request = {
    ...{ run: params["id"] ?? "", at },
    ...(agent === undefined ? {} : { agent }),
    ...(model === undefined ? {} : { model }),
    ...(text === undefined ? {} : { rules: { text } }),
  };
  const { run } = await carried.carry(key, (hooks) => nanos.fork({ ...request, ...hooks }));
  return { status: 202, body: { run, state: "running" } };
}
