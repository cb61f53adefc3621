import type { ThoughtLine, ThoughtView } from "../../../contracts/cognition.ts";
import type { Compiled } from "../../../contracts/cognition/reading.ts";
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
  line: ThoughtLine & Partial<Pick<ThoughtView, "about" | "compiled">>,
  width: number,
): readonly Line[] {
  const { about = [] } = line;
  return [
    [span(line.id, "bold"), `  ${figuresOf(line)}`],
    ...fields([
      ["noted by", byWords(line)],
      ["on", clockTime(line.at)],
    ]),
    ...wordLines(line),
    ...(line.compiled === undefined ? [] : ["", ...compiledLines(line.compiled)]),
    ...(about.length === 0 ? [] : ["", ...thoughtTable(about, width)]),
  ];
}

function wordLines({ texts, thought }: ThoughtLine): readonly Line[] {
  if (texts === null) return ["  (its words were erased)"];
  if (thought.is !== "argument") return texts.map((text) => `  ${plainText(text)}`);
  return texts.map((text, i) => {
    const { from = [], belief } = thought.lines[i] ?? {};
    const why =
      from.length > 0 ? `  <- ${from.join(", ")}` : belief === undefined ? "" : `  = ${belief}`;
    return [`  ${i + 1}  ${plainText(text)}`, span(why, "dim")];
  });
}

function compiledLines({ premises, unused, unbacked, atMost, state }: Compiled): readonly Line[] {
  return fields([
    ["hangs on", `lines ${premises.join(", ")}`],
    ["does without", unused.length === 0 ? "" : `lines ${unused.join(", ")}`],
    ["not backed", unbacked.length === 0 ? "" : `lines ${unbacked.join(", ")}: no belief`],
    ["no surer than", atMost === null ? "" : `${atMost}%, the least sure of its premises`],
    ["state", state],
  ]);
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
      return `foretold ${thought.chance}%${sourceOf(thought)}`;
    case "belief":
      return `believed ${thought.chance}%${sourceOf(thought)}${onOf(thought.on)}`;
    case "settlement":
      return `came of ${thought.of}: ${thought.came}${thought.corrects ? " (corrected)" : ""}`;
    case "revision":
      return `revised ${thought.of} to ${thought.chance}%`;
    case "link":
    case "unlink":
      return `${thought.is} ${thought.from} ${thought.how.replaceAll("_", " ")} ${thought.to}`;
    case "decision":
      return `decided${thought.run === undefined ? "" : ` about ${thought.run}`}`;
    case "judged":
      return `${thought.of} was made: ${thought.was}`;
    case "turned":
      return `${thought.of} came out: ${thought.out}`;
    case "instead":
      return `instead of ${thought.of}, better: ${thought.better}`;
    case "error":
      return `error ${thought.error}${thought.of === undefined ? "" : ` in ${thought.of}`}`;
    case "statement":
      return "said";
    case "known":
      return `${thought.of} is ${thought.known ? "had" : "not had"}`;
    case "retelling":
      return `told ${thought.of} again, ${thought.overlap}% of the words in common`;
    case "argument":
      return `argued in ${thought.lines.length} lines`;
    case "counter":
      return `objected to ${thought.of}${thought.line === undefined ? "" : `, line ${thought.line}`}`;
    case "answer":
      return `objection ${thought.of} ${thought.how}`;
    default:
      return thought satisfies never;
  }
}

function sourceOf({ source }: { readonly source?: string | undefined }): string {
  return source === undefined ? "" : ` says ${source}`;
}

function onOf(on: readonly string[] = []): string {
  return on.length === 0 ? "" : ` on ${on.join(", ")}`;
}
