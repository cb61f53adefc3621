import type { Json } from "../../std/json.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { Ask, RunEnd } from "../../contracts/run.ts";
import type { Budget, Spent } from "../../contracts/usage.ts";
import { UNKNOWN_LABEL, joinLabels } from "../../gate/labels.ts";
import { carveBudget } from "../../gate/budget.ts";
import { Waiting, type Want } from "../proposal.ts";
import { type Frame, draft } from "../frame.ts";

/** The name models call to hand work to another agent. */
export const DELEGATE = "delegate";

/** Delegation as a tool of the model's, with the agents this one may hand work to; null for none. */
export function delegateSpec(frame: Pick<Frame, "agent" | "facts" | "depth">): ToolSpec | null {
  const { agent, facts, depth } = frame;
  const known = agent.manifest.agents.filter((name) =>
    facts.agents.some((other) => other.manifest.name === name),
  );
  if (known.length === 0 || depth >= facts.depth) return null;
  const list = known.map((name) => {
    const other = facts.agents.find((one) => one.manifest.name === name);
    return `${name}: ${other?.manifest.description ?? ""}`;
  });
  return {
    name: DELEGATE,
    description: `Hand a piece of work to another agent and get its answer.\n${list.join("\n")}`,
    input: {
      type: "object",
      properties: {
        agent: { type: "string", enum: known },
        request: { type: "string", description: "What it should do, complete in itself." },
      },
      required: ["agent", "request"],
      additionalProperties: false,
    },
  };
}

/** How a child run is carried and what it comes to; handed in, as runs build on actions. */
export type RunChild = (given: {
  frame: Frame;
  step: string;
  agent: string;
  request: string;
  budget: Budget;
}) => Promise<
  | { readonly state: "ended"; readonly run: string; readonly end: RunEnd; readonly head: string }
  | { readonly state: "waiting"; readonly asks: readonly Ask[] }
>;

/**
 * A delegation as an action. `share` is how many delegations of this turn divide what the parent
 * has left, so that together they never exceed it.
 */
export function delegateWant(
  frame: Frame,
  agent: string,
  request: string,
  share: number,
  runChild: RunChild,
): Want {
  const action: Action = {
    gate: "call",
    kind: "agent",
    name: agent,
    agent: frame.agent.manifest.name,
    args: { agent, request },
    scopes: [`agent:${agent}`],
    destinations: [],
    label: frame.label,
  };
  const limits = frame.facts.agents.find((one) => one.manifest.name === agent)?.manifest.limits;
  const budget = carveBudget(
    shareOf(frame.budget, frame.spent, share),
    frame.spent,
    (limits ?? {}) as Partial<Budget>,
  );
  return {
    action,
    declared: null,
    attached: frame.agent.manifest.agents.includes(agent),
    // A child run finds its own record and goes on from there.
    repeatable: true,
    perform: (step) => delegate(frame, { agent, request, budget }, step, runChild),
  };
}

/** What of a budget one of several delegations may use: an equal part of what is left. */
function shareOf(budget: Budget, spent: Spent, share: number): Budget {
  const part = (limit: number, used: number): number =>
    used + Math.max(1, Math.floor((limit - used) / share));
  return {
    ...budget,
    turns: part(budget.turns, spent.turns),
    calls: part(budget.calls, spent.calls),
    tokens: part(budget.tokens, spent.tokens),
    ...(budget.cost === undefined
      ? {}
      : { cost: spent.cost + Math.max(0, budget.cost - spent.cost) / share }),
  };
}

async function delegate(
  frame: Frame,
  work: { agent: string; request: string; budget: Budget },
  step: string,
  runChild: RunChild,
): Promise<Draft> {
  const { drive } = frame;
  const start = drive.elapsed();
  const child = await runChild({ frame, step, ...work });
  if (child.state === "waiting") throw new Waiting(child.asks);
  const { end, head, run } = child;
  const ms = Math.round(drive.elapsed() - start);
  return {
    ...draft(frame, step, `agent:${work.agent}`, {
      kind: "action.settled",
      outcome: outcomeOf(end, { run, head }),
      ms,
    }),
    label: joinLabels(frame.label, { ...UNKNOWN_LABEL, sources: [`agent:${work.agent}`] }),
  };
}

function outcomeOf(end: RunEnd, child: { run: string; head: string }): Outcome {
  const usage = end.usage as unknown as Json;
  if (end.outcome === "succeeded" || end.outcome === "degraded") {
    return {
      status: "done",
      output: { answer: end.text, outcome: end.outcome, files: end.files, usage },
      child,
      hosts: end.hosts,
      ...(end.outcome === "degraded" ? { degraded: true } : {}),
    };
  }
  const failure = end.failure ?? { code: "run.failed", message: "The delegated run failed." };
  return { status: end.outcome, failure };
}
