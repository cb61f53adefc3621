import { LIMITS } from "../std/limits.ts";
import type { ChildRun } from "../contracts/outcome.ts";
import type { AgentManifest } from "../contracts/agent.ts";
import type { Usage } from "../contracts/usage.ts";
import type { Frame } from "./frame.ts";
import type { Acted } from "./proposal.ts";

/** Counts an answer of a model. */
export function spendTurn(frame: Frame, usage: Usage | undefined, ms: number): void {
  const { turns, tokens, cost, unpriced } = frame.spent;
  frame.spent = {
    ...frame.spent,
    turns: turns + 1,
    tokens: tokens + (usage ? usage.input + usage.output : 0),
    ms: frame.spent.ms + ms,
    cost: cost + (usage?.cost ?? 0),
    unpriced: unpriced || usage?.cost === undefined,
  };
  addTokens(frame, usage?.input ?? 0, usage?.output ?? 0, usage?.cached ?? 0);
}

/** Counts what a model used that failed, where another stood in for it in the same turn. */
export function spendFailed(
  frame: Frame,
  {
    usage,
    uncounted,
    ms,
  }: Pick<Extract<Acted, { status: "answered" }>, "usage" | "uncounted" | "ms">,
): void {
  const { turns, unpriced } = frame.spent;
  spendTurn(frame, usage, ms);
  // What failed before it used anything cost nothing.
  const isUnknown = uncounted ?? (usage !== undefined && usage.cost === undefined);
  frame.spent = { ...frame.spent, turns, unpriced: unpriced || isUnknown };
}

/** US dollars one request of a program costs by its manifest; undefined where that says nothing. */
export function priceOf(manifest: AgentManifest | undefined): number | undefined {
  const { price } = manifest ?? {};
  return price === "free" ? 0 : price;
}

/**
 * Counts what a program that thinks for itself says it used, else what it costs by its manifest;
 * where neither says anything it is unknown, and never nothing.
 */
export function spendUsed(frame: Frame, used: Usage | undefined): void {
  const { tokens, cost, unpriced } = frame.spent;
  const price = used?.cost ?? priceOf(frame.agent.manifest);
  frame.spent = {
    ...frame.spent,
    tokens: tokens + (used ? used.input + used.output : 0),
    cost: cost + (price ?? 0),
    unpriced: unpriced || price === undefined,
  };
  addTokens(frame, used?.input ?? 0, used?.output ?? 0, used?.cached ?? 0);
}

/** Counts the time of actions that ran side by side, `ms` each. */
export function spendTime(frame: Frame, ms: readonly number[]): void {
  frame.spent = { ...frame.spent, ms: frame.spent.ms + wallOf(ms) };
}

/** Counts what a delegated run used, whatever it came to: it was this run's to use. */
export function spendChild(frame: Frame, child: ChildRun): void {
  const { usage, hosts = [], files = [], unconfined = [], asks = 0, patches = [] } = child;
  frame.patches.push(...patches);
  frame.asks += asks;
  for (const host of hosts) frame.hosts.add(host);
  for (const { path, kind } of files) frame.files.set(path, kind);
  for (const tool of unconfined) frame.unconfined.add(tool);
  if (!usage) return;
  const { turns, calls, tokens, cost, unpriced } = frame.spent;
  frame.spent = {
    ...frame.spent,
    turns: turns + usage.turns,
    calls: calls + (usage.actions ?? usage.turns + usage.calls),
    tokens: tokens + usage.input + usage.output,
    cost: cost + (usage.cost ?? 0),
    unpriced: unpriced || usage.cost === null,
  };
  frame.calls += usage.calls;
  addTokens(frame, usage.input, usage.output, usage.cached);
}

function addTokens({ usage }: Frame, input: number, output: number, cached: number): void {
  usage.input += input;
  usage.output += output;
  usage.cached += cached;
}

/** How long actions took together: each begins when one of those before it makes room. */
function wallOf(ms: readonly number[]): number {
  const places = Array.from({ length: LIMITS.parallel }, () => 0);
  for (const one of ms) {
    const free = places.indexOf(Math.min(...places));
    places[free] = (places[free] ?? 0) + one;
  }
  return Math.max(...places);
}
