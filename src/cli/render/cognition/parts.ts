import type {
  ArgumentsView,
  AutopsiesView,
  BeliefsView,
  CausesView,
  CognitionStatus,
  CountersView,
  DiaryView,
  ErrorsView,
  LadderView,
  PrerequisitesView,
  RetellingsView,
} from "../../../contracts/cognition/reading.ts";
import { LIMITS } from "../../../std/limits.ts";
import { count } from "../words.ts";
import { fewWords, shareWords } from "./shares.ts";

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
  ({ arguments: argued, counters }) => (argued.noted === 0 ? null : argumentPart(argued, counters)),
  ({ ladder }) => (ladder.rungs === 0 ? null : ladderPart(ladder)),
  ({ prerequisites }) => (prerequisites.things === 0 ? null : needPart(prerequisites)),
  ({ causes }) => (causes.things === 0 ? null : causePart(causes)),
  ({ retellings }) => (retellings.told === 0 ? null : retoldPart(retellings)),
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

function argumentPart(view: ArgumentsView, { noted, open, met, conceded }: CountersView): Part {
  const { unchallenged, challenged, unbacked, unused } = view;
  return {
    name: "arguments",
    says: `${view.noted} noted: ${unchallenged} unchallenged, ${challenged} challenged, ${view.conceded} conceded`,
    rows: [
      ["objections", noted === 0 ? "" : `${open} open, ${met} met, ${conceded} conceded`],
      ["not backed", unbacked === 0 ? "" : `${unbacked} with a premise that is no belief`],
      ["too long", unused === 0 ? "" : `${unused} with a line they do without`],
    ],
  };
}

function ladderPart({ rungs, general, height, fromOne }: LadderView): Part {
  return {
    name: "ladder",
    says: `${count(rungs, "statement")}, ${general} with cases, ${count(height, "rung")} high`,
    rows: [["from one case", some(fromOne.n, fromOne.first, "stand on a single case")]],
  };
}

function needPart({ things, had, waiting, ready }: PrerequisitesView): Part {
  return {
    name: "needed",
    says: `${count(things, "thing")}: ${had} had, ${ready.n} ready, ${waiting} waiting`,
    rows: [["ready", some(ready.n, ready.first, "can be had now")]],
  };
}

function causePart({ things, links, roots }: CausesView): Part {
  return {
    name: "causes",
    says: `${count(things, "thing")}, ${count(links, "link")}, as they were drawn`,
    rows: [["first causes", some(roots.n, roots.first, "that nothing causes")]],
  };
}

function retoldPart({ told, overlap }: RetellingsView): Part {
  const words = overlap === null ? fewWords(told, LIMITS.fewestShare) : `${overlap.toFixed(0)}%`;
  return { name: "told again", says: `${told}`, rows: [["words in common", words]] };
}

function plain(name: string): string {
  return name.replaceAll("_", " ");
}
