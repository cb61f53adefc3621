import type { ThoughtLine } from "../../../contracts/cognition.ts";
import { firstLine, plainText } from "../../../std/text.ts";
import { type Line, span } from "../line.ts";
import { fields, table } from "../table.ts";
import { clockTime } from "../words.ts";

/** Thoughts as a table. */
export function thoughtTable(lines: readonly ThoughtLine[], width: number): readonly Line[] {
  if (lines.length === 0) return ["Nothing is noted that fits."];
  return table(
    [
      { title: "id", text: ({ id }) => id, style: () => "bold" },
      { title: "when", text: ({ at }) => clockTime(at) },
      { title: "by", text: (line) => byWords(line) },
      {
        title: "what",
        text: (line) => `${figuresOf(line)}  ${firstLine(saidIn(line), 200)}`.trim(),
      },
    ],
    lines,
    width,
  );
}

/** One thought, whole, with what is about it. */
export function thoughtLines(
  line: ThoughtLine & { readonly about?: readonly ThoughtLine[] },
  width: number,
): readonly Line[] {
  const { about = [] } = line;
  return [
    [span(line.id, "bold"), `  ${figuresOf(line)}`],
    ...fields([
      ["noted by", byWords(line)],
      ["on", clockTime(line.at)],
    ]),
    ...(line.texts ?? ["(its words were erased)"]).map((text) => `  ${plainText(text)}`),
    ...(about.length === 0 ? [] : ["", ...thoughtTable(about, width)]),
  ];
}

/** Who noted it, and whether its words may be somebody else's. */
function byWords({ by, label }: ThoughtLine): string {
  return label?.integrity === "untrusted" ? `${by} (untrusted)` : by;
}

function saidIn({ texts }: ThoughtLine): string {
  return texts === null ? "(erased)" : texts.join(" / ");
}

/** What a thought says in figures. */
function figuresOf({ thought }: ThoughtLine): string {
  switch (thought.is) {
    case "prediction":
      return `${thought.chance}%${thought.source === undefined ? "" : ` says ${thought.source}`}`;
    case "settlement":
      return `${thought.of}: ${thought.came}${thought.corrects ? " (corrected)" : ""}`;
    default:
      return thought satisfies never;
  }
}
