import { parse } from "node:path";
import { ordered } from "../std/canonical.ts";
import { isObject } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { nearest } from "../std/nearest.ts";
import type { CallPart, ResultPart } from "../contracts/message.ts";
import type { ToolSpec } from "../contracts/model.ts";
import type { Failure, Outcome } from "../contracts/outcome.ts";
import type { Ask } from "../contracts/run.ts";
import { actAll } from "./act.ts";
import { RecordEnds } from "./drive/drive.ts";
import { leave, stepsToLeave } from "./drive/leave.ts";
import { toolSpecs } from "./prompt.ts";
import type { Acted, Want } from "./proposal.ts";
import { DELEGATE, type RunChild, budgetFor, delegateWant } from "./wants/delegate.ts";
import { type Settled, commitAll } from "./commit-all.ts";
import { lastText, note } from "./ending.ts";
import { answerBySchema } from "./flow/answer.ts";
import { markOf } from "./flow/evidence.ts";
import { notePlan } from "./flow/flow.ts";
import { type Frame, agentOf } from "./frame.ts";
import { heldWant } from "./secrets/guard.ts";
import { spendTime, spendTurn } from "./spend.ts";
import { clientWant, handedOver } from "./clients/want.ts";
import { askModel, followModel } from "./wants/fallback.ts";
import { isOwn, ownWant } from "./wants/own.ts";
import { say } from "./wants/model.ts";
import type { Facts } from "./world.ts";
import { resultText, toolWant } from "./wants/tool.ts";

/** How one turn ended: the model spoke its last word, acted and may go on, waits, or cannot go on. */
export type Turn =
  | { readonly kind: "spoken"; readonly text: string; readonly cut: boolean }
  | { readonly kind: "acted" }
  /** It called tools that its client carries out. */
  | { readonly kind: "handed"; readonly text: string; readonly calls: readonly CallPart[] }
  | { readonly kind: "waiting"; readonly asks: readonly Ask[] }
  | { readonly kind: "stopped"; readonly outcome: Exclude<Outcome, { status: "done" }> };

/** One turn: the model speaks, the actions it wants follow, their results join the conversation. */
export async function turn(frame: Frame, runChild: RunChild): Promise<Turn> {
  // On its last turn a model gets no tools, so that it answers with what it has.
  const last = frame.spent.turns + 1 >= frame.budget.turns;
  await followModel(frame);
  const acted = await askModel(frame, last ? NO_TOOLS : toolsOf(frame));
  if (acted.status === "waiting") return { kind: "waiting", asks: acted.asks };
  if (acted.status === "settled") {
    if (acted.outcome.status === "done")
      throw new Error("bug: a model call settled without an answer");
    return { kind: "stopped", outcome: acted.outcome };
  }
  spendTurn(frame, acted.usage, acted.ms);
  say(frame, acted.message);
  notePlan(frame, acted.message);
  if (acted.failure) {
    const status = acted.finish === "cancelled" ? "cancelled" : "failed";
    return { kind: "stopped", outcome: { status, failure: acted.failure } };
  }
  const calls = acted.message.parts.filter((part) => part.type === "call");
  if (calls.length === 0 || last) {
    return {
      kind: "spoken",
      text: lastText(frame),
      cut: last && calls.length > 0 ? true : acted.finish === "length",
    };
  }
  return useTools(frame, calls, runChild);
}

const NO_TOOLS: readonly ToolSpec[] = [];

/** All it may call, the same for the whole run. */
function toolsOf(frame: Frame): readonly ToolSpec[] {
  frame.specs ??= toolSpecs(frame);
  return frame.specs;
}

/** Does what the model called for and tells it what came of each call, in the order it asked. */
async function useTools(
  frame: Frame,
  calls: readonly CallPart[],
  runChild: RunChild,
): Promise<Turn> {
  const settled: Settled[] = [];
  // A fork may leave the run it came from between two calls; all others are made at once.
  while (settled.length < calls.length) {
    // What a call staged is put in place by its own run, and is gone after that.
    if (settled.some(isStaged)) throw new RecordEnds("a stage is its run's own", null);
    await leave(frame);
    toolsOf(frame);
    const some = await callSome(frame, calls, settled.length, runChild);
    if ("asks" in some) return { kind: "waiting", asks: some.asks };
    settled.push(...some.settled);
  }
  const committed = await commitAll(frame, calls, settled);
  if (committed.kind === "waiting") return committed;
  const results = calls.map((call, i): ResultPart => {
    const one = committed.value[i] as Settled;
    note(frame, call, one);
    const { error, text } = resultText(one.outcome);
    const mark = frame.proves ? markOf(one.step, one.outcome) : "";
    return { error, id: call.id, name: call.name, text: `${text}${mark}`, type: "result" };
  });
  say(frame, { parts: results, role: "tool" });
  const stopped = committed.value.map(({ outcome }) => outcome).find(endsRun);
  if (stopped && stopped.status !== "done") return { kind: "stopped", outcome: stopped };
  const handed = handedOver(frame, calls, committed.value);
  if (handed.length > 0) return { kind: "handed", text: lastText(frame), calls: handed };
  return { kind: "acted" };
}

function isStaged({ outcome }: Settled): boolean {
  return outcome.status === "done" && outcome.staged !== undefined;
}

