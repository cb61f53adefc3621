import type { StepDiff, StepSide, TraceDiff } from "../../../contracts/trace.ts";
import { MARK } from "../call-tree.ts";
import { type Line, span, type Style } from "../line.ts";
import { table } from "../table.ts";
import { fitLine } from "../width.ts";
import { cost, count } from "../words.ts";

/** Two runs beside each other: a line where they go together, two for a step that differs. */
export function diffLines(diff: TraceDiff, width: number): readonly Line[] {
  const { a, b, steps, parts, outcome } = diff;
  const together = parts === null ? steps.length : steps.findIndex(({ place }) => place === parts);
  const across = Number.isFinite(width) ? width : 100;
  const [wentA, wentB] = outcome;
  const said =
    parts === null
      ? [span("the same ", "green"), `in ${count(steps.length, "step")}`]
      : [
          span(`parts at ${parts} `, "yellow"),
          `and not before: ${count(together, "step")} the same`,
        ];
  return [
    fitLine([span("a ", "bold"), `${a}  ${wentA}`], across),
    fitLine([span("b ", "bold"), `${b}  ${wentB}`], across),
    said,
    ...(steps.length === 0 ? [] : ["", ...table(COLUMNS, steps.flatMap(rowsOf), width)]),
  ];
}

/** One side of a place, or both where they are the same. */
interface Row {
  readonly place: string;
  readonly of: string;
  readonly is: string;
  readonly style: Style | undefined;
  readonly side: StepSide;
}

function rowsOf({ place, is, differs, a, b }: StepDiff): readonly Row[] {
  const row = (of: string, side: StepSide | null, says: string, style?: Style): readonly Row[] =>
    side === null ? [] : [{ place, of, is: says, style, side }];
  switch (is) {
    case "shared":
    case "same":
      return row("", a, is);
    case "only a":
      return row("a", a, "not in b", "yellow");
    case "only b":
      return row("b", b, "not in a", "yellow");
    case "changed":
      return [...row("a", a, differs.join(", "), "yellow"), ...row("b", b, "", "yellow")];
  }
}

const COLUMNS: Parameters<typeof table<Row>>[0] = [
  { title: "step", text: ({ place }) => place, style: () => "bold" },
  { title: "", text: ({ of }) => of },
  { title: "verdict", text: ({ side }) => side.decided },
  { title: "went", text: ({ side }) => `${MARK[side.status].sign} ${costOf(side)}`.trimEnd() },
  { title: "what", text: ({ side }) => `${side.kind} ${side.name}` },
  { title: "", text: ({ is }) => is, style: ({ style }) => style ?? "dim" },
];

function costOf({ cost: paid }: StepSide): string {
  return paid === null || paid === 0 ? "" : cost(paid);
}
