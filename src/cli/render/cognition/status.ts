import type {
  AttentionView,
  Bucket,
  CognitionStatus,
  PredictionsView,
  SourcesView,
} from "../../../contracts/cognition/reading.ts";
import { LIMITS } from "../../../std/limits.ts";
import { type Line, span } from "../line.ts";
import { type Part, PARTS } from "./parts.ts";
import { fewWords, shareWords } from "./shares.ts";
import { fields, table } from "../table.ts";
import { fitLine, wrap } from "../width.ts";
import { count, duration, shortCount, shortDuration } from "../words.ts";

/** What every instrument reads, the empty ones left out. */
export function cognitionLines(status: CognitionStatus, width: number): readonly Line[] {
  const across = Number.isFinite(width) ? width : 100;
  const all = [
    predictionLines(status.predictions, across),
    ...PARTS.map((part) => partLines(part(status), across)),
    sourceLines(status.sources, across),
  ];
  const thought = all.filter((part) => part.length > 0);
  const odd = oddWords(status).flatMap((text) => wrap(text, across));
  const bad = odd.map((text): Line => [span(text, "red")]);
  const nothing = NOTHING.flatMap((text) => wrap(text, across));
  const attention = attentionLines(status.attention, across);
  const parts = [...(thought.length === 0 ? [nothing] : thought), attention].filter(
    (part) => part.length > 0,
  );
  return [...parts.flatMap((part, i) => (i === 0 ? part : ["", ...part])), ...bad];
}

function partLines(part: Part | null, width: number): readonly Line[] {
  if (part === null) return [];
  return [heading(part.name, part.says), ...part.rows.flatMap((row) => rowLines(row, width))];
}

/** A row that is longer than the screen goes on under itself. */
function rowLines([name, text]: readonly [string, string], width: number): readonly Line[] {
  if (text === "") return [];
  const [first = "", ...more] = wrap(text, Math.max(20, width - 18));
  return [
    [span(`  ${name.padEnd(14)}  `, "dim"), first],
    ...more.map((line): Line => `${" ".repeat(18)}${line}`),
  ];
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

function attentionLines(view: AttentionView, width: number): readonly Line[] {
  const { runs, tokens, by, asks } = view;
  if (runs === 0) return [];
  const middle = asks.middleMs === null ? "" : `, half of them within ${duration(asks.middleMs)}`;
  return [
    heading("attention", `${count(runs, "run")} of the last 30 days, ${shortCount(tokens)} tokens`),
    fitLine(`  ${count(asks.asked, "ask")}, ${asks.answered} answered${middle}`, width),
    ...table(
      [
        { title: "  agent", text: ({ agent }) => `  ${agent}` },
        { title: "runs", text: (one) => String(one.runs) },
        { title: "tokens", text: (one) => shortCount(one.tokens) },
        { title: "calls", text: ({ calls }) => String(calls) },
        { title: "model", text: ({ modelMs }) => shortDuration(modelMs) },
        { title: "tools", text: ({ toolMs }) => shortDuration(toolMs) },
      ],
      by.first,
      width,
    ),
  ];
}

function sourceLines({ tracked, first }: SourcesView, width: number): readonly Line[] {
  if (tracked === 0) return [];
  return [
    heading("sources", `${tracked} with something settled, the surest first`),
    ...table(
      [
        { title: "  source", text: ({ source }) => `  ${source}` },
        { title: "right", text: ({ right }) => `${right.hits} of ${right.n}` },
        { title: "which is", text: ({ right }) => shareWords(right) },
      ],
      first,
      width,
    ),
  ];
}
