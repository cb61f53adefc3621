import { arg, type Command, type Context, type Input, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { span } from "../render/line.ts";
import { traitLines } from "../render/status.ts";

const TRAIT = { name: "TRAIT", about: "the trait, as the list names it", required: true } as const;

export const command: Command = {
  name: "trait",
  summary: "what the stage makes available, switched on and off by you alone",
  example: "nanos trait on recall",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "every trait: what it does, and what is missing to it",
      example: "nanos trait list --json",
      run: async (context) => {
        const lines = await (await context.nanos()).traits.list();
        await show(context, lines, () => traitLines(lines, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "on",
      summary: "switch one on that the stage has; it takes no ask away",
      example: "nanos trait on recall",
      args: [TRAIT],
      run: (context, input) => set(context, input, true),
    },
    {
      name: "off",
      summary: "switch one off, for what goes on as well",
      example: "nanos trait off recall",
      args: [TRAIT],
      run: (context, input) => set(context, input, false),
    },
  ],
};

async function set(context: Context, input: Input, on: boolean): Promise<number> {
  const line = await (await context.nanos()).traits.set(arg(input, "TRAIT"), on);
  await show(context, line, () =>
    line.on
      ? [[span("on ", "green"), `${line.trait}: ${line.where}`]]
      : [[span("off ", "yellow"), line.trait]],
  );
  return EXIT.succeeded;
}
