import { arg, type Command, type Context, flag, type Input, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { cognitionLines } from "../render/cognition/status.ts";
import { thoughtLines, thoughtTable } from "../render/cognition/thought.ts";
import { span } from "../render/line.ts";
import { count } from "../render/words.ts";
import { claims } from "../thoughts/arguments.ts";
import { beliefs } from "../thoughts/beliefs.ts";
import { decisions } from "../thoughts/decisions.ts";
import { graphs } from "../thoughts/graphs.ts";
import { ID, numberIn } from "../thoughts/note.ts";
import { predictions } from "../thoughts/predictions.ts";

export const command: Command = {
  name: "cognition",
  summary: "what you and your agents foretold and believed, held against what came",
  example: "nanos cognition",
  alone: "status",
  subs: [
    {
      name: "status",
      summary: "what every instrument reads off what was noted",
      example: "nanos cognition status --json",
      run: async (context) => {
        const status = (await context.nanos()).cognition.status();
        await show(context, status, () => cognitionLines(status, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "list",
      summary: "what was noted, newest first",
      example: "nanos cognition list --open",
      options: [
        { flag: "--open", about: "only predictions that are not settled" },
        { flag: "--limit", value: "N", about: "at most so many; 50 where nothing is said" },
      ],
      run: async (context, input) => {
        const { cognition } = await context.nanos();
        const limit = numberIn(input, "--limit", 1, 100_000) ?? 50;
        const lines = cognition.list({ open: flag(input, "--open"), limit });
        await show(context, lines, () => thoughtTable(lines, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "show",
      summary: "one of them whole, with what is about it",
      example: "nanos cognition show t1k3f9x2ab7qz0m",
      args: [ID],
      run: async (context, input) => {
        const view = (await context.nanos()).cognition.show(arg(input, "ID"));
        await show(context, view, () => thoughtLines(view, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    ...predictions,
    ...beliefs,
    ...decisions,
    ...claims,
    ...graphs,
    {
      name: "forget",
      summary: "erase its words from the journal; its figures and every score stay",
      example: "nanos cognition forget t1k3f9x2ab7qz0m --dry-run",
      args: [ID],
      options: [{ flag: "--dry-run", about: "only say what would go" }],
      run: forget,
    },
  ],
};

async function forget(context: Context, input: Input): Promise<number> {
  const [id, rehearse] = [arg(input, "ID"), flag(input, "--dry-run")];
  const gone = await (await context.nanos()).cognition.forget(id, rehearse);
  await show(context, { id, ...gone }, () => [
    [
      span(rehearse ? "would erase " : "erased ", rehearse ? "yellow" : "red"),
      `the words of ${id}: ${count(gone.bodies, "entry", "entries")} of the journal; its figures stay`,
    ],
  ]);
  return EXIT.succeeded;
}
