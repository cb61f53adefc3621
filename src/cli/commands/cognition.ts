import { CAME, type Thought, type ThoughtLine } from "../../contracts/cognition.ts";
import { NanosError } from "../../std/error.ts";
import {
  arg,
  type Command,
  type Context,
  dayIn,
  flag,
  type Input,
  option,
  show,
} from "../command.ts";
import { EXIT } from "../exit.ts";
import { cognitionLines } from "../render/cognition/status.ts";
import { thoughtLines, thoughtTable } from "../render/cognition/thought.ts";
import { span } from "../render/line.ts";
import { count } from "../render/words.ts";

const ID = { name: "ID", about: "what was noted", required: true } as const;
const TEXT = { name: "TEXT", about: "in words", required: true, rest: true } as const;

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
    {
      name: "predict",
      summary: "foretell something, with a chance in percent",
      example: 'nanos cognition predict "it rains tomorrow" --chance 70 --due 2030-12-31',
      args: [TEXT],
      options: [
        { flag: "--chance", value: "N", about: "0 to 100, in percent" },
        { flag: "--source", value: "NAME", about: "whose word it is, where it is not yours" },
        { flag: "--due", value: "DATE", about: "the day after which it can be told" },
        { flag: "--mission", value: "RUN", about: "the mission that settles it", offers: "runs" },
      ],
      run: predict,
    },
    {
      name: "settle",
      summary: "say what came of a prediction",
      example: "nanos cognition settle t1k3f9x2ab7qz0m yes",
      args: [
        ID,
        { name: "CAME", about: "yes, no, or void where it cannot be told", required: true },
      ],
      options: [{ flag: "--correct", about: "takes back what was settled before" }],
      run: (context, input) => {
        const came = oneOf(arg(input, "CAME"), CAME, "CAME");
        const corrects = flag(input, "--correct") ? { corrects: true as const } : {};
        return noted(context, { is: "settlement", of: arg(input, "ID"), came, ...corrects }, []);
      },
    },
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

async function predict(context: Context, input: Input): Promise<number> {
  const chance = numberIn(input, "--chance", 0, 100);
  if (chance === undefined) {
    const message = "A prediction has a chance.";
    throw new NanosError("usage.missing", message, "Add it in percent, for example --chance 70.");
  }
  const [source, due] = [option(input, "--source"), dayIn(input, "--due", context.clock.now())];
  const about = option(input, "--mission");
  const mission = about && (await context.nanos()).missions.show(about).run;
  const thought: Thought = {
    ...{ is: "prediction", chance },
    ...(source === undefined ? {} : { source }),
    ...(due === undefined ? {} : { due }),
    ...(mission === undefined ? {} : { mission }),
  };
  return noted(context, thought, [words(input)]);
}

/** Notes a thought, and shows it as it was noted. */
async function noted(
  context: Context,
  thought: Thought,
  texts: readonly string[],
): Promise<number> {
  const line: ThoughtLine = await (await context.nanos()).cognition.note(thought, texts);
  await show(context, line, () => [
    [span("noted", "green")],
    ...thoughtLines(line, context.terminal.columns),
  ]);
  return EXIT.succeeded;
}

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

function words({ args, rest }: Input): string {
  return rest.length > 0 ? rest.join(" ") : (args["TEXT"] ?? "");
}

function numberIn(input: Input, name: string, least: number, most: number): number | undefined {
  const given = option(input, name);
  if (given === undefined) return undefined;
  const n = Number(given);
  if (/^\d+$/u.test(given) && n >= least && n <= most) return n;
  const message = `${name} takes a whole number from ${least} to ${most}, not ${given}.`;
  throw new NanosError("usage.value", message, "nanos cognition --help");
}

function oneOf<T extends string>(given: string, known: readonly T[], name: string): T {
  const found = known.find((one) => one === given);
  if (found !== undefined) return found;
  const message = `${name} is one of ${known.join(", ")}, not ${given}.`;
  throw new NanosError("usage.value", message, "nanos cognition --help");
}
