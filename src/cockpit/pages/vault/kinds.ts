/** What bytes are, by themselves: what somebody calls them is not believed. */

const PICTURES: readonly (readonly [type: string, starts: readonly number[]])[] = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/gif", [0x47, 0x49, 0x46, 0x38]],
];

/** The type of a picture of dots; null for all else, drawings in XML among it. */
export function imageType(bytes: Uint8Array): string | null {
  const found = PICTURES.find(([, starts]) => starts.every((byte, i) => bytes[i] === byte));
  return found?.[0] ?? null;
}

/** Rows of a table that are shown at most. */
const MOST_ROWS = 500;

/**
 * A text as rows of cells, where it is a table: at least two lines, each of as many cells as the
 * first, parted by commas or tabs, and quoted where they hold one; null where it is none.
 */
export function rowsIn(text: string): readonly (readonly string[])[] | null {
  const lines = text.trimEnd().split(/\r?\n/u);
  const [first = ""] = lines;
  const parted = first.includes("\t") ? "\t" : ",";
  if (lines.length < 2 || !first.includes(parted)) return null;
  const rows: (readonly string[])[] = [];
  for (const line of lines.slice(0, MOST_ROWS)) {
    const cells = cellsOf(line, parted);
    if (cells === null || cells.length !== (rows[0] ?? cells).length) return null;
    rows.push(cells);
  }
  return rows;
}

function cellsOf(line: string, parted: string): readonly string[] | null {
  const cells: string[] = [];
  let rest = line;
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"/u.exec(rest);
    const cell = quoted ? (quoted[1] ?? "").replaceAll('""', '"') : (rest.split(parted)[0] ?? "");
    cells.push(cell);
    rest = rest.slice(quoted ? quoted[0].length : cell.length);
    if (rest === "") return cells;
    if (!rest.startsWith(parted)) return null;
    rest = rest.slice(parted.length);
  }
}