/** Makes the calls after the first `from`, or as many as come before a fork's first own step. */
async function callSome(
  frame: Frame,
  calls: readonly CallPart[],
  from: number,
  runChild: RunChild,
): Promise<{ readonly settled: readonly Settled[] } | { readonly asks: readonly Ask[] }> {
  const planned = plan(frame, calls, runChild).slice(from);
  const all = planned.flatMap((one) => ("want" in one ? [one.want] : []));
  const acted = await actAll(frame, all.slice(0, stepsToLeave(frame, all.length)));
  frame.setAside = 0;
  if (acted.some(({ status }) => status === "waiting")) return { asks: asksOf(acted) };
  const ms = acted.flatMap((one) => (one.status === "settled" ? [one.ms] : []));
  spendTime(frame, ms);
  const inOrder = acted[Symbol.iterator]();
  const settled: Settled[] = [];
  for (const one of planned) {
    if ("refused" in one) {
      settled.push({ step: null, outcome: one.refused, label: null });
      continue;
    }
    const next = inOrder.next().value;
    if (next === undefined) break;
    if (next.status !== "settled") throw new Error("bug: a call was not settled");
    settled.push(next);
  }
  return { settled };
}

/** Stopped from outside, or nothing left to spend: going on would only be refused again. */
function endsRun(outcome: Outcome): boolean {
  if (outcome.status === "cancelled") return true;
  return outcome.status === "denied" && outcome.failure.code.startsWith("deny:budget_");
}

/** What a call became: something wanted, or a refusal with what the model can do about it. */
type Planned = { readonly want: Want } | { readonly refused: Outcome };

/** Turns calls into wants; calls for what the runs delegated to may use are set aside. */
function plan(frame: Frame, calls: readonly CallPart[], runChild: RunChild): readonly Planned[] {
  const some = calls.slice(0, LIMITS.callsPerTurn);
  const delegations = some.filter(({ name }) => name === DELEGATE).length;
  const sharing = { calls: some.length, delegations };
  return calls.map((call, i): Planned => {
    if (i >= LIMITS.callsPerTurn) {
      return refuse(
        // call.too_many -> Nothing: the model is told, and calls the rest later.
        "call.too_many",
        `At most ${LIMITS.callsPerTurn} calls a turn are carried out.`,
      );
    }
    if (call.broken !== undefined) {
      return refuse(
        // call.broken_json -> Nothing: the model is told; if it stays, choose one that calls tools: nanos model probe NAME.
        "call.broken_json",
        "The arguments were not valid JSON. Call again with valid JSON.",
      );
    }
    const clients = clientWant(frame, call);
    if (clients) {
      const before = calls.slice(0, i).some((one) => clientWant(frame, one) !== null);
      return before && frame.started.wish?.single
        ? // call.one_at_a_time -> Nothing: the model is told so, and asks again in another way.
          refuse("call.one_at_a_time", "The client takes one call at a time. Make this one later.")
        : { want: heldWant(clients, call.secrets) };
    }
    if (call.name === DELEGATE) return planDelegation(frame, call, sharing, runChild);
    if (isOwn(frame, call.name)) {
      const want = ownWant(frame, call.name, call.args);
      return typeof want === "string"
        ? refuse("call.bad_arguments", want)
        : { want: heldWant(want, call.secrets) };
    }
    const tool = frame.facts.tools.find(
      ({ manifest, prompt }) => manifest.name === call.name && prompt === undefined,
    );
    if (!tool) return { refused: { status: "failed", failure: noTool(call.name, frame.facts) } };
    return { want: heldWant(toolWant(frame, tool, call.args), call.secrets) };
  });
}

function planDelegation(
  frame: Frame,
  call: CallPart,
  sharing: Parameters<typeof budgetFor>[2],
  runChild: RunChild,
): Planned {
  const { agent, request, input, schema } = isObject(call.args) ? call.args : {};
  if (typeof agent !== "string" || typeof request !== "string") {
    return refuse("call.bad_arguments", 'delegate takes {"agent": NAME, "request": TEXT}.');
  }
  if (!agentOf(frame.facts, agent)) {
    const names = frame.agent.manifest.agents.join(", ");
    return refuse("agent.unknown", `There is no agent ${agent}. Agents: ${names || "none"}.`);
  }
  const answer = answerBySchema(frame, agent, schema);
  // call.bad_schema -> Nothing: the model is told so, and asks again in another way.
  if (typeof answer === "string") return refuse("call.bad_schema", answer);
  const budget = budgetFor(frame, agent, sharing);
  // Where nothing is left at all, the gate says so.
  const isTooLittle = Math.min(budget.turns, budget.calls, budget.tokens) < 1;
  if (isTooLittle && !isSpent(frame)) {
    // call.no_budget -> Give it more: --max-cost, --max-calls, or limits in the agent's file.
    return refuse("call.no_budget", "What is left of this run is too little for another agent.");
  }
  frame.setAside += budget.calls;
  const given = frame.facts.evidence && input !== undefined ? { input: ordered(input) } : {};
  const errand = { agent, request, budget, ...given, ...(answer && { answer }) };
  return { want: heldWant(delegateWant(frame, errand, runChild), call.secrets) };
}

function isSpent({ spent, budget }: Frame): boolean {
  return (
    spent.turns >= budget.turns || spent.calls >= budget.calls || spent.tokens >= budget.tokens
  );
}

function refuse(code: string, message: string): Planned {
  const failure: Failure = { code, message };
  return { refused: { status: "failed", failure } };
}

/** Why there is no such tool: it could not be loaded, or nothing has that name. */
export function noTool(name: string, facts: Facts): Failure {
  const file = facts.broken.find(({ source }) => parse(source).name === name);
  if (file) return file.failure;
  const near = nearest(
    name,
    facts.tools.map(({ manifest }) => manifest.name),
  );
  const hint = near ? ` Did you mean ${near}?` : "";
  return { code: "tool.unknown", message: `There is no tool ${name}.${hint}` };
}

function asksOf(acted: readonly Acted[]): readonly Ask[] {
  return acted.flatMap((one) => (one.status === "waiting" ? one.asks : []));
}
