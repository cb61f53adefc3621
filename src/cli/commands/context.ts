import type { ContextView } from "../../contracts/nanos.ts";
import { plainText } from "../../std/text.ts";
import { type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { offeredWords } from "../render/call-tree.ts";
import { type Line, span, textOf } from "../render/line.ts";
import { table } from "../render/table.ts";
import { wrap } from "../render/width.ts";
import { count, shortCount } from "../render/words.ts";

export const command: Command = {
  name: "context",
  summary: "who uses the window of the model",
  example: "nanos context r1k3f9x2ab7qz0m",
  args: [{ name: "RUN", about: "a run; without one, what every call carries", offers: "runs" }],
  run: async (context, input) => {
    const view = await (await context.nanos()).context(input.args["RUN"]);
    await show(context, view, () => contextLines(view, context.terminal.columns));
    return EXIT.succeeded;
  },
};

/** The parts by size, each with its share of the window, or of the whole where there is none. */
export function contextLines(view: ContextView, width: number): readonly Line[] {
  const { window, model, left } = view;
  const total = view.parts.reduce((sum, { tokens }) => sum + tokens, 0);
  const whole = Math.max(1, window ?? total);
  const share = (tokens: number): string => `${Math.round((tokens / whole) * 100)}%`;
  const parts = view.parts.toSorted((a, b) => b.tokens - a.tokens);
  const of = window === null ? "" : ` of ${shortCount(window)}`;
  return [
    ...table(
      [
        { title: "what", text: ({ what }) => what },
        { title: "tokens", text: ({ tokens }) => shortCount(tokens) },
        { title: "share", text: ({ tokens }) => share(tokens) },
      ],
      parts,
      width,
    ),
    ...parts.flatMap(({ what, text = "" }): readonly Line[] =>
      text === "" ? [] : ["", [span(what, "bold")], ...linesOf(text, width)],
    ),
    "",
    [`about ${shortCount(total)}${of} tokens, ${share(total)}  `, span(model, "dim")],
    ...(left === 0
      ? []
      : [
          [span(`${count(left, "earlier message")} left out of the newest call`, "yellow")] as Line,
        ]),
    ...offeredLines(view, width),
  ];
}

function offeredLines({ model, tools }: ContextView, width: number): readonly Line[] {
  const { offered, of } = tools;
  if (offered.length >= of) return [];
  const said = offeredWords(model, { most: offered.length, of });
  return linesOf(said, width).map((line) => [span(textOf(line), "yellow")]);
}

function linesOf(text: string, width: number): readonly Line[] {
  const lines = plainText(text).split("\n");
  return lines.flatMap((line) => wrap(line, Number.isFinite(width) ? width : 100));
}
