import { resolve } from "node:path";
import type { ApplyOffer, ImportOffer } from "../../contracts/portable.ts";
import { NanosError } from "../../std/error.ts";
import { arg, type Command, type Context, flag, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { paintAll, span } from "../render/line.ts";
import { takeoverLines } from "../render/trust.ts";
import { count } from "../render/words.ts";
import { agree, attended } from "../setup.ts";

export const command: Command = {
  name: "apply",
  summary: "take over an arrangement from a folder, after reading what would change",
  example: "nanos apply ./my-arrangement",
  args: [
    {
      name: "DIR",
      about: "the folder, as nanos export wrote it",
      required: true,
      offers: "folders",
    },
  ],
  options: [{ flag: "--anyway", about: "also with what harmful skills hold" }],
  run: async (context, input) => {
    const from = arg(input, "DIR");
    const house = await context.house();
    const offer = await house.offer(
      context.options,
      from,
      resolve(context.options.cwd ?? ".", from),
    );
    if (offer.files.length === 0) {
      await show(context, offer, () => [
        [span("same ", "green"), `${offer.name} is there as it is`],
      ]);
      return EXIT.succeeded;
    }
    return takeOver(context, offer, flag(input, "--anyway"));
  },
};

/** Shows what would change, asks, and does it. */
export async function takeOver(
  context: Context,
  offer: ApplyOffer | ImportOffer,
  anyway: boolean,
): Promise<number> {
  const { terminal } = context;
  terminal.err(paintAll(takeoverLines(offer), terminal.color("err")));
  if (!(await agreed(context, offer, anyway))) {
    terminal.err("Not taken over. Nothing was written.\n");
    return EXIT.denied;
  }
  const applied = await (await context.house()).apply(context.options, offer);
  await show(context, { ...offer, ...applied, changed: applied.files }, () => [
    [span("took over ", "green"), `${offer.name}, ${count(applied.files.length, "file")} changed`],
    ...(applied.kept === null
      ? []
      : [[span(`nanos apply ${applied.kept} brings back what was there`, "dim")]]),
    [span("nanos show reads it out; nanos grant add SKILL says yes to a skill", "dim")],
  ]);
  return EXIT.succeeded;
}

/**
 * A person's yes to what was shown. `--yes` is one to files; what the arrangement says yes to
 * beforehand, and what harmful skills hold, takes a person who is there.
 */
async function agreed(context: Context, offer: ApplyOffer, anyway: boolean): Promise<boolean> {
  const { name, reach, findings } = offer;
  const severe = findings.some(({ severity }) => severity === "severe") && !anyway;
  const standing = reach.some((line) => line.standing);
  if (!severe && !standing) {
    return agree(context, `Take over ${name}? y/N `, [
      "apply.unanswered",
      "Nobody is here to say yes, so nothing was taken over.",
      "Read what would change above, then add --yes.",
    ]);
  }
  if (!attended(context)) {
    throw severe
      ? new NanosError(
          "install.severe",
          `${name} holds what harmful skills hold; it was not taken over.`,
          "Read the places above. If you know why they are there, add --anyway.",
        )
      : new NanosError(
          "apply.standing",
          `${name} says yes beforehand to what would be asked about; --yes does not stand for that.`,
          "Read the lines marked above, and answer at a terminal.",
        );
  }
  const typed = await context.terminal.question(`Type ${name} to take it over all the same: `);
  return typed?.trim() === name;
}
