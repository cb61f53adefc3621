import { resolve } from "node:path";
import { arg, type Command, flag, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { span } from "../render/line.ts";
import { takeOver } from "./apply.ts";

export const command: Command = {
  name: "import",
  summary: "bring in another program's manifests as ours; runs nothing of them",
  example: "nanos import ./workers",
  args: [
    { name: "PATH", about: "a manifest, or a folder of them", required: true, offers: "files" },
  ],
  options: [{ flag: "--anyway", about: "also with what harmful skills hold" }],
  run: async (context, input) => {
    const from = arg(input, "PATH");
    const path = resolve(context.options.cwd ?? ".", from);
    const offer = await (await context.house()).offerImport(context.options, from, path);
    if (offer.files.length > 0) return takeOver(context, offer, flag(input, "--anyway"));
    await show(context, offer, () => [
      [span("same ", "green"), `all of ${from} is there as it is`],
    ]);
    return EXIT.succeeded;
  },
};
