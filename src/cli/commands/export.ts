import { resolve } from "node:path";
import { arg, type Command, flag, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { needsLines } from "../render/trust.ts";
import { count } from "../render/words.ts";

export const command: Command = {
  name: "export",
  summary: "write the arrangement to a folder for others: no secret, nothing of this machine",
  example: "nanos export ./my-arrangement",
  args: [{ name: "DIR", about: "a folder that is empty or not there yet", required: true }],
  options: [{ flag: "--memory", about: "with the shared notes; look at them first" }],
  run: async (context, input) => {
    const dir = resolve(context.options.cwd ?? ".", arg(input, "DIR"));
    const house = await context.house();
    const made = await house.exportTo(context.options, dir, { memory: flag(input, "--memory") });
    await show(context, made, () => [
      [span("wrote ", "green"), `${count(made.files.length, "file")} to ${made.dir}`],
      ...made.files.map((file): Line => `  + ${file}`),
      ...made.left.map(({ what, why }): Line => [`  - ${what}`, span(`  ${why}`, "dim")]),
      ...needsLines(made.needs),
      [span(`nanos apply ${made.dir} takes it over elsewhere`, "dim")],
    ]);
    return EXIT.succeeded;
  },
};
