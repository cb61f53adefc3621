import type {
  AutopsiesView,
  BeliefsView,
  CognitionStatus,
  DiaryView,
  ErrorsView,
} from "../../../contracts/cognition.ts";
import { count } from "../words.ts";
import { shareWords } from "./shares.ts";

/** What an instrument reads, in words; null where there is nothing to say. */
export interface Part {
  readonly name: string;
  readonly says: string;
  readonly rows: readonly (readonly [name: string, text: string])[];
}

/** The instruments that say what they read in a few rows. */
export const PARTS: readonly ((status: CognitionStatus) => Part | null)[] = [
  ({ beliefs }) => (beliefs.noted === 0 ? null : beliefPart(beliefs)),
  ({ autopsies }) => (autopsies.decisions === 0 ? null : autopsyPart(autopsies)),
  ({ diary }) => (diary.noted === 0 ? null : diaryPart(diary)),
  ({ errors }) => (errors.noted + errors.shown.length === 0 ? null : errorPart(errors)),
];

function beliefPart({ noted, links, revised, lowered, conflicts }: BeliefsView): Part {
  const low = lowered.first.map(({ id, own, held }) => `${id} ${own}% -> ${held}%`);
  const odd = conflicts.first.map(({ a, b, together }) => `${a} and ${b}: ${together}%`);
  return {
    name: "beliefs",
    says: `${noted} noted, ${count(links, "link")}, ${count(revised, "revision")}`,
    rows: [
      ["less sure", some(lowered.n, low, "for what they rest on")],
      ["contradictory", some(conflicts.n, odd, "held together with more than 100%")],
    ],
  };
}

function some(n: number, first: readonly string[], why: string): string {
  if (n === 0) return "";
  const rest = n > first.length ? `, and ${n - first.length} more` : "";
  return `${n} ${why}: ${first.join(", ")}${rest}`;
}

function autopsyPart(view: AutopsiesView): Part {
  const { decisions, open, classes, hindsight, goodCameWell, badCameWell } = view;
  return {
    name: "decisions",
    says: `${decisions} noted, ${open} not looked at yet`,
    rows: [
      ["made well", `${classes.correct} came out well, ${classes.bad_luck} had bad luck`],
      ["made badly", `${classes.lucky} were lucky, ${classes.deserved} came out as deserved`],
      ["good came well", goodCameWell.n === 0 ? "" : shareWords(goodCameWell)],
      ["bad came well", badCameWell.n === 0 ? "" : shareWords(badCameWell)],
      ["in hindsight", hindsight === 0 ? "" : `${hindsight} judged when the outcome was known`],
    ],
  };
}

function diaryPart({ noted, better, gone }: DiaryView): Part {
  return {
    name: "might have been",
    says: `${noted} noted: ${better.yes} thought better, ${better.no} not, ${better.unsure} unsure`,
    rows: gone.map(({ decision, was, instead }) => [
      "both gone",
      `${decision}: ${was ?? "not ended"}; the other way: ${instead ?? "not ended"}`,
    ]),
  };
}

function errorPart({ noted, by, dominant, shown }: ErrorsView): Part {
  return {
    name: "errors",
    says: `${noted} named${dominant === null ? "" : `, most often ${plain(dominant)}`}`,
    rows: [
      ["named", by.map(({ error, n }) => `${plain(error)} ${n}`).join(", ")],
      ["on record", shown.length === 0 ? "" : `${shown.map(plain).join(", ")}, named by nobody`],
    ],
  };
}

function plain(name: string): string {
  return name.replaceAll("_", " ");
}
