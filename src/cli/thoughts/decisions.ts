import { BETTER, ERRORS, type Thought, WORTHS } from "../../contracts/cognition.ts";
import { arg, type Command, type Context, type Input, option } from "../command.ts";
import { choiceIn, ID, missing, noted, oneOf, TEXT, words } from "./note.ts";

const RUN = { flag: "--run", value: "RUN", offers: "runs" } as const;

/** Deciding, and looking at it afterwards. */
export const decisions: readonly Command[] = [
  {
    name: "decide",
    summary: "note what you decided",
    example: 'nanos cognition decide "we ship on Monday" --run r1k3f9x2ab7qz0m',
    args: [TEXT],
    options: [{ ...RUN, about: "the run or mission it is about" }],
    run: async (context, input) => {
      const run = option(input, "--run");
      const { traces } = await context.nanos();
      const about = run === undefined ? {} : { run: traces.show(run).run };
      return noted(context, { is: "decision", ...about }, [words(input)]);
    },
  },
  {
    name: "autopsy",
    summary: "say how a decision was made, or how it came out",
    example: "nanos cognition autopsy t1k3f9x2ab7qz0m --made good --out bad",
    args: [ID],
    options: [
      { flag: "--made", value: "WORTH", about: "good or bad, as far as could be known then" },
      { flag: "--out", value: "WORTH", about: "good or bad, as it came out" },
    ],
    run: autopsy,
  },
  {
    name: "instead",
    summary: "note what might have been done instead of a decision",
    example: 'nanos cognition instead t1k3f9x2ab7qz0m "wait a week" --better unsure',
    args: [ID, TEXT],
    options: [
      { flag: "--better", value: "WORD", about: "yes, no or unsure, as you think" },
      { flag: "--fork", value: "RUN", about: "a fork of its run that did it", offers: "runs" },
    ],
    run: instead,
  },
  {
    name: "error",
    summary: "name an error of judgement",
    example: 'nanos cognition error sunk-cost "two years of work" --of t1k3f9x2ab7qz0m',
    args: [
      {
        ...{ name: "KIND", required: true },
        about: ERRORS.map((error) => error.replaceAll("_", "-")).join(", "),
      },
      { ...TEXT, required: false },
    ],
    options: [{ flag: "--of", value: "ID", about: "what it was made in" }],
    run: (context, input) => {
      const of = option(input, "--of");
      const error = oneOf(arg(input, "KIND"), ERRORS, "KIND");
      const thought: Thought = { is: "error", error, ...(of === undefined ? {} : { of }) };
      const text = words(input);
      return noted(context, thought, text === "" ? [] : [text]);
    },
  },
];

/** Who says both at once knows how it came out, so that is noted first. */
async function autopsy(context: Context, input: Input): Promise<number> {
  const of = arg(input, "ID");
  const [was, out] = [choiceIn(input, "--made", WORTHS), choiceIn(input, "--out", WORTHS)];
  const turned: Thought | null = out === undefined ? null : { is: "turned", of, out };
  const judged: Thought | null = was === undefined ? null : { is: "judged", of, was };
  const last = judged ?? turned;
  if (last === null) {
    throw missing("It says nothing of the decision.", "Add --made good, --out bad, or both.");
  }
  if (judged && turned) await (await context.nanos()).cognition.note(turned, []);
  return noted(context, last, []);
}

async function instead(context: Context, input: Input): Promise<number> {
  const [better, fork] = [choiceIn(input, "--better", BETTER), option(input, "--fork")];
  if (better === undefined) {
    throw missing("It does not say whether that was better.", "Add --better yes, no or unsure.");
  }
  const { traces } = await context.nanos();
  const gone = fork === undefined ? {} : { fork: traces.show(fork).run };
  const thought: Thought = { is: "instead", of: arg(input, "ID"), better, ...gone };
  return noted(context, thought, [words(input)]);
}
