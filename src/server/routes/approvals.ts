import { Answered, Approving, AskList, AskShown } from "../../contracts/http/runs.ts";
import type { AskReply, AskView } from "../../contracts/question.ts";
import { NanosError } from "../../std/error.ts";
import { channelOf } from "../door/asker.ts";
import { topOf } from "../live.ts";
import { Refusal } from "../refusal.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";
import { askLine, asksFor } from "../runs.ts";

/**
 * What waits for the operator. An agent's key sees what its own runs wait for, so that a client can
 * tell its person; answering takes the operator's key, which no agent has.
 */
export const APPROVALS: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/approvals",
    summary: "what runs of this key wait for; with the operator's key all that waits",
    needs: "key",
    takes: null,
    gives: AskList,
    handle: async (call) => ({ body: { data: asksFor(call).map(askLine) } }),
  }),
  route({
    method: "GET",
    path: "/v1/approvals/{id}",
    summary: "one ask with its exact arguments, as the operator reads it before a yes",
    needs: "operator",
    takes: null,
    gives: AskShown,
    handle: async ({ nanos, params }) => ({
      body: shown(nanos.approvals.show(params["id"] ?? "")),
    }),
  }),
  route({
    method: "POST",
    path: "/v1/approvals/{id}/approve",
    summary: "says yes to exactly what was shown, and goes on with the run",
    needs: "operator",
    takes: Approving,
    gives: Answered,
    handle: approve,
  }),
  route({
    method: "POST",
    path: "/v1/approvals/{id}/deny",
    summary: "says no, and goes on with the run",
    needs: "operator",
    takes: null,
    gives: Answered,
    handle: (call) => answer(call, call.params["id"] ?? "", { verdict: "deny", reach: "once" }),
  }),
];

async function approve(call: Call<Approving>): Promise<Reply> {
  const { argsHash, reach, typed } = call.body;
  const view = call.nanos.approvals.show(call.params["id"] ?? "");
  if (view.argsHash !== argsHash) {
    const next = "Read it again: GET /v1/approvals/{id}.";
    throw new Refusal("approval.args_hash_mismatch", "That is not what was shown.", next, {
      param: "argsHash",
    });
  }
  const said = typed === undefined ? {} : { typed };
  return answer(call, view.id, { verdict: "allow", reach, ...said });
}

/** Answers an ask as the operator, and goes on with its run. */
export async function answer(call: Call<unknown>, id: string, reply: AskReply): Promise<Reply> {
  const { nanos, key } = call;
  const run = topOf(nanos.approvals.show(id).run);
  const { verdict, by } = await nanos.approvals.answer(id, reply, channelOf(key));
  return { body: { id, verdict, by, run, resumed: await goOn(call, run) } };
}

/** Goes on with a run, where it is not carried already; an answer holds all the same. */
async function goOn({ nanos, key, carried }: Call<unknown>, run: string): Promise<boolean> {
  try {
    await carried.carry(key, (hooks) => nanos.resume(run, hooks));
    return true;
  } catch (error) {
    if (error instanceof NanosError) return false;
    throw error;
  }
}

function shown({ action, argsHash, question, earlier, changes = [], ...ask }: AskView): unknown {
  return {
    ...{ ...askLine({ ...ask, argsHash }), argsHash, action },
    ...{ rank: question?.rank ?? null, where: [...(question?.where ?? [])] },
    ...{ why: question?.why ?? null, cost: question?.cost ?? null },
    ...{ covers: question?.covers ?? null, changes },
    ...(earlier ? { earlier } : {}),
  };
}
