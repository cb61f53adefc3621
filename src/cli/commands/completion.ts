import type { Nanos } from "../../contracts/nanos.ts";
import { NanosError } from "../../std/error.ts";
import { arg, type Command, type Offer, option } from "../command.ts";
import { MENU } from "../commands.ts";
import { completionScript, SHELLS, type Shell } from "../completion-script.ts";
import { EXIT } from "../exit.ts";

export const command: Command = {
  name: "completion",
  summary: "tab completion for bash, zsh or fish",
  example: "nanos completion bash >> ~/.bashrc",
  args: [{ name: "SHELL", about: "bash, zsh or fish" }],
  options: [{ flag: "--names", value: "KIND", about: "names of one kind, for the scripts" }],
  run: async (context, input) => {
    const kind = option(input, "--names");
    if (kind !== undefined) {
      const names = await namesOf(await context.nanos(), kind as Offer);
      context.terminal.out(names.map((name) => `${name}\n`).join(""));
      return EXIT.succeeded;
    }
    const shell = input.args["SHELL"] === undefined ? "" : arg(input, "SHELL");
    if (!SHELLS.includes(shell as Shell)) {
      throw new NanosError(
        "usage.shell",
        shell === "" ? "Which shell?" : `There is no completion for ${shell}.`,
        `nanos completion ${SHELLS.join("|")}`,
      );
    }
    const commands = await Promise.all(MENU.names.map((name) => MENU.load(name)));
    context.terminal.out(completionScript(shell as Shell, commands));
    return EXIT.succeeded;
  },
};

/** What is there of one kind, for Tab. Anything unknown has no names. */
async function namesOf(nanos: Nanos, kind: Offer): Promise<readonly string[]> {
  switch (kind) {
    case "agents":
      return nanos.agents.list().map(({ manifest }) => manifest.name);
    case "tools":
      return (await nanos.tools.list()).map(({ name }) => name);
    case "models":
      return nanos.models.list().map(({ name }) => name);
    case "runs":
      return nanos.traces.list({ limit: 50 }).map(({ run }) => run);
    case "asks":
      return nanos.approvals.list().map(({ id }) => id);
    case "skills":
      return [...nanos.arrangement.skills.keys()];
    default:
      return [];
  }
}
