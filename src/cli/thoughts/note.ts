import type { Thought, ThoughtLine } from "../../contracts/cognition.ts";
import { NanosError } from "../../std/error.ts";
import { type Context, type Input, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { thoughtLines } from "../render/cognition/thought.ts";

/** What the commands that note something share. */

export const ID = { name: "ID", about: "what was noted", required: true } as const;
export const TEXT = { name: "TEXT", about: "in words", required: true, rest: true } as const;
export const CHANCE = { flag: "--chance", value: "N", about: "0 to 100, in percent" } as const;
export const SOURCE = {
  ...{ flag: "--source", value: "NAME" },
  about: "whose word it is, where it is not yours",
} as const;

/** Notes a thought, and shows it as it was noted, with what is to be said after it. */
export async function noted(
  context: Context,
  thought: Thought,
  texts: readonly string[],
  after: readonly Line[] = [],
): Promise<number> {
  const line: ThoughtLine = await (await context.nanos()).cognition.note(thought, texts);
  await show(context, line, () => [
    [span("noted", "green")],
    ...thoughtLines(line, context.terminal.columns),
    ...after,
  ]);
  return EXIT.succeeded;
}

/** The words after the other arguments. */
export function words({ args, rest }: Input): string {
  return rest.length > 0 ? rest.join(" ") : (args["TEXT"] ?? "");
}

/** The chance that must be given. */
export function chanceIn(input: Input): number {
  const chance = numberIn(input, "--chance", 0, 100);
  if (chance !== undefined) return chance;
  throw missing("There is no chance.", "Add it in percent, for example --chance 70.");
}

export function missing(message: string, next: string): NanosError {
  return new NanosError("usage.missing", message, next);
}

/** A whole number within bounds; undefined when it was not given. */
export function numberIn(
  input: Input,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const given = option(input, name);
  if (given === undefined) return undefined;
  const n = Number(given);
  if (/^\d+$/u.test(given) && n >= least && n <= most) return n;
  const message = `${name} takes a whole number from ${least} to ${most}, not ${given}.`;
  throw new NanosError("usage.value", message, "nanos cognition --help");
}

/** One of some words, as it was typed. */
export function oneOf<T extends string>(given: string, known: readonly T[], name: string): T {
  const found = known.find((one) => one === given.replaceAll("-", "_"));
  if (found !== undefined) return found;
  const all = known.map((one) => one.replaceAll("_", "-")).join(", ");
  throw new NanosError("usage.value", `${name} is one of ${all}, not ${given}.`, HELP);
}

const HELP = "nanos cognition --help";

/** The same of an option; undefined when it was not given. */
export function choiceIn<T extends string>(
  input: Input,
  name: string,
  known: readonly T[],
): T | undefined {
  const given = option(input, name);
  return given === undefined ? undefined : oneOf(given, known, name);
}
