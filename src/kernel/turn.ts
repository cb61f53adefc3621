import { parse } from "node:path";
import { isObject, type Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { nearest } from "../std/nearest.ts";
import type { CallPart, ResultPart } from "../contracts/message.ts";
import type { ToolSpec } from "../contracts/model.ts";
import type { Failure, Outcome } from "../contracts/outcome.ts";
import type { Ask } from "../contracts/run.ts";
import type { Usage } from "../contracts/usage.ts";
import { UNKNOWN_LABEL, joinLabels } from "../gate/labels.ts";
import { act, actAll } from "./act.ts";
import type { Acted, Want } from "./proposal.ts";
import { DELEGATE, type RunChild, delegateWant } from "./wants/delegate.ts";
import { commitAll } from "./commit-all.ts";
import type { Frame } from "./frame.ts";
import { modelWant, say } from "./wants/model.ts";
import type { Facts } from "./world.ts";
import { resultText, toolWant } from "./wants/tool.ts";

/** How one turn ended: the model spoke its last word, acted and may go on, waits, or cannot go on. */
export type Turn =
  | { readonly kind: "spoken"; readonly text: string; readonly cut: boolean }
  | { readonly kind: "acted" }
  | { readonly kind: "waiting"; readonly asks: readonly Ask[] }
  | { readonly kind: "stopped"; readonly outcome: Exclude<Outcome, { status: "done" }> };

/** One turn: the model speaks, the actions it wants follow, their results join the conversation. */
export async function turn(
  frame: Frame,
  tools: readonly ToolSpec[],
  runChild: RunChild,
): Promise<Turn> {
  // On its last turn a model gets no tools, so that it answers with what it has.
  const last = frame.spent.turns + 1 >= frame.budget.turns;
  const acted = await act(frame, modelWant(frame, last ? NO_TOOLS : tools));
  if (acted.status === "waiting") return { kind: "waiting", asks: acted.asks };
  frame.spent = { ...frame.spent, turns: frame.spent.turns + 1, ms: frame.spent.ms + acted.ms };
  if (acted.status === "settled") {
    if (acted.outcome.status === "done")
      throw new Error("bug: a model call settled without an answer");
    return { kind: "stopped", outcome: acted.outcome };
  }
  addUsage(frame, acted.usage);
  say(frame, acted.message);
  if (acted.failure) {
    const status = acted.finish === "cancelled" ? "cancelled" : "failed";
    return { kind: "stopped", outcome: { status, failure: acted.failure } };
  }
  const calls = acted.message.parts.filter((part) => part.type === "call");
  if (calls.length === 0 || last) {
    const text = acted.message.parts
      .map((part) => (part.type === "text" ? part.text : ""))
      .join("");
    return {
      kind: "spoken",
      text,
      cut: last && calls.length > 0 ? true : acted.finish === "length",
    };
  }
  return useTools(frame, calls, runChild);
}

const NO_TOOLS: readonly ToolSpec[] = [];

/** Does what the model called for and tells it what came of each call, in the order it asked. */
async function useTools(
  frame: Frame,
  calls: readonly CallPart[],
  runChild: RunChild,
): Promise<Turn> {
  const planned = plan(frame, calls, runChild);
  const wants = planned.flatMap(({ want }) => (want ? [want] : []));
  const acted = await actAll(frame, wants);
  const waits = asksOf(acted);
  if (waits.length > 0) return { kind: "waiting", asks: waits };
  let next = 0;
  const outcomes = planned.map(({ want, refused }) => {
    if (!want) return { step: null, outcome: refused as Outcome };
    const one = acted[next++];
    if (one?.status !== "settled") throw new Error("bug: a call was not settled");
    frame.spent = { ...frame.spent, ms: frame.spent.ms + one.ms };
    return { step: one.step, outcome: one.outcome };
  });
  const committed = await commitAll(frame, calls, outcomes);
  if (committed.kind === "waiting") return committed;
  const results: ResultPart[] = calls.map((call, i) => {
    const outcome = committed.value[i] as Outcome;
    note(frame, call.name, outcome);
    return { type: "result", id: call.id, name: call.name, ...resultText(outcome) };
  });
  say(frame, { role: "tool", parts: results });
  const stopped = committed.value.find(endsRun);
  return stopped && stopped.status !== "done"
    ? { kind: "stopped", outcome: stopped }
    : { kind: "acted" };
}

/** Stopped from outside, or nothing left to spend: going on would only be refused again. */
function endsRun(outcome: Outcome): boolean {
  if (outcome.status === "cancelled") return true;
  return outcome.status === "denied" && outcome.failure.code.startsWith("deny:budget_");
}

interface Planned {
  readonly want: Want | null;
  readonly refused: Outcome | null;
}

/** Turns calls into wants; what cannot be one is refused with what the model can do about it. */
function plan(frame: Frame, calls: readonly CallPart[], runChild: RunChild): readonly Planned[] {
  const delegations = calls.filter(({ name }) => name === DELEGATE).length;
  return calls.map((call, i): Planned => {
    if (i >= LIMITS.callsPerTurn) {
      return refuse(
        "call.too_many",
        `At most ${LIMITS.callsPerTurn} calls a turn are carried out.`,
      );
    }
    if (call.broken !== undefined) {
      return refuse(
        "call.broken_json",
        "The arguments were not valid JSON. Call again with valid JSON.",
      );
    }
    if (call.name === DELEGATE) return planDelegation(frame, call, delegations, runChild);
    const tool = frame.facts.tools.find(({ manifest }) => manifest.name === call.name);
    if (!tool)
      return { want: null, refused: { status: "failed", failure: noTool(call.name, frame.facts) } };
    return { want: toolWant(frame, tool, call.args), refused: null };
  });
}

function planDelegation(frame: Frame, call: CallPart, share: number, runChild: RunChild): Planned {
  const { agent, request } = isObject(call.args) ? call.args : {};
  if (typeof agent !== "string" || typeof request !== "string") {
    return refuse("call.bad_arguments", 'delegate takes {"agent": NAME, "request": TEXT}.');
  }
  if (!frame.facts.agents.some(({ manifest }) => manifest.name === agent)) {
    const names = frame.agent.manifest.agents.join(", ");
    return refuse("agent.unknown", `There is no agent ${agent}. Agents: ${names || "none"}.`);
  }
  return { want: delegateWant(frame, agent, request, share, runChild), refused: null };
}

function refuse(code: string, message: string): Planned {
  const failure: Failure = { code, message };
  return { want: null, refused: { status: "failed", failure } };
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

function addUsage(frame: Frame, usage: Usage | undefined): void {
  const { tokens, cost, unpriced } = frame.spent;
  frame.spent = {
    ...frame.spent,
    tokens: tokens + (usage ? usage.input + usage.output : 0),
    cost: cost + (usage?.cost ?? 0),
    unpriced: unpriced || usage?.cost === undefined,
  };
  frame.usage.input += usage?.input ?? 0;
  frame.usage.output += usage?.output ?? 0;
  frame.usage.cached += usage?.cached ?? 0;
}

/** Keeps what the end of the run will say: hosts, labels, and which tools ever came to something. */
export function note(frame: Frame, name: string, outcome: Outcome): void {
  const tried = frame.tried.get(name) ?? { done: 0, failed: 0, denied: 0, degraded: 0 };
  if (outcome.status === "done") {
    for (const host of outcome.hosts ?? []) frame.hosts.add(host);
    tried.done += 1;
    if (name === DELEGATE) addChildFiles(frame, outcome.output);
    if (outcome.degraded) tried.degraded += 1;
    const sources = outcome.hosts ?? [];
    const tool = frame.facts.tools.find(({ manifest }) => manifest.name === name);
    const { integrity = UNKNOWN_LABEL.integrity, secrecy = UNKNOWN_LABEL.secrecy } =
      tool?.manifest.returns ?? {};
    const label = { integrity, secrecy, sources: [...sources, name].slice(0, 16) };
    frame.label = joinLabels(frame.label, label);
  } else if (outcome.status === "denied") tried.denied += 1;
  else tried.failed += 1;
  frame.tried.set(name, tried);
}

/** Files a delegated run changed count as changed by this run too. */
function addChildFiles(frame: Frame, output: Json): void {
  const files = isObject(output) && Array.isArray(output["files"]) ? output["files"] : [];
  for (const file of files as readonly Json[]) {
    if (!isObject(file)) continue;
    const { path, kind } = file;
    if (typeof path === "string" && typeof kind === "string") frame.files.set(path, kind);
  }
}
