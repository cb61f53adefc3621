import { ANSWERS, type Thought, type WriteWish } from "../../contracts/cognition.ts";
import { NanosError } from "../../std/error.ts";
import { arg, type Command, type Context, type Input, option, show } from "../command.ts";
import { exitOf } from "../exit.ts";
import type { Line } from "../render/line.ts";
import { thoughtLines } from "../render/cognition/thought.ts";
import { ID, missing, noted, numberIn, oneOf, TEXT, words } from "./note.ts";

const AGENT = { flag: "--agent", value: "NAME", offers: "agents" } as const;

/** Arguments and objections, written by the operator or by an agent. */
export const claims: readonly Command[] = [
  {
    name: "argue",
    summary: "note an argument, a line each, the claim last; or have an agent write one",
    example: 'nanos cognition argue "All men die" "Socrates is a man" "Socrates dies <- 1,2"',
    args: [{ name: "LINES", about: "each may end in `<- 1,2`", required: true, rest: true }],
    options: [
      { flag: "--belief", value: "N=ID", about: "the belief that line N is", many: true },
      { ...AGENT, about: "the agent that writes one for the claim" },
    ],
    run: argue,
  },
  {
    name: "counter",
    summary: "note an objection to an argument, or have an agent write one",
    example: 'nanos cognition counter t1k3f9x2ab7qz0m "not all of them" --line 1',
    args: [ID, { ...TEXT, required: false }],
    options: [
      { flag: "--line", value: "N", about: "the line it is against" },
      { ...AGENT, about: "the agent that writes it" },
    ],
    run: counter,
  },
  {
    name: "answer",
    summary: "say that an objection is met, or concede it",
    example: 'nanos cognition answer t1k3f9x2ab7qz0m met "it was measured twice"',
    args: [
      ID,
      { name: "HOW", about: "met or conceded", required: true },
      { ...TEXT, required: false },
    ],
    run: (context, input) => {
      const how = oneOf(arg(input, "HOW"), ANSWERS, "HOW");
      const text = words(input);
      const thought: Thought = { is: "answer", of: arg(input, "ID"), how };
      return noted(context, thought, text === "" ? [] : [text]);
    },
  },
];

async function argue(context: Context, input: Input): Promise<number> {
  const given = [...(input.rest.length > 0 ? input.rest : [input.args["LINES"] ?? ""])];
  const agent = option(input, "--agent");
  if (agent !== undefined) return written(context, { agent, claim: given.join(" ") });
  const beliefs = new Map((input.options["--belief"] ?? []).map(beliefIn));
  const parsed = given.map((line, i) => lineIn(line, i, given.length));
  const thought: Thought = {
    is: "argument",
    lines: parsed.map(({ from }, i) => {
      const belief = beliefs.get(i + 1);
      return { from, ...(belief === undefined ? {} : { belief }) };
    }),
  };
  return noted(
    context,
    thought,
    parsed.map(({ text }) => text),
  );
}

/** `Socrates dies <- 1,2`; the last line follows from all the others where it does not say. */
function lineIn(line: string, i: number, of: number): { readonly text: string; from: number[] } {
  const [, text = line, from] = /^(.*?)\s*<-\s*([\d,\s]*)$/su.exec(line) ?? [];
  if (from !== undefined) return { text, from: (from.match(/\d+/gu) ?? []).map(Number) };
  return { text, from: i === of - 1 ? Array.from({ length: i }, (_, n) => n + 1) : [] };
}

function beliefIn(given: string): readonly [number, string] {
  const [, line, id] = /^(\d+)=(.+)$/u.exec(given) ?? [];
  if (id !== undefined) return [Number(line), id];
  const next =
    "Write the line's number and the belief's id, for example --belief 1=t1k3f9x2ab7qz0m";
  throw new NanosError("usage.value", `--belief takes N=ID, not ${given}.`, next);
}

async function counter(context: Context, input: Input): Promise<number> {
  const [of, agent, text] = [arg(input, "ID"), option(input, "--agent"), words(input)];
  if (agent !== undefined) return written(context, { agent, against: of });
  if (text === "") throw missing("The objection is missing.", "Add it in words, or --agent NAME.");
  const line = numberIn(input, "--line", 1, 64);
  const thought: Thought = { is: "counter", of, ...(line === undefined ? {} : { line }) };
  return noted(context, thought, [text]);
}

/** What an agent wrote in a run of its own, or that it wrote nothing. */
async function written(context: Context, wish: WriteWish): Promise<number> {
  const { cognition } = await context.nanos();
  const handle = await cognition.write(wish);
  const state = await handle.done;
  const notes = cognition.list({ limit: 50 }).filter(({ id }) => id.startsWith(`${handle.run}.`));
  const { columns } = context.terminal;
  await show(context, { run: handle.run, state: state.state, noted: notes }, () => [
    ...(notes.length === 0 ? ["It noted nothing."] : []),
    ...notes.flatMap((line): readonly Line[] => thoughtLines(line, columns)),
    `How it came about: nanos trace show ${handle.run}`,
  ]);
  return exitOf(state);
}
