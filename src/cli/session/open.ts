import type { Nanos, RunHandle, RunHooks } from "../../contracts/nanos.ts";
import type { Context } from "../command.ts";
import { EXIT, report } from "../exit.ts";
import { follow, watcherOf } from "../follow.ts";
import { paintAll } from "../render/line.ts";
import { attended } from "../setup.ts";
import { Conversation } from "./conversation.ts";
import type { Session } from "./session.ts";
import { slashOf } from "./slash.ts";
import type { Layout } from "./view.ts";

/** Opens a session: on the screen where there is one, line by line where there is none. */
export async function openSession(
  context: Context,
  nanos: Nanos,
  model: string | undefined,
): Promise<number> {
  await nanos.secrets.unlock();
  const dumb = context.options.env?.["TERM"] === "dumb";
  if (dumb || !attended(context) || !context.terminal.outTty)
    return new LineSession(context, nanos, model).run();
  const [{ runSession }, { openPiView }] = await Promise.all([
    import("./session.ts"),
    import("./pi-view.ts"),
  ]);
  return runSession(context, nanos, openPiView(context.terminal.color("out")), model);
}

/** Reads lines, answers each, ends at the end of input. Exits as its last turn would. */
class LineSession implements Session {
  readonly context: Context;
  readonly nanos: Nanos;
  readonly conversation: Conversation;
  #left = false;
  #code: number = EXIT.succeeded;

  constructor(context: Context, nanos: Nanos, model: string | undefined) {
    this.context = context;
    this.nanos = nanos;
    this.conversation = new Conversation(nanos, model);
  }

  async run(): Promise<number> {
    for await (const text of this.context.terminal.lines()) {
      const line = text.trim();
      if (line !== "") await this.#take(line);
      if (this.#left || this.context.terminal.gone) break;
    }
    return this.#code;
  }

  async #take(line: string): Promise<void> {
    try {
      const slash = slashOf(this.nanos, line);
      if (slash === null) await this.drive((hooks) => this.conversation.begin(line, hooks));
      else await slash.command.run(this, slash.rest);
    } catch (error) {
      this.#code = report(error, this.context.terminal, false);
    }
  }

  print(lines: Layout): void {
    const { terminal, json } = this.context;
    const stream = json ? "err" : "out";
    terminal[stream](paintAll(lines(terminal.columns), terminal.color(stream)));
  }

  async drive(start: (hooks: RunHooks) => Promise<RunHandle>): Promise<void> {
    const watcher = await watcherOf(this.context, this.nanos);
    this.#code = await follow(this.context, start, {
      ...watcher,
      done: (state) => {
        this.conversation.take(state);
        watcher.done(state);
      },
    });
    if (this.#code === EXIT.cancelled) this.#left = true;
  }

  leave(): void {
    this.#left = true;
  }
}
