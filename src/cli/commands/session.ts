import { type Command, flag, option } from "../command.ts";
import { ready } from "../setup.ts";

/** `nanos` with no command: a session with the oracle. */
export const command: Command = {
  name: "session",
  summary: "talk with the oracle",
  example: "nanos",
  options: [
    { flag: "--model", value: "NAME", about: "use this model", offers: "models" },
    { flag: "--continue", about: "go on with the newest conversation" },
    { flag: "--plain", about: "line by line, for screen readers (also: NANOS_PLAIN)" },
  ],
  run: async (context, input) => {
    const nanos = await ready(context);
    const { openSession } = await import("../session/open.ts");
    const model = option(input, "--model");
    return openSession(context, nanos, {
      ...(model === undefined ? {} : { model }),
      plain: flag(input, "--plain"),
      goOn: flag(input, "--continue"),
    });
  },
};
