import { ToolAnswer, ToolApproved, ToolApproving, ToolAsked } from "../../contracts/http/tools.ts";
import type { RunState } from "../../contracts/run.ts";
import type { TraceStep } from "../../contracts/trace.ts";
import { NanosError } from "../../std/error.ts";
import { askerOf, channelOf } from "../door/asker.ts";
import { Refusal } from "../refusal.ts";
import { waitedFor } from "../live.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/**
 * Calls of single tools. Each is a run of its own past the same gate, as the key's agent, which has to
 * have the tool. What the gate says is the answer and no error of the request; and a yes is the
 * operator's to give: no agent's key does.
 */
export const TOOLS: readonly Route[] = [
  route({
    method: "POST",
    path: "/v1/tools/execute",
    summary: "calls one tool, past the same gate as an agent's calls",
    needs: "key",
    takes: ToolAsked,
    gives: ToolAnswer,
    handle: execute,
  }),
  route({
    method: "POST",
    path: "/v1/tools/approve",
    summary: "says yes beforehand to one call with exactly these arguments, to be used once",
    needs: "operator",
    takes: ToolApproving,
    gives: ToolApproved,
    handle: approve,
  }),
];

type Came = ToolAnswer["result"];

async function execute(call: Call<ToolAsked>): Promise<Reply> {
  const { nanos, key, body } = call;
  const { name, args, approval_id: approval } = body;
  const { client } = askerOf(key);
  const given = {
    ...(client === undefined ? {} : { client }),
    ...(approval === undefined ? {} : { approvals: [approval] }),
  };
  try {
    const handle = await waitedFor(call, (signal) =>
      nanos.tools.call(name, args, { ...given, signal }),
    );
    const state = await handle.done;
    const step = nanos.traces.show(handle.run).steps.find((one) => one.kind === "tool");
    const result = { ...cameOf(name, state, step), run: handle.run };
    return { headers: { "x-nanos-run": handle.run }, body: { result } };
  } catch (error) {
    const result = refusedBy(name, error);
    if (result === null) throw error;
    return { body: { result } };
  }
}

/** What a call came to, in the words its clients know. */
function cameOf(tool: string, state: RunState, step: TraceStep | undefined): Came {
  const { decision = null, outcome = null } = step ?? {};
  const policy = decision === null ? {} : { policy: decision.policy };
  if (state.state === "waiting") {
    const approvals = state.asks.map(({ id }) => id);
    const error = "approval_required";
    return { status: "error", tool, error, reason: "missing_approval", approvals, ...policy };
  }
  if (outcome?.status === "done") return { status: "ok", tool, result: outcome.output, ...policy };
  if (decision?.verdict === "deny") {
    const reason = decision.reason.replace(/^deny:/u, "");
    const rule = decision.rule ?? decision.layer;
    return {
      status: "error",
      tool,
      error: `policy_denied:${reason}`,
      policy_rule: rule,
      ...policy,
    };
  }
  const failure = outcome && "failure" in outcome ? outcome.failure : endedWith(state);
  const { code = "run.cancelled", message = "It was stopped." } = failure ?? {};
  return { status: "error", tool, error: code, reason: message, ...policy };
}

function endedWith(state: RunState): { readonly code: string; readonly message: string } | null {
  return state.state === "ended" ? (state.ended.failure ?? null) : null;
}

/** A call that was not begun, where that is an answer; null where it is an error of the request. */
function refusedBy(tool: string, error: unknown): Came | null {
  if (!(error instanceof NanosError)) return null;
  const [kind, why] = error.code.split(".", 2);
  if (error.code === "tool.unknown") {
    return { status: "error", tool, error: `unknown_tool:${tool}` };
  }
  if (kind !== "approval" || why === undefined) return null;
  return { status: "error", tool, error: "approval_required", reason: why };
}

async function approve({ nanos, key, body }: Call<ToolApproving>): Promise<Reply> {
  const { name, args, agent = "operator", ttl_seconds: seconds } = body;
  const { decision, question } = await nanos.can(agent, name, args);
  if (question === null) {
    const { verdict, reason } = decision;
    const message = `It needs no approval: the gate says ${verdict} (${reason}).`;
    throw new Refusal("approval.not_needed", message, "Call it: POST /v1/tools/execute.");
  }
  const ms = seconds === undefined ? {} : { ms: seconds * 1000 };
  const [given] = await nanos.approvals.give([question], { channel: channelOf(key), ...ms });
  const { id = "", argsHash = "", expires = 0 } = given ?? {};
  return { body: { approval_id: id, tool: name, agent, args_hash: argsHash, expires } };
}
