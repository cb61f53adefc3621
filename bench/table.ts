import type { Found } from "./rounds.ts";
import { median } from "./cases/case.ts";
import type { Line, Row, Target } from "./row.ts";

/** One line of the table, and of the JSON. Figures are medians over the rounds. */
export interface Result {
  readonly row: string;
  readonly says: string;
  readonly value: number | null;
  readonly unit: string;
  /** The median of the rounds' own ratios (or differences), where the line has one. */
  readonly against?: {
    readonly case: string;
    readonly how: "ratio" | "difference";
    readonly value: number;
  };
  readonly target?: Judged;
  /** Why there is no value. */
  readonly notAvailable?: string;
}

/** Whether a target was met, and otherwise by how much it was missed. */
export interface Judged extends Target {
  readonly value: number | null;
  readonly met: boolean | null;
  /** How far beyond the limit, as a share of it; null where it was met or not measured. */
  readonly missedBy: number | null;
}

/** The lines of one row. A case that gave nothing is a line that says so. */
export function resultsOf(row: Row, found: ReadonlyMap<string, Found>): readonly Result[] {
  return row.lines.map((line) => resultOf(row, line, found));
}

function resultOf(row: Row, line: Line, found: ReadonlyMap<string, Found>): Result {
  const common = { row: row.name, says: line.says, unit: line.unit };
  const own = roundsOf(found, line.of);
  if ("why" in own) {
    const target = line.target && judge(line.target, null);
    return { ...common, value: null, notAvailable: own.why, ...(target ? { target } : {}) };
  }
  const values = own.rounds.map((figures) => figures[line.figure] ?? Number.NaN);
  const value = median(values);
  const against = againstOf(line, values, found);
  const judged = line.by === undefined ? value : (against?.value ?? null);
  return {
    ...common,
    value,
    ...(against ? { against } : {}),
    ...(line.target ? { target: judge(line.target, judged) } : {}),
  };
}

function againstOf(
  line: Line,
  values: readonly number[],
  found: ReadonlyMap<string, Found>,
): Result["against"] | undefined {
  const { by, byFigure = line.figure, how = "ratio" } = line;
  if (by === undefined) return undefined;
  const other = roundsOf(found, by);
  if ("why" in other) return undefined;
  const pairs = values.map((value, round) => {
    const base = other.rounds[round]?.[byFigure] ?? Number.NaN;
    return how === "ratio" ? value / base : value - base;
  });
  return { case: by, how, value: median(pairs) };
}

function roundsOf(found: ReadonlyMap<string, Found>, name: string): Found {
  return found.get(name) ?? { why: "it was not run" };
}

function judge(target: Target, value: number | null): Judged {
  if (value === null || Number.isNaN(value)) {
    return { ...target, value: null, met: null, missedBy: null };
  }
  const met = target.better === "less" ? value <= target.limit : value >= target.limit;
  const beyond = target.better === "less" ? value / target.limit - 1 : 1 - value / target.limit;
  return { ...target, value, met, missedBy: met ? null : beyond };
}

/** The table as text. */
export function render(results: readonly Result[]): string {
  const cells = [
    ["row", "what", "median", "unit", "against", "", "target", ""],
    ...results.map((result) => [
      result.row,
      result.says,
      result.value === null ? "-" : show(result.value),
      result.unit,
      result.against ? showAgainst(result.against) : "",
      result.against?.case ?? "",
      result.target
        ? `${result.target.better === "less" ? "<=" : ">="} ${result.target.limit}`
        : "",
      verdict(result),
    ]),
  ];
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => (row[column] ?? "").length)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          column === 2 || column === 4
            ? cell.padStart(widths[column] ?? 0)
            : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function showAgainst({ how, value }: NonNullable<Result["against"]>): string {
  return how === "ratio" ? `${show(value)}x` : `+${show(value)}`;
}

function verdict({ target, notAvailable }: Result): string {
  if (notAvailable !== undefined) return `not available: ${notAvailable}`;
  if (!target) return "";
  if (target.met === null) return "not judged: what it is measured against is not available";
  return target.met ? "met" : `MISSED by ${Math.round((target.missedBy ?? 0) * 100)} %`;
}

function show(value: number): string {
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
