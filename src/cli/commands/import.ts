import { resolve } from "node:path";
import type { PluginList } from "../../contracts/portable.ts";
import { arg, type Command, flag, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { takeOver } from "./apply.ts";

export const command: Command = {
  name: "import",
  summary: "bring in another program's manifests as ours; runs nothing of them",
  example: "nanos import ./workers",
  args: [
    { name: "PATH", about: "a manifest, or a folder of them", required: true, offers: "files" },
  ],
  options: [
    { flag: "--plugin", value: "NAME", about: "of a marketplace, the plugin to bring in" },
    { flag: "--anyway", about: "also with what harmful skills hold" },
  ],
  run: async (context, input) => {
    const from = arg(input, "PATH");
    const path = resolve(context.options.cwd ?? ".", from);
    const plugin = option(input, "--plugin");
    const wish = { from, path, plugin };
    const offer = await (await context.house()).offerImport(context.options, wish);
    if ("plugins" in offer) {
      await show(context, offer, () => listLines(offer, from));
      return EXIT.succeeded;
    }
    if (offer.files.length > 0) return takeOver(context, offer, flag(input, "--anyway"));
    await show(context, offer, () => [
      [span("same ", "green"), `all of ${from} is there as it is`],
    ]);
    return EXIT.succeeded;
  },
};

/** What a marketplace lists, and how one of it is brought in. */
function listLines({ plugins }: PluginList, from: string): Line[] {
  const lines = plugins.map(({ name, about, here }): Line => [
    span(name.padEnd(24), "bold"),
    span(` ${here ? "" : "(elsewhere, not fetched) "}${about}`),
  ]);
  const next = `Bring one in: nanos import ${from} --plugin NAME`;
  return [...lines, [span(plugins.length === 0 ? "It lists no plugin." : next, "dim")]];
}
