import { isObject, type Json } from "../../std/json.ts";
import type { Draft, RunStarted } from "../../contracts/event.ts";
import { type Failure, type Outcome, PatchLine } from "../../contracts/outcome.ts";
import { act } from "../act.ts";
import type { Worked } from "../ending.ts";
import { type Frame, draft } from "../frame.ts";
import type { Acted, Proposed, Want } from "../proposal.ts";
import type { World } from "../world.ts";

/**
 * A run that works in a copy of a repository: the copy is made before its first turn, and after its
 * last one the patch is taken. Both are actions as any other, so that the record holds them.
 */

type Tree = NonNullable<RunStarted["tree"]>;
type Done = Extract<Worked, { state: "done" }>;

/** Does the work of a run, in a copy where it works in one, and takes what it made there. */
export async function inTree(
  frame: Frame,
  { tree }: RunStarted,
  work: () => Promise<Worked>,
): Promise<Worked> {
  if (!tree) return work();
  const { drive } = frame;
  const opened = await actOnTree(frame, "open", tree, async (world) => {
    sweepTrees(world);
    return world.trees.open(drive.run, tree, drive.signal);
  });
  if (opened.status === "waiting") return { state: "waiting", asks: opened.asks };
  const failure = failureOf(opened);
  if (failure) return { state: "done", outcome: "failed", text: "", failure };
  const worked = await work();
  return worked.state === "waiting" ? worked : takePatch(frame, tree, worked);
}

/** Takes away the copies that runs of killed processes left: nobody carries them, and they do not wait. */
export function sweepTrees({ trees, journal }: Pick<World, "trees" | "journal">): void {
  trees.sweep((run) => journal.carried(run) || journal.head(run)?.kind === "run.waiting");
}

/** Takes the patch, whatever the work came to. What cannot be handed over was not done. */
async function takePatch(frame: Frame, tree: Tree, worked: Done): Promise<Worked> {
  const { run } = frame.drive;
  const { from } = tree;
  const acted = await actOnTree(frame, "patch", tree, async ({ trees }) => {
    const patch = await trees.patch(run);
    if ("code" in patch) return patch;
    const { text, commit, files } = patch;
    const line = { run, from, commit, files: [...files], bytes: Buffer.byteLength(text) };
    return { patch: text, line };
  });
  if (acted.status === "waiting") return { state: "waiting", asks: acted.asks };
  const failure = failureOf(acted);
  const isOver = worked.outcome === "failed" || worked.outcome === "cancelled";
  if (failure) return isOver ? worked : { ...worked, outcome: "failed", failure };
  const line = acted.status === "settled" ? patchIn(acted.outcome)?.line : undefined;
  if (line && line.files.length > 0) frame.patches.unshift(line);
  return worked;
}

/** The patch a step of a run came to; null for any other step. */
export function patchIn(
  outcome: Outcome | null,
): { readonly patch: string; readonly line: PatchLine } | null {
  const output = outcome?.status === "done" ? outcome.output : null;
  if (!isObject(output) || typeof output["patch"] !== "string") return null;
  const line = PatchLine.safeParse(output["line"]);
  return line.success ? { patch: output["patch"], line: line.data } : null;
}

function failureOf(acted: Acted): Failure | null {
  if (acted.status !== "settled" || acted.outcome.status === "done") return null;
  return acted.outcome.failure;
}

function actOnTree(
  frame: Frame,
  name: "open" | "patch",
  { from, branch }: Tree,
  perform: (world: World) => Promise<object | Failure>,
): Promise<Acted> {
  const want: Want = {
    action: {
      gate: "call",
      kind: "tree",
      name,
      agent: frame.agent.manifest.name,
      args: { from, ...(branch === undefined ? {} : { branch }) },
      scopes: [],
      destinations: [],
      label: frame.label,
    },
    declared: null,
    attached: true,
    process: { kind: "program", net: false, starts: true },
    repeatable: true,
    // The copy is the run's own, and gone with it.
    inert: true,
    last: name === "patch",
    perform: (one) => settledBy(frame, one, perform),
  };
  return act(frame, want);
}

async function settledBy(
  frame: Frame,
  { step }: Proposed,
  perform: (world: World) => Promise<object | Failure>,
): Promise<Draft> {
  const { world, drive } = frame;
  if (!world) throw new Error("bug: a replay copied a repository");
  const start = drive.elapsed();
  const came = await perform(world);
  const outcome: Outcome =
    "code" in came
      ? { status: "failed", failure: came as Failure }
      : { status: "done", output: came as Json };
  const ms = Math.round(drive.elapsed() - start);
  return draft(frame, step, "kernel", { kind: "action.settled", outcome, ms });
}
