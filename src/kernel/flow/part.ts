import type { Label } from "../../contracts/label.ts";
import { joinLabels } from "../../gate/labels.ts";
import { type RunFlow, newFlow } from "./flow.ts";
import { type Frame, NOTHING_SPENT } from "../frame.ts";

/**
 * Parts of one run that go on side by side. Each has a frame of its own: steps numbered apart, a
 * budget, and a label and flow that hold what this part was told and nothing of the others. So what
 * happens in a part does not depend on how fast the others are, and a re-drive finds the same.
 */

/** A part whose steps follow the number `first`, and that goes on from what `before` came to. */
export function partOf(frame: Frame, first: number, before: readonly Frame[]): Frame {
  const [start, ...labels]: readonly Label[] = [frame.label, ...before.map(({ label }) => label)];
  return {
    ...frame,
    ...{ steps: first, label: joinLabels(start ?? frame.label, ...labels) },
    flow: joinedFlow([frame, ...before].map(({ flow }) => flow)),
    ...{ spent: NOTHING_SPENT, setAside: 0, usage: { input: 0, output: 0, cached: 0 } },
    ...{ messages: [], tokens: 0, asks: 0, calls: 0, patches: [], stages: [], decisions: [] },
    ...{ lent: new Map(), nested: new Map(), outward: new Set(), tried: new Map() },
    ...{ hosts: new Set(), files: new Map(), unconfined: new Set(), bypassed: new Set() },
  };
}

/** Counts what a part did and used as the run's. Parts are joined in an order of their plan. */
export function joinPart(frame: Frame, part: Frame): void {
  const { spent, usage } = frame;
  frame.spent = {
    turns: spent.turns + part.spent.turns,
    calls: spent.calls + part.spent.calls,
    tokens: spent.tokens + part.spent.tokens,
    // Parts ran at the same time; whoever follows them says how long it took.
    ms: spent.ms,
    cost: spent.cost + part.spent.cost,
    unpriced: spent.unpriced || part.spent.unpriced,
  };
  usage.input += part.usage.input;
  usage.output += part.usage.output;
  usage.cached += part.usage.cached;
  frame.asks += part.asks;
  frame.calls += part.calls;
  for (const host of part.hosts) frame.hosts.add(host);
  for (const [path, kind] of part.files) frame.files.set(path, kind);
  for (const tool of part.unconfined) frame.unconfined.add(tool);
  frame.patches.push(...part.patches);
  frame.stages.push(...part.stages);
  frame.decisions.push(...part.decisions);
  for (const [handle, text] of part.flow.texts) frame.flow.texts.set(handle, text);
  frame.label = joinLabels(frame.label, part.label);
}

function joinedFlow(flows: readonly RunFlow[]): RunFlow {
  const joined = newFlow();
  const told = new Set(flows.flatMap((flow) => flow.told));
  joined.told.push(...told);
  for (const flow of flows) {
    for (const name of flow.named) joined.named.add(name);
    for (const [key, uses] of flow.uses) {
      joined.uses.set(key, Math.max(uses, joined.uses.get(key) ?? 0));
    }
    for (const [handle, text] of flow.texts) joined.texts.set(handle, text);
  }
  return joined;
}
