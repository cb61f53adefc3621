import { HOME_CHAIN } from "../../../contracts/chain.ts";
import type { Cognition, Thought } from "../../../contracts/cognition.ts";
import type { AgentManifest } from "../../../contracts/agent.ts";
import type { ModelLine } from "../../../contracts/nanos.ts";
import type { Json } from "../../../std/json.ts";
import { NanosError } from "../../../std/error.ts";
import type { Journal } from "../../../journal/journal.ts";
import { replay } from "../../../kernel/drive/replay.ts";
import { begin } from "../../../kernel/runner.ts";
import { ended, type Lab, lab, type LabSetup } from "../../../kernel/testing/lab.ts";
import type { World } from "../../../kernel/world.ts";
import { cognitionDesk, thoughtsOf } from "../desk.ts";
import { writing } from "../writing.ts";

/** A home whose operator thinks. */
export interface Thinking extends Lab {
  readonly desk: Cognition;
}

export function thinking(
  setup: LabSetup = {},
  models: readonly ModelLine[] = [],
  from: Partial<Pick<Lab, "journal" | "clock">> = {},
): Thinking {
  // Ids are made of the time.
  from.clock?.advance(1_000);
  const made = lab(setup, { ...(from.journal && { journal: from.journal, clock: from.clock }) });
  const world: World = { ...made.world, thoughts: thoughtsOf(made.journal) };
  return { ...made, world, desk: deskOf(world, models) };
}

export function deskOf(world: World, models: readonly ModelLine[] = []): Cognition {
  return cognitionDesk(
    world,
    writing(world, () => models),
  );
}

/** A home whose agent calls these, one after the other, in every run. */
export function noting(
  calls: readonly { readonly name: string; readonly args: Json }[],
  manifest: Partial<AgentManifest> = {},
): Thinking {
  const turns = calls.map((call) => ({ calls: [call as never] }));
  const tools = [...new Set(calls.map(({ name }) => name))];
  const agent = { name: "oracle", tools, ...manifest };
  return thinking({
    agents: [{ manifest: agent }],
    script: { turns: [...turns, { say: "done" }] },
  });
}

/** Lets the agent do it, and looks whether its run replays. */
export async function runIn(made: Thinking): Promise<string> {
  const { run } = await ended(begin(made.world, { text: "go" }));
  const report = await replay(made.journal, made.world.recall, run);
  if (!report.ok) throw new Error(`it does not replay: ${report.differs}`);
  return run;
}

/** The id of what the operator notes, or the code it is refused with. */
export function idOf(
  { desk }: Thinking,
  thought: Thought,
  ...texts: readonly string[]
): Promise<string> {
  return desk.note(thought, texts).then(({ id }) => id, codeOf);
}

export function codeOf(error: unknown): string {
  if (error instanceof NanosError) return error.code;
  throw error;
}

/** Writes thoughts down whatever the rules say of them, as a program of another version might. */
export async function write(
  journal: Journal,
  all: readonly { readonly id: string; readonly thought: Thought }[],
): Promise<void> {
  const common = { run: HOME_CHAIN, step: null, policy: null, isolation: null, label: null };
  for (let at = 0; at < all.length; at += 200) {
    await journal.append(
      all.slice(at, at + 200).map(({ id, thought }) => ({
        ...{ ...common, actor: "operator" },
        body: { kind: "thought.noted" as const, id, thought },
      })),
    );
  }
}

/** Has every view read everything anew. */
export function dropViews(journal: Journal): void {
  journal.view({ name: "thinking", version: -1, tables: "", apply: () => undefined }, () => null);
}
