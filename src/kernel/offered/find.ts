import type { Json } from "../../std/json.ts";
import { draft, type Frame } from "../frame.ts";
import { decisionWant, type Want } from "../proposal.ts";
import { FIND_TOOLS, byWords, foundAtOnce, wordsToFind } from "./offered.ts";

/** True where that name stands for finding the tools a model of this run is not offered. */
export function isFinding(frame: Partial<Pick<Frame, "specs" | "model">>, name: string): boolean {
  if (name !== FIND_TOOLS || !frame.model || !frame.specs) return false;
  const { specs } = frame;
  return leastOf(frame.model) < specs.length && !specs.some((spec) => spec.name === name);
}

/** The least any model of the run is offered. */
function leastOf({ toolCount = Infinity, fallback = [] }: Frame["model"]): number {
  return Math.min(toolCount, ...fallback.map((one) => one.toolCount ?? Infinity));
}

/** What a model's call of it wants, or what is wrong with its arguments. */
export function findingWant(frame: Frame, args: Json): Want | string {
  const words = wordsToFind(args);
  if (words === null) return `${FIND_TOOLS} takes {"words": TEXT}.`;
  const about = { gate: "call", kind: "tool", name: FIND_TOOLS, args: { words } } as const;
  return {
    ...decisionWant(frame, { ...about, reads: true }),
    // Without a label of its own: like the tools it is offered, it is what the operator trusts.
    perform: async ({ step }) =>
      draft(frame, step, "kernel", {
        kind: "action.settled",
        outcome: { status: "done", output: found(frame, words) },
        ms: 0,
      }),
  };
}

function found({ specs, model }: Frame, words: string): Json {
  const all = specs ?? [];
  const names = byWords(all, words).slice(0, foundAtOnce(leastOf(model)));
  // Where nothing fits, their names may say more than the words did.
  if (names.length === 0) return { tools: [], there_are: all.map(({ name }) => name) };
  return {
    tools: names.flatMap((name) => {
      const { description = "" } = all.find((spec) => spec.name === name) ?? {};
      return [{ name, description }];
    }),
  };
}
