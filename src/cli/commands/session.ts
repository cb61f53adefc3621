import { type Command, option } from "../command.ts";
import { ready } from "../setup.ts";

/** `nanos` with no command: a session with the oracle. */
export const command: Command = {
  name: "session",
  summary: "talk with the oracle",
  example: "nanos",
  options: [{ flag: "--model", value: "NAME", about: "use this model", offers: "models" }],
  run: async (context, input) => {
    const nanos = await ready(context);
    const { openSession } = await import("../session/open.ts");
    return openSession(context, nanos, option(input, "--model"));
  },
};
