import { type Line, type Span, type Style, span } from "./line.ts";
import { cellsOf, fit, pad } from "./width.ts";

/** A column: its heading and how its cells look. */
export interface Column<T> {
  readonly title: string;
  readonly text: (row: T) => string;
  readonly style?: (row: T) => Style | undefined;
}

/**
 * Rows in columns two spaces apart, under a dim heading. Columns before the last are as wide as
 * their widest cell but never more than a third of the screen; the last takes what is left.
 * `width` is in cells; Infinity where nothing is to be cut (a pipe).
 */
export function table<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  width: number,
): readonly Line[] {
  const cells = rows.map((row) => columns.map((column) => column.text(row)));
  const widths = fitWidths(columns, cells, width);
  const line = (texts: readonly string[], style: (i: number) => Style | undefined): Line =>
    texts.map((text, i) => cell(text, widths[i] ?? 0, i === texts.length - 1, style(i)));
  const heading = line(
    columns.map((column) => column.title),
    () => "dim",
  );
  const body = rows.map((row, r) => line(cells[r] ?? [], (i) => columns[i]?.style?.(row)));
  return [heading, ...body];
}

function cell(text: string, width: number, last: boolean, style: Style | undefined): Span {
  const shown = Number.isFinite(width) ? fit(text, width) : text;
  return span(last ? shown : `${pad(shown, width)}  `, style);
}

function fitWidths<T>(
  columns: readonly Column<T>[],
  cells: readonly (readonly string[])[],
  width: number,
): readonly number[] {
  const most = Number.isFinite(width) ? Math.floor(width / 3) : Infinity;
  const widths = columns.map((column, i) =>
    Math.min(most, Math.max(cellsOf(column.title), ...cells.map((row) => cellsOf(row[i] ?? "")))),
  );
  const taken = widths.slice(0, -1).reduce((sum, n) => sum + n + 2, 0);
  widths[widths.length - 1] = Math.max(8, width - taken);
  return widths;
}

/** Names and values under each other; what has no value is left out. */
export function fields(pairs: readonly (readonly [string, string])[]): readonly Line[] {
  const kept = pairs.filter(([, value]) => value !== "");
  const width = Math.max(0, ...kept.map(([name]) => name.length));
  return kept.map(([name, value]) => [span(`  ${pad(name, width)}  `, "dim"), value]);
}
