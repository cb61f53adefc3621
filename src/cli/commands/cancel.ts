import { arg, type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";

export const command: Command = {
  name: "cancel",
  summary: "stop a run, in whatever terminal it goes on",
  example: "nanos cancel r1k3f9x2ab7qz0m",
  args: [{ name: "RUN", about: "the run's id", required: true, offers: "runs" }],
  run: async (context, input) => {
    const run = arg(input, "RUN");
    await (await context.nanos()).cancel(run);
    await show(context, { run, cancelled: true }, () => [`${run} was asked to stop.`]);
    return EXIT.succeeded;
  },
};
