import { isObject, type Json } from "../../std/json.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { Evidence, FileChange, Outcome } from "../../contracts/outcome.ts";

/**
 * What stands behind an agent's answer. An agent may say anything; what its run really did is on
 * its record, and only that is evidence: steps that came to something, and files by their hash.
 */
export function evidenceIn(recorded: readonly Recorded[]): Evidence {
  const acting = new Set<string>();
  const steps: string[] = [];
  const files = new Map<string, string | null>();
  for (const { event, body } of recorded) {
    const { step } = event;
    if (step === null) continue;
    if (body?.kind === "action.proposed" && ACTING.has(body.action.kind)) acting.add(step);
    if (body?.kind !== "action.settled" || body.outcome.status !== "done") continue;
    const { files: changed = [], child } = body.outcome;
    const below = child?.evidence;
    for (const { path, after } of changed) files.set(path, after);
    for (const { path, hash } of below?.files ?? []) files.set(path, hash);
    // What was handed on is evidence only as far as whoever did it has some.
    if (acting.has(step) && (!child || (below && !isEmpty(below)))) steps.push(step);
  }
  return { steps, files: [...files].map(([path, hash]) => ({ path, hash })) };
}

/** A commit is seen in its files, and a model's word is none. */
const ACTING: ReadonlySet<string> = new Set(["tool", "agent", "note"]);

export function isEmpty({ steps, files }: Evidence): boolean {
  return steps.length + files.length === 0;
}

/** What a result can be named by, for the agent that has to name its evidence. */
export function markOf(step: string | null, outcome: Outcome): string {
  if (step === null || outcome.status !== "done") return "";
  const files = (outcome.files ?? []).flatMap(({ after }: FileChange) => (after ? [after] : []));
  return `\n[evidence: ${[step, ...files].join(" ")}]`;
}

/** An answer with the evidence it names, which is there; or one sentence why it is no such answer. */
export function provenIn(
  said: Json | undefined,
  all: Evidence,
): { readonly answer: Json; readonly evidence: Evidence } | string {
  if (!isObject(said) || !Object.hasOwn(said, "answer")) {
    return "The answer is no JSON object with `answer` and `evidence`.";
  }
  const { answer = null, evidence } = said;
  const names = Array.isArray(evidence) ? (evidence as Json[]) : [];
  const steps = all.steps.filter((step) => names.includes(step));
  const files = all.files.filter(({ hash }) => hash !== null && names.includes(hash));
  const known = new Set<Json>([...steps, ...files.map(({ hash }) => hash)]);
  const missing = names.filter((name) => !known.has(name));
  if (missing.length === 0) return { answer, evidence: { steps, files } };
  return `The answer names evidence that its run does not have: ${JSON.stringify(missing).slice(0, 200)}.`;
}

/** How an agent that acts is told to answer. */
export const PROVING =
  'Answer with one JSON object and nothing else: {"answer": ..., "evidence": [...]}. `evidence` ' +
  "lists what shows that it was done, word for word as results name it after `evidence:`; leave " +
  "it empty where nothing does.";
