import type { Action, Decision } from "../../contracts/action.ts";
import type { Plan, Question } from "../../contracts/question.ts";
import type { Ask } from "../../contracts/run.ts";
import { questionOf } from "../../gate/words/question.ts";
import type { Journal } from "../../journal/journal.ts";

/** What an ask is about, as it was recorded. */
export interface Asked {
  readonly action: Action;
  /** The judgement that asked. */
  readonly decision: Decision;
  readonly question: Question;
}

/** The action an ask is about, with the judgement that asked; null when they were erased. */
export function askedIn(journal: Journal, ask: Pick<Ask, "run" | "step">): Asked | null {
  let workspace = "";
  let action: Action | null = null;
  let decision: Decision | null = null;
  for (const { event, body } of journal.chain(ask.run)) {
    if (body?.kind === "run.started") workspace = body.workspace;
    if (event.step !== ask.step) continue;
    if (body?.kind === "action.proposed") action = body.action;
    if (body?.kind === "action.judged" && body.decision.verdict === "ask") decision = body.decision;
  }
  if (action === null || decision === null) return null;
  return { action, decision, question: questionOf(action, decision, workspace) };
}

/** An action as it was first judged, before any answer. */
type Judged = Pick<Asked, "action" | "decision">;

/**
 * The questions a list of judged actions comes to, in their order: what a person answers at once
 * before the actions begin, wherever the list comes from.
 */
export function questionsOf(judged: readonly Judged[], workspace: string): readonly Question[] {
  return judged
    .filter(({ decision }) => decision.verdict === "ask")
    .map(({ action, decision }) => questionOf(action, decision, workspace));
}

/** What a rehearsal would have asked, also in the runs it delegated to. */
export function planOf(journal: Journal, run: string): Plan {
  const { workspace, judged } = rehearsed(journal, run);
  const withheld = judged.filter(
    ({ action, decision, isDone }) =>
      decision.verdict === "allow" && !isDone && !INERT.has(action.kind),
  );
  return { run, asks: questionsOf(judged, workspace), withheld: withheld.length };
}

/** Done in a rehearsal as well. */
const INERT: ReadonlySet<string> = new Set(["model", "run", "agent"]);

interface Rehearsed {
  readonly workspace: string;
  readonly judged: (Judged & { isDone: boolean })[];
}

/** Every action of a rehearsal, those of a delegated run where they were delegated. */
function rehearsed(journal: Journal, run: string): Rehearsed {
  let workspace = "";
  const proposed = new Map<string, Action>();
  const byStep = new Map<string, Rehearsed["judged"][number]>();
  for (const { event, body } of journal.chain(run)) {
    const step = event.step ?? "";
    if (body?.kind === "run.started") workspace = body.workspace;
    if (body?.kind === "action.proposed") proposed.set(step, body.action);
    const action = body?.kind === "action.judged" ? proposed.get(step) : undefined;
    if (action && body?.kind === "action.judged") {
      byStep.set(step, { action, decision: body.decision, isDone: false });
    }
    const judged = byStep.get(step);
    // What really ran says where.
    if (judged && event.isolation !== null) judged.isDone = true;
  }
  const judged = [...byStep].flatMap(([step, one]) =>
    one.action.kind === "agent"
      ? [one, ...rehearsed(journal, step.replaceAll(".", "_")).judged]
      : [one],
  );
  return { workspace, judged };
}
