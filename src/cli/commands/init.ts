import { resolve } from "node:path";
import { NanosError } from "../../std/error.ts";
import { type Command, type Context, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { shortPath } from "../render/words.ts";
import { attended, chooseStarter, FIRST_STARTER } from "../setup.ts";

export const command: Command = {
  name: "init",
  summary: "make an arrangement from a starter, as plain files",
  example: "nanos init --from indie-developer",
  args: [{ name: "DIR", about: "where; the home's own when absent", offers: "folders" }],
  options: [
    {
      flag: "--from",
      value: "STARTER",
      about: "a starter's name, or a folder",
      offers: "starters",
    },
  ],
  run: async (context, input) => {
    const from = option(input, "--from") ?? (await starter(context));
    const dir = input.args["DIR"];
    const house = await context.house();
    const target = dir === undefined ? undefined : resolve(context.options.cwd ?? ".", dir);
    const made = await house.init(context.options, from, target);
    await show(context, made, () => [
      [span("made ", "green"), `${from} in ${made.dir}`],
      ...made.files.map((file): Line => `  + ${shortPath(file, made.dir)}`),
      ...(made.kept ?? []).map((file): Line => [
        span(`  = ${shortPath(file, made.dir)} was there and is left as it is`, "yellow"),
      ]),
      [span('nanos show reads it out, nanos run "TEXT" uses it', "dim")],
    ]);
    return EXIT.succeeded;
  },
};

async function starter(context: Context): Promise<string> {
  if (context.yes) return FIRST_STARTER;
  const found = await context.look();
  const starters = found.kind === "empty" ? found.starters : [];
  if (attended(context) && starters.length > 0) return chooseStarter(context, starters);
  const names = starters.map(({ name }) => name).join(", ");
  throw new NanosError(
    "usage.starter",
    "Which starter?",
    `Say it with --from${names === "" ? "" : ` (${names})`}, or --yes for ${FIRST_STARTER}.`,
  );
}
