import { arg, type Command } from "../command.ts";
import { follow, watcherOf } from "../follow.ts";

export const command: Command = {
  name: "resume",
  summary: "go on with a run that waited or was cut off",
  example: "nanos resume r1k3f9x2ab7qz0m",
  args: [{ name: "RUN", about: "the run's id", required: true, offers: "runs" }],
  run: async (context, input) => {
    const nanos = await context.nanos();
    const watcher = await watcherOf(context, nanos);
    return follow(context, (hooks) => nanos.resume(arg(input, "RUN"), hooks), watcher);
  },
};
