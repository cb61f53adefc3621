import type { ThoughtLine } from "../../contracts/cognition.ts";
import type { CauseView } from "../../contracts/cognition/reading.ts";
import { arg, type Command, type Context, flag, type Input, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import type { Line } from "../render/line.ts";
import { thoughtTable } from "../render/cognition/thought.ts";
import { fields } from "../render/table.ts";
import { ID, noted, TEXT, words } from "./note.ts";

/** Statements, and what follows from how they are linked. */
export const graphs: readonly Command[] = [
  {
    name: "say",
    summary: "note something that is a case of, needs or causes something else",
    example: 'nanos cognition say "the tests are green"',
    args: [TEXT],
    run: (context, input) => noted(context, { is: "statement" }, [words(input)]),
  },
  {
    name: "have",
    summary: "say that something that is needed is had",
    example: "nanos cognition have t1k3f9x2ab7qz0m",
    args: [ID],
    options: [{ flag: "--not", about: "or that it is not" }],
    run: (context, input) => {
      const known = !flag(input, "--not");
      return noted(context, { is: "known", of: arg(input, "ID"), known }, []);
    },
  },
  {
    name: "order",
    summary: "what is still to be had before it, in an order it can be had in",
    example: "nanos cognition order t1k3f9x2ab7qz0m",
    args: [ID],
    run: async (context, input) => {
      const lines = (await context.nanos()).cognition.order(arg(input, "ID"));
      await show(context, lines, () => orderLines(lines, context.terminal.columns));
      return EXIT.succeeded;
    },
  },
  {
    name: "cause",
    summary: "how one thing stands to another in the causes that were drawn",
    example: "nanos cognition cause t1k3f9x2ab7qz0m t1k3f9x2ab7qz0n",
    args: [
      { name: "FROM", about: "the one that may lead to the other", required: true },
      { name: "TO", about: "the other", required: true },
    ],
    run: async (context, input) => {
      const view = (await context.nanos()).cognition.cause(arg(input, "FROM"), arg(input, "TO"));
      await show(context, view, () => causeLines(view));
      return EXIT.succeeded;
    },
  },
  {
    name: "retell",
    summary: "tell again from memory, to see how much of it bent",
    example: 'nanos cognition retell t1k3f9x2ab7qz0m "we said it would rain"',
    args: [ID, TEXT],
    run: retell,
  },
];

async function retell(context: Context, input: Input): Promise<number> {
  const { cognition } = await context.nanos();
  const line = await cognition.retell(arg(input, "ID"), words(input));
  const overlap = line.thought.is === "retelling" ? line.thought.overlap : 0;
  await show(context, line, () => [
    `${overlap}% of the words stand in both. What was noted then: nanos cognition show ${arg(input, "ID")}`,
  ]);
  return EXIT.succeeded;
}

function orderLines(lines: readonly ThoughtLine[], width: number): readonly Line[] {
  return lines.length === 0 ? ["It is had."] : thoughtTable(lines, width);
}

function causeLines({ leads, through, common, effects }: CauseView): readonly Line[] {
  return [
    leads ? "The first leads to the second." : "The first does not lead to the second.",
    ...fields([
      ["through", through.join(", ")],
      ["causes of both", common.length === 0 ? "" : `${common.join(", ")}: hold them still`],
      ["effects of both", effects.length === 0 ? "" : `${effects.join(", ")}: leave them alone`],
    ]),
    "That follows from what was drawn, and is no better than it.",
  ];
}
