import type { Recorded } from "../../contracts/drive.ts";
import type { Answer, Ask } from "../../contracts/run.ts";

/**
 * The operator's answers in one run, and how far each reaches: the step it was given to with all
 * that step asks back for, or the rest of the run.
 *
 * Steps run side by side and are re-driven in an order of their own. So every answer is known from
 * the start of a re-drive, with its place in the record, and a judgement sees exactly those that
 * were recorded before it.
 */
export interface Answers {
  /** For the rest of the run, oldest first. */
  readonly run: Given[];
  /** By the outermost step, until it is settled. */
  readonly steps: Map<string, Given[]>;
}

interface Given {
  /** Place of the answer's event in the record. */
  readonly seq: number;
  readonly key: string;
  readonly answer: Answer;
}

/** The answers a record holds. */
export function answersIn(record: readonly Recorded[]): Answers {
  const answers: Answers = { run: [], steps: new Map() };
  const asked = new Map<string, Ask>();
  for (const { event, body } of record) {
    if (body?.kind === "approval.asked") asked.set(body.ask.id, body.ask);
    if (body?.kind !== "approval.used" || event.step === null) continue;
    // One given beforehand was never asked for, and names its keys itself.
    const keys = asked.get(body.id)?.keys ?? body.answer.for?.keys ?? [];
    keepAnswer(answers, { step: event.step, keys }, body.answer, event.seq);
  }
  return answers;
}

/** Given in this process: after everything recorded before. */
const NOW = Number.MAX_SAFE_INTEGER;

/** Keeps an answer for as far as it reaches. */
export function keepAnswer(
  answers: Answers,
  ask: Pick<Ask, "step" | "keys">,
  answer: Answer,
  seq: number = NOW,
): void {
  const step = outermost(ask.step);
  const own = answers.steps.get(step) ?? [];
  answers.steps.set(step, own);
  for (const key of ask.keys) {
    // What was in doubt is in doubt again after another crash.
    if (key.startsWith("doubt:")) continue;
    const given = { seq, key, answer: held(answer) };
    const forRun = answer.reach === "run" || (answer.verdict === "allow" && isFirstUse(key));
    (forRun ? answers.run : own).push(given);
  }
}

/** The answers a judgement of `step` may look at; `before` is its own place in the record. */
export function answersFor(
  answers: Answers,
  step: string,
  before: number,
): ReadonlyMap<string, Answer> {
  if (answers.run.length === 0 && answers.steps.size === 0) return NONE;
  const own = answers.steps.get(outermost(step)) ?? [];
  const holding = [...answers.run, ...own].filter(({ seq }) => seq < before);
  return new Map(holding.map(({ key, answer }) => [key, answer]));
}

const NONE: ReadonlyMap<string, Answer> = new Map();

/** The step is settled: its answers end with it. */
export function dropAnswers(answers: Answers, step: string): void {
  answers.steps.delete(step);
}

/** An answer that was used in time holds for as far as it reaches, however long that takes. */
export function held(answer: Answer): Answer {
  return { ...answer, expires: NOW };
}

/** A yes to a skill's first use is a yes to the skill as it is: it is locked from then on. */
export function isFirstUse(key: string): boolean {
  return key.startsWith("unlocked:");
}

/** `RUN.2` of `RUN.2.1`: what a step asks back for belongs to it. */
export function outermost(step: string): string {
  return step.split(".", 2).join(".");
}
