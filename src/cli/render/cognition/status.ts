import type {
  Bucket,
  CognitionStatus,
  PredictionsView,
  Share,
} from "../../../contracts/cognition.ts";
import { LIMITS } from "../../../std/limits.ts";
import { type Line, span } from "../line.ts";
import { fields, table } from "../table.ts";
import { fitLine, wrap } from "../width.ts";
import { count } from "../words.ts";

/** What every instrument reads, the empty ones left out. */
export function cognitionLines(status: CognitionStatus, width: number): readonly Line[] {
  const across = Number.isFinite(width) ? width : 100;
  const parts = [predictionLines(status.predictions, across)].filter((part) => part.length > 0);
  const odd = oddWords(status).flatMap((text) => wrap(text, across));
  const bad = odd.map((text): Line => [span(text, "red")]);
  if (parts.length === 0) return [...NOTHING.flatMap((text) => wrap(text, across)), ...bad];
  return [...parts.flatMap((part, i) => (i === 0 ? part : ["", ...part])), ...bad];
}

const NOTHING = [
  "Nothing is noted yet, so there is nothing to say.",
  'Foretell something: nanos cognition predict "it rains tomorrow" --chance 70',
];

function oddWords({ unread, refused }: CognitionStatus): readonly string[] {
  return [
    ...(unread === 0
      ? []
      : [`${count(unread, "record")} erased or not verified, and not counted: nanos trace verify`]),
    ...(refused === 0 ? [] : [`${count(refused, "thought")} ruled out by one before, not counted`]),
  ];
}

function predictionLines(view: PredictionsView, width: number): readonly Line[] {
  if (view.noted === 0) return [];
  const { noted, open, due, calibration } = view;
  const rows = calibration.filter(({ came }) => came.n > 0);
  return [
    heading(
      "predictions",
      `${noted} noted, ${open} open${due > 0 ? `, ${due} to be settled` : ""}`,
    ),
    ...fields(scoreRows(view)).map((line) => fitLine(line, width)),
    ...(rows.length === 0 ? [] : bucketTable(rows, width)),
  ];
}

/** The name of an instrument, and how much there is. */
function heading(name: string, says: string): Line {
  return [span(name, "bold"), `  ${says}`];
}

function scoreRows(view: PredictionsView): readonly (readonly [string, string])[] {
  const { settled, brier, baseline, reads, corrected, byMission } = view;
  return [
    [
      "Brier score",
      brier === null
        ? fewWords(settled, LIMITS.fewestSettled)
        : `${brier.toFixed(3)} over ${settled}; 0 is best, always the same chance has ${(baseline ?? 0).toFixed(3)}`,
    ],
    ["reads as", reads === null ? "" : READS[reads]],
    ["settled by", byMission === 0 ? "" : `${byMission} by missions, the rest by you`],
    ["cannot be told", view.void === 0 ? "" : String(view.void)],
    ["corrected", corrected === 0 ? "" : String(corrected)],
  ];
}

const READS = {
  fits: "what is said to be likely comes as often as it is said",
  overconfident: "too sure: what is said to be likely comes less often",
  underconfident: "not sure enough: what is said to be likely comes more often",
};

function bucketTable(rows: readonly Bucket[], width: number): readonly Line[] {
  return table(
    [
      { title: "  said", text: ({ from, to }) => `  ${from} to ${to}%` },
      { title: "mean", text: ({ said }) => (said === null ? "" : `${said.toFixed(0)}%`) },
      { title: "came", text: ({ came }) => `${came.hits} of ${came.n}` },
      { title: "which is", text: ({ came }) => shareWords(came) },
    ],
    rows,
    width,
  );
}

/** `60%, surely 36 to 80%`, or that there are too few. */
function shareWords({ n, hits, interval }: Share): string {
  if (interval === null) return fewWords(n, LIMITS.fewestShare);
  const [low, high] = interval.map((part) => Math.round(part * 100));
  return `${Math.round((hits / n) * 100)}%, most likely ${low} to ${high}%`;
}

function fewWords(n: number, fewest: number): string {
  return `too few to say: ${n} of at least ${fewest}`;
}
