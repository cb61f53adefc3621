import { type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { statusLines } from "../render/status.ts";

export const command: Command = {
  name: "status",
  summary: "how far this home has come, and how it stands",
  example: "nanos status --json",
  run: async (context) => {
    const status = await (await context.nanos()).status();
    await show(context, status, () => statusLines(status, context.terminal.columns));
    return EXIT.succeeded;
  },
};
