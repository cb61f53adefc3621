import { CAME, type Thought } from "../../contracts/cognition.ts";
import { arg, type Command, type Context, dayIn, flag, type Input, option } from "../command.ts";
import { CHANCE, chanceIn, ID, noted, oneOf, SOURCE, TEXT, words } from "./note.ts";

/** Foretelling, and saying what came. */
export const predictions: readonly Command[] = [
  {
    name: "predict",
    summary: "foretell something, with a chance in percent",
    example: 'nanos cognition predict "it rains tomorrow" --chance 70 --due 2030-12-31',
    args: [TEXT],
    options: [
      CHANCE,
      SOURCE,
      { flag: "--due", value: "DATE", about: "the day after which it can be told" },
      { flag: "--mission", value: "RUN", about: "the mission that settles it", offers: "runs" },
      { flag: "--check", value: "TASK.CHECK", about: "the one check of it that settles it" },
    ],
    run: predict,
  },
  {
    name: "settle",
    summary: "say what came of a prediction or a belief",
    example: "nanos cognition settle t1k3f9x2ab7qz0m yes",
    args: [ID, { name: "CAME", about: "yes, no, or void where it cannot be told", required: true }],
    options: [{ flag: "--correct", about: "takes back what was settled before" }],
    run: (context, input) => {
      const came = oneOf(arg(input, "CAME"), CAME, "CAME");
      const corrects = flag(input, "--correct") ? { corrects: true as const } : {};
      return noted(context, { is: "settlement", of: arg(input, "ID"), came, ...corrects }, []);
    },
  },
];

async function predict(context: Context, input: Input): Promise<number> {
  const chance = chanceIn(input);
  const [source, due] = [option(input, "--source"), dayIn(input, "--due", context.clock.now())];
  const [about, check] = [option(input, "--mission"), option(input, "--check")];
  const { missions } = await context.nanos();
  const thought: Thought = {
    ...{ is: "prediction", chance },
    ...(source === undefined ? {} : { source }),
    ...(due === undefined ? {} : { due }),
    // A mission is a run; naming one that is none is a slip.
    ...(about === undefined ? {} : { mission: missions.show(about).run }),
    ...(check === undefined ? {} : { check }),
  };
  return noted(context, thought, [words(input)]);
}
