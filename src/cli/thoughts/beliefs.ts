import { LINKS, type Thought } from "../../contracts/cognition.ts";
import type { BeliefChange } from "../../contracts/cognition/reading.ts";
import { firstLine } from "../../std/text.ts";
import { arg, type Command, type Context, flag, type Input, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { table } from "../render/table.ts";
import { CHANCE, chanceIn, ID, noted, oneOf, SOURCE, TEXT, words } from "./note.ts";

const FROM = { name: "FROM", about: "the one it leads from", required: true } as const;
const HOW = {
  ...{ name: "HOW", required: true },
  about: LINKS.map((how) => how.replaceAll("_", "-")).join(", "),
} as const;
const TO = { name: "TO", about: "the one it leads to", required: true } as const;

/** Believing, and how one thing hangs on another. */
export const beliefs: readonly Command[] = [
  {
    name: "believe",
    summary: "note what you hold to be so, how surely, and what it rests on",
    example: 'nanos cognition believe "the bridge holds" --chance 80 --on t1k3f9x2ab7qz0m',
    args: [TEXT],
    options: [
      CHANCE,
      SOURCE,
      { flag: "--on", value: "ID", about: "a belief it rests on", many: true },
    ],
    run: (context, input) => {
      const [source, on] = [option(input, "--source"), input.options["--on"]];
      const thought: Thought = {
        ...{ is: "belief", chance: chanceIn(input) },
        ...(source === undefined ? {} : { source }),
        ...(on === undefined ? {} : { on: [...on] }),
      };
      return noted(context, thought, [words(input)]);
    },
  },
  {
    name: "revise",
    summary: "give a belief another chance, and see what changes with it",
    example: "nanos cognition revise t1k3f9x2ab7qz0m --chance 30 --dry-run",
    args: [ID],
    options: [CHANCE, { flag: "--dry-run", about: "only show what would change" }],
    run: revise,
  },
  linking("link", "say how one hangs on another"),
  linking("unlink", "take such a link back"),
];

function linking(is: "link" | "unlink", summary: string): Command {
  return {
    ...{ name: is, summary },
    example: `nanos cognition ${is} t1k3f9x2ab7qz0m rests-on t1k3f9x2ab7qz0n`,
    args: [FROM, HOW, TO],
    run: (context, input) => {
      const how = oneOf(arg(input, "HOW"), LINKS, "HOW");
      return noted(context, { is, from: arg(input, "FROM"), how, to: arg(input, "TO") }, []);
    },
  };
}

async function revise(context: Context, input: Input): Promise<number> {
  const [of, chance] = [arg(input, "ID"), chanceIn(input)];
  const changes = (await context.nanos()).cognition.cascade(of, chance);
  const lines = changeLines(changes, context.terminal.columns);
  if (!flag(input, "--dry-run")) {
    return noted(context, { is: "revision", of, chance }, [], ["", ...lines]);
  }
  await show(context, { of, chance, changes }, () => [[span("would change", "yellow")], ...lines]);
  return EXIT.succeeded;
}

function changeLines(changes: readonly BeliefChange[], width: number): readonly Line[] {
  if (changes.length === 0) return ["Nothing is held otherwise by it."];
  return table(
    [
      { title: "id", text: ({ id }) => id, style: () => "bold" },
      { title: "held", text: ({ before, after }) => `${before}% -> ${after}%` },
      { title: "what", text: ({ texts }) => firstLine(texts?.join(" / ") ?? "(erased)", 200) },
    ],
    changes,
    width,
  );
}
