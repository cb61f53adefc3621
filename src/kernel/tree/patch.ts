import { NanosError } from "../../std/error.ts";
import type { Trace, TraceStep } from "../../contracts/trace.ts";
import type { Failure, PatchView } from "../../contracts/outcome.ts";
import { mailOf } from "./mail.ts";
import { patchIn } from "./tree.ts";

/**
 * What a run in a copy of a repository came to: the patch, and what somebody needs to judge it. Of a
 * run that delegated to one such run, that one's.
 *
 * @throws NanosError `patch.none`.
 */
export function patchOf(show: (run: string) => Trace, run: string): PatchView {
  const trace = show(run);
  const made = patchStep(trace);
  const inner = trace.end?.patches ?? [];
  if (!made && inner.length === 1 && inner[0]) return patchOf(show, inner[0].run);
  const opened = trace.steps.find(({ kind, name }) => kind === "tree" && name === "open");
  if (!made && !opened)
    throw none(
      trace,
      inner.map((one) => one.run),
    );
  const calls = trace.steps.filter(({ kind }) => kind === "tool" || kind === "agent").map(callOf);
  const failure = trace.end?.failure;
  const view = {
    run,
    agent: trace.agent,
    model: trace.model,
    request: trace.request,
    outcome: trace.end?.outcome ?? trace.state,
    summary: trace.end?.text ?? "",
    turns: trace.steps.filter(({ kind }) => kind === "model").length,
    from: made?.line.from ?? null,
    commit: made?.line.commit ?? null,
    files: made?.line.files ?? [],
    patch: made?.patch ?? "",
    calls,
    ...(failure && { failure }),
  };
  return { ...view, mail: mailOf(view, trace.at) };
}

function patchStep({ steps }: Trace): ReturnType<typeof patchIn> {
  const step = steps.findLast(({ kind, name }) => kind === "tree" && name === "patch");
  return step ? patchIn(step.outcome) : null;
}

function callOf({ step, name, args, status, outcome }: TraceStep): PatchView["calls"][number] {
  const failure: Failure | null = outcome && "failure" in outcome ? outcome.failure : null;
  const output = outcome?.status === "done" ? outcome.output : null;
  return {
    step,
    name,
    args,
    status,
    says: failure?.message ?? (typeof output === "string" ? output : JSON.stringify(output)),
  };
}

function none({ run }: Trace, inner: readonly string[]): NanosError {
  const next =
    inner.length === 0
      ? "An agent with `isolation: worktree` in its file ends with a patch."
      : `It delegated to several: nanos patch ${inner.join(" or nanos patch ")}`;
  return new NanosError("patch.none", `Run ${run} worked in no copy of a repository.`, next);
}
