import { NanosError } from "../../std/error.ts";
import { isObject, type Json } from "../../std/json.ts";
import type { Action } from "../../contracts/action.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { FileChange } from "../../contracts/outcome.ts";
import type { Trace, TraceStep } from "../../contracts/trace.ts";
import type { Commits, Outward, UndoArgs, Undos, UndoView } from "../../contracts/undo.ts";
import { changesOf } from "../../home/changes.ts";
import type { Journal } from "../../journal/journal.ts";
import { begin, childRun } from "../runner.ts";
import { traceOf } from "../views/trace.ts";
import type { World } from "../world.ts";
import { UNDO } from "./want.ts";

/** Taking back what steps wrote, as a person asks for it. */
export function undoDesk(world: World): Undos {
  const plan = (of: string): UndoView & { readonly commits: Commits } => {
    const commits = commitsOf(world.journal, of);
    const { files, written } = world.tools.undoing(commits);
    return {
      of,
      files,
      changes: changesOf(written),
      outward: outwardOf(world.journal, of),
      commits,
    };
  };
  return {
    plan: (of) => {
      const { commits: _, ...view } = plan(of);
      return view;
    },
    run: async (of, hooks = {}) => {
      const { files: all, commits } = plan(of);
      const ready = all.filter(({ state }) => state === "ready");
      check(of, all);
      const files = ready.map(({ state: _, ...file }): FileChange => file);
      const args: UndoArgs = { of, commits: [...commits], files };
      const call = { tool: UNDO, args: args as unknown as Json };
      return begin(world, { ...hooks, text: `undo ${of}` }, call);
    },
  };
}

/** All or nothing: half of a step taken back would be a state nobody was ever in. */
function check(of: string, files: UndoView["files"]): void {
  const paths = (...states: readonly string[]): string =>
    files.flatMap(({ path, state }) => (states.includes(state) ? [path] : [])).join(", ");
  const look = `See it: nanos undo ${of} --dry-run`;
  const changed = paths("changed");
  if (changed !== "") {
    throw new NanosError("undo.changed", `Changed since ${of}: ${changed}.`, look);
  }
  const lost = paths("unkept", "gone");
  if (lost !== "") {
    const message = `What was there before is not kept any more, or was too large to be: ${lost}.`;
    throw new NanosError("undo.unkept", message, look);
  }
  if (paths("ready") !== "") return;
  const why = files.length === 0 ? `${of} wrote no files` : "all of it is as it was before";
  throw new NanosError("undo.nothing", `There is nothing to undo: ${why}.`, look);
}

interface Found {
  readonly seq: number;
  readonly commit: Commits[number];
}

/** What a step or a run committed, with what it delegated, the newest first. */
function commitsOf(journal: Journal, of: string): Commits {
  const [run = ""] = of.split(".", 1);
  const [first] = journal.chain(run);
  if (first?.event.kind !== "run.started") {
    throw new NanosError("run.unknown", `There is no run ${run}.`, "See `nanos trace list`.");
  }
  const found = committedIn(journal, run, of === run ? null : of);
  return found.toSorted((a, b) => b.seq - a.seq).map(({ commit }) => commit);
}

function committedIn(journal: Journal, run: string, only: string | null): readonly Found[] {
  const recorded = [...journal.chain(run)];
  const actions = actionsIn(recorded);
  if (only !== null && !actions.has(only)) {
    throw new NanosError(
      "step.unknown",
      `There is no step ${only}.`,
      `See \`nanos trace show ${run}\`.`,
    );
  }
  const first = recorded[0]?.body;
  // A copy of a repository is gone with its run; what it came to is a patch.
  const isCopy = first?.kind === "run.started" && first.tree !== undefined;
  const found: Found[] = [];
  for (const { event, body } of isCopy ? [] : recorded) {
    const action = actions.get(event.step ?? "");
    if (!action || event.step === null || body?.kind !== "action.settled") continue;
    const step = stageOf(event.step, action);
    const isMeant = only === null || only === event.step || only === step;
    if (!isMeant || action.kind !== "commit" || body.outcome.status !== "done") continue;
    found.push({ seq: event.seq, commit: { step, files: body.outcome.files ?? [] } });
  }
  for (const [step, { kind }] of actions) {
    if (kind !== "agent" || (only !== null && only !== step)) continue;
    const child = childRun(step);
    if (journal.head(child)) found.push(...committedIn(journal, child, null));
  }
  return found;
}

function actionsIn(recorded: readonly Recorded[]): ReadonlyMap<string, Action> {
  const all = new Map<string, Action>();
  for (const { event, body } of recorded) {
    if (body?.kind === "action.proposed" && event.step !== null) all.set(event.step, body.action);
  }
  return all;
}

/** The step whose stage was committed: the call's, or of an undo its own. */
function stageOf(step: string, { name, args }: Action): string {
  const of = name !== UNDO && isObject(args) ? args["of"] : null;
  return typeof of === "string" ? of : step;
}

/** What was done where no file lies: programs, the network, notes. It stays done. */
function outwardOf(journal: Journal, of: string): readonly Outward[] {
  const [run = ""] = of.split(".", 1);
  const all = stepsIn(traceOf(journal, run));
  return all
    .filter(
      ({ step }) => of === run || step === of || step.startsWith(`${of}.`) || isBelow(step, of),
    )
    .filter(({ status }) => status === "done" || status === "failed" || status === "open")
    .flatMap((step) => outwardIn(journal, step));
}

function isBelow(step: string, of: string): boolean {
  const child = childRun(of);
  return step.startsWith(`${child}.`) || step.startsWith(`${child}_`);
}

function stepsIn({ steps }: Trace): readonly TraceStep[] {
  return steps.flatMap((step) => [step, ...(step.child ? stepsIn(step.child) : [])]);
}

function outwardIn(journal: Journal, { step, kind, name }: TraceStep): readonly Outward[] {
  const [run = ""] = step.split(".", 1);
  const action = actionsIn([...journal.chain(run)]).get(step);
  const out = action?.scopes.filter((scope) => /^(?:net|exec|secret):/u.test(scope)) ?? [];
  const isOut = out.length > 0 || action?.irreversible === true || action?.unconfined === true;
  if (kind === "note" || (isOut && (kind === "tool" || kind === "fetch"))) {
    return [{ step, kind, name, to: kind === "note" ? [] : out }];
  }
  return [];
}
