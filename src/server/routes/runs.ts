import { clientOf } from "../../contracts/http/key.ts";
import { RunAsked, RunBegun, RunHeard, RunList, RunShown } from "../../contracts/http/runs.ts";
import { agentNamed } from "../agents.ts";
import { askerOf } from "../door/asker.ts";
import { pageOf } from "../door/paging.ts";
import { Refusal } from "../refusal.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";
import { askLine, asksFor, runFor, sinceIn, tellRun } from "../runs.ts";

/** Runs by themselves: begun, looked at and stopped; whoever began one need not stay. */
export const RUNS: readonly Route[] = [
  route({
    method: "POST",
    path: "/v1/runs",
    summary: "begins a run and answers at once; it goes on without its client",
    needs: "key",
    takes: RunAsked,
    gives: RunBegun,
    handle: beginRun,
  }),
  route({
    method: "GET",
    path: "/v1/runs",
    summary:
      "the newest runs of this key, the operator's of everybody: ?limit, ?before=RUN, ?q=WORDS, ?going=true",
    needs: "key",
    takes: null,
    gives: RunList,
    handle: listRuns,
  }),
  route({
    method: "GET",
    path: "/v1/runs/{id}",
    summary: "one run: how it stands, what it answered, what it waits for",
    needs: "key",
    takes: null,
    gives: RunShown,
    handle: showRun,
  }),
  route({
    method: "POST",
    path: "/v1/runs/{id}/cancel",
    summary: "stops a run",
    needs: "key",
    takes: null,
    gives: RunBegun,
    handle: async (call) => {
      const run = runOf(call);
      await call.nanos.cancel(run);
      return { body: { run, state: call.nanos.traces.show(run).state } };
    },
  }),
  route({
    method: "POST",
    path: "/v1/runs/{id}/resume",
    summary: "goes on with a run that was answered or interrupted",
    needs: "key",
    takes: null,
    gives: RunBegun,
    handle: async ({ nanos, key, carried, ...call }) => {
      const run = runOf({ nanos, key, ...call });
      await carried.carry(key, (hooks) => nanos.resume(run, hooks));
      return { body: { run, state: nanos.traces.show(run).state } };
    },
  }),
  route({
    method: "GET",
    path: "/v1/runs/{id}/events",
    summary:
      "what happens in a run as server-sent events, after Last-Event-ID; ?words=true: what its model says as well",
    needs: "key",
    takes: null,
    gives: RunHeard,
    streams: "always",
    handle: async (call) => {
      const run = runOf(call);
      const since = sinceIn(call.headers, 0);
      const words = call.query.get("words") === "true";
      return { stream: (sink) => tellRun(call, { run, since, words }, sink) };
    },
  }),
];

function runOf(call: Pick<Call<unknown>, "nanos" | "key" | "params">): string {
  return runFor(call, call.params["id"] ?? "");
}

async function beginRun({ nanos, key, body, carried }: Call<RunAsked>): Promise<Reply> {
  const { text, agent, within, budget, after, model } = body;
  if (model !== undefined && key?.agent !== null) {
    const next = "Leave model out: the agent's own is asked.";
    throw new Refusal("http.operator_only", "Only the operator chooses a model.", next, {
      param: "model",
    });
  }
  const named = agent === undefined ? {} : { agent: agentNamed({ nanos, key }, agent) };
  const request = {
    ...{ text, ...askerOf(key), ...named },
    ...(within === undefined ? {} : { within }),
    ...(after === undefined ? {} : { after }),
    ...(model === undefined ? {} : { model }),
    ...(budget === undefined ? {} : { budget: bare(budget) }),
  };
  const { run } = await carried.carry(key, (hooks) => nanos.run({ ...request, ...hooks }));
  return { status: 202, body: { run, state: "running" } };
}

/** Without what was not said. */
function bare({ cost, calls }: NonNullable<RunAsked["budget"]>): { cost?: number; calls?: number } {
  return { ...(cost === undefined ? {} : { cost }), ...(calls === undefined ? {} : { calls }) };
}

async function listRuns({ nanos, key, query }: Call<unknown>): Promise<Reply> {
  const whose = key && key.agent !== null ? { client: clientOf(key) } : {};
  const going = query.get("going") === "true";
  const data = nanos.traces.list({ ...pageOf(query), going, ...whose }).map((line) => {
    const { run, agent, request, at, state, outcome, steps, tokens, cost } = line;
    return { run, agent, request, at, state, outcome, steps, tokens, cost };
  });
  return { body: { data } };
}

async function showRun(call: Call<unknown>): Promise<Reply> {
  const trace = call.nanos.traces.show(runOf(call));
  const { run, agent, request, at, state, end } = trace;
  const failure = end?.failure ? { code: end.failure.code, message: end.failure.message } : null;
  const asks = asksFor(call).filter((ask) => ask.run === run || ask.run.startsWith(`${run}_`));
  const came = {
    ...{ outcome: end?.outcome ?? null, text: end?.text ?? "", failure },
    usage: end?.usage ?? null,
  };
  return { body: { run, agent, request, at, state, ...came, asks: asks.map(askLine) } };
}
