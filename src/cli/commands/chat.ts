import { type Command, option } from "../command.ts";
import { follow, watcherOf } from "../follow.ts";
import { ready } from "../setup.ts";
import { requestOf } from "./run.ts";

/** What Nanna Coder called a session, and with `--prompt` a single request. */
export const command: Command = {
  name: "chat",
  former: true,
  summary: "a session, or one request with --prompt",
  example: 'nanos chat --prompt "what is 6 times 7"',
  options: [
    { flag: "--prompt", value: "TEXT", about: "answer this and exit" },
    { flag: "--model", value: "NAME", about: "use this model", offers: "models" },
    { flag: "--tools", about: "accepted: tools are always there, past the gate" },
  ],
  run: async (context, input) => {
    const prompt = option(input, "--prompt");
    const nanos = await ready(context);
    if (prompt !== undefined) {
      const request = requestOf(prompt, input);
      const watcher = await watcherOf(context, nanos);
      return follow(context, (hooks) => nanos.run({ ...request, ...hooks }), watcher);
    }
    const { openSession } = await import("../session/open.ts");
    const model = option(input, "--model");
    const named = model === undefined ? {} : { model };
    return openSession(context, nanos, { ...named, plain: false, goOn: false });
  },
};
