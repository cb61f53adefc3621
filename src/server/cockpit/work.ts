import { Found, UndoShown, WorkerList } from "../../contracts/http/cockpit.ts";
import { RunBegun } from "../../contracts/http/runs.ts";
import type { Trace, TraceStep } from "../../contracts/trace.ts";
import { LIMITS } from "../../std/limits.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/** What goes on now, what can be taken back, and where something is. */
export const WORK: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/workers",
    summary: "what goes on now, and what of it is being done; POST /v1/runs/{id}/cancel stops one",
    needs: "operator",
    takes: null,
    gives: WorkerList,
    handle: workers,
  }),
  route({
    method: "GET",
    path: "/v1/undo/{id}",
    summary: "what taking back a step or a run would bring back, and what it cannot",
    needs: "operator",
    takes: null,
    gives: UndoShown,
    handle: async ({ nanos, params }) => ({ body: nanos.undo.plan(params["id"] ?? "") }),
  }),
  route({
    method: "POST",
    path: "/v1/undo/{id}",
    summary: "takes it back, as a run of its own past the same gate",
    needs: "operator",
    takes: null,
    gives: RunBegun,
    handle: async ({ nanos, params, carried, key }) => {
      const of = params["id"] ?? "";
      const { run } = await carried.carry(key, (hooks) => nanos.undo.run(of, hooks));
      return { status: 202, body: { run, state: "running" } };
    },
  }),
  route({
    method: "GET",
    path: "/v1/search",
    summary: "runs, missions, notes and artifacts that hold ?q=WORDS",
    needs: "operator",
    takes: null,
    gives: Found,
    handle: search,
  }),
];

async function workers({ nanos }: Call<unknown>): Promise<Reply> {
  const going = nanos.traces.list({ going: true, limit: LIMITS.httpRuns });
  const data = going.map(({ run, agent, request, at, state }) => {
    const doing = openIn(nanos.traces.show(run)).slice(0, LIMITS.httpListed);
    return { run, agent, request, at, state, doing };
  });
  return { body: { sandbox: nanos.place.tier, data } };
}

/** Steps that have not settled, in the runs it delegated to as well; with what like ones were held to. */
function openIn({ steps }: Trace): readonly object[] {
  return steps.flatMap((step) => {
    const inside = step.child ? openIn(step.child) : [];
    if (step.status !== "open" && step.status !== "waiting") return inside;
    const { kind, name, agent, at = null } = step;
    const waits = step.status === "waiting";
    return [
      { step: step.step, kind, name, agent, at, waits, held: heldOf(steps, step) },
      ...inside,
    ];
  });
}

function heldOf(steps: readonly TraceStep[], { kind, name }: TraceStep): TraceStep["held"] | null {
  const like = steps.findLast((one) => one.kind === kind && one.name === name && one.held);
  return like?.held ?? null;
}

async function search({ nanos, query }: Call<unknown>): Promise<Reply> {
  const words = (query.get("q") ?? "").trim();
  if (words === "") return { body: { runs: [], missions: [], notes: [], artifacts: [] } };
  const { traces, missions, memory, vault } = nanos;
  const notes = await memory.search(words);
  const has = (title: string): boolean => title.toLowerCase().includes(words.toLowerCase());
  const kept = vault.list({ limit: LIMITS.httpListed }).filter(({ title }) => has(title));
  return {
    body: {
      runs: traces
        .list({ words, limit: MOST })
        .map(({ run, agent, request, at, state }) => ({ run, agent, request, at, state })),
      missions: missions
        .list(MOST, { words })
        .map(({ run, plan, at, state }) => ({ run, plan, at, state })),
      notes: notes.slice(0, MOST).map(({ id, memory: where, text }) => {
        return { id, memory: where, text };
      }),
      artifacts: kept
        .slice(0, MOST)
        .map(({ id, title, version, at }) => ({ id, title, version, at })),
    },
  };
}

/** Of each kind. */
const MOST = 20;
