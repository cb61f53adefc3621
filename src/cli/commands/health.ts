import { type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { checkLines } from "./doctor.ts";

/** What Nanna Coder called its check of the model service. */
export const command: Command = {
  name: "health",
  former: true,
  summary: "the short form of doctor",
  example: "nanos health",
  run: async (context) => {
    const checks = await (await context.nanos()).doctor(false);
    await show(context, checks, () => checkLines(checks));
    return checks.some(({ state }) => state === "bad") ? EXIT.failed : EXIT.succeeded;
  },
};
