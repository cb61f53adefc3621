import type { CanAnswer } from "../../contracts/question.ts";
import { REASONS } from "../../contracts/reason.ts";
import { arg, argsOf, type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span, type Style } from "../render/line.ts";
import { wrap } from "../render/width.ts";

export const command: Command = {
  name: "can",
  summary: "what the gate would say to a call, without doing it",
  example: `nanos can oracle notes_append '{"note":"inbox","text":"milk"}'`,
  args: [
    {
      name: "AGENT",
      about: "who would call; operator for yourself",
      required: true,
      offers: "agents",
    },
    { name: "TOOL", about: "the tool", required: true, offers: "tools" },
    { name: "JSON", about: "its arguments; - reads standard input, {} when absent" },
  ],
  run: async (context, input) => {
    const args = argsOf(context.terminal, input.args["JSON"]);
    const nanos = await context.nanos();
    const answer = await nanos.can(arg(input, "AGENT"), arg(input, "TOOL"), args);
    const width = Math.min(context.terminal.columns, 100);
    await show(context, answer, () => canLines(answer, width));
    return CODES[answer.decision.verdict];
  },
};

/** As a run that came to this would exit. */
const CODES = { allow: EXIT.succeeded, ask: EXIT.waiting, deny: EXIT.denied } as const;
const SAID = { allow: "yes", ask: "it would ask", deny: "no" } as const;
const STYLES: Readonly<Record<keyof typeof SAID, Style>> = {
  allow: "green",
  ask: "yellow",
  deny: "red",
};

function canLines({ decision, explanation, question }: CanAnswer, width: number): readonly Line[] {
  const { verdict, reason } = decision;
  const cost = question === null ? [] : wrap(`It could cost: ${question.cost}.`, width);
  return [
    [span(SAID[verdict], STYLES[verdict]), `: ${REASONS[reason]}`],
    ...explanation.slice(1).flatMap((text) => wrap(text, width)),
    ...cost,
  ];
}
