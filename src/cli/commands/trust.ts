import { resolve } from "node:path";
import { type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { span } from "../render/line.ts";
import { trustLines } from "../render/trust.ts";
import { agree } from "../setup.ts";

export const command: Command = {
  name: "trust",
  summary: "read what a project's arrangement would run, then allow it",
  example: "nanos trust .",
  args: [{ name: "DIR", about: "the project; the current folder when absent", offers: "folders" }],
  run: async (context, input) => {
    const house = await context.house();
    const view = await house.trustView(
      context.options,
      resolve(context.options.cwd ?? ".", input.args["DIR"] ?? "."),
    );
    await show(context, view, () => trustLines(view));
    const yes = await agree(context, "Trust exactly this? y/N ", [
      "trust.unanswered",
      "Nobody is here to say yes, so the folder stays untrusted.",
      "Read the list above, then add --yes.",
    ]);
    if (!yes) {
      context.terminal.err("Not trusted. Nothing of it is used.\n");
      return EXIT.denied;
    }
    await house.trust(context.options, view);
    const { paintAll } = await import("../render/line.ts");
    const done = [span("trusted ", "green"), view.dir];
    context.terminal.err(paintAll([done], context.terminal.color("err")));
    return EXIT.succeeded;
  },
};
