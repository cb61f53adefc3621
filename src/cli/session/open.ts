import type { Nanos, RunHandle, RunHooks } from "../../contracts/nanos.ts";
import type { Context } from "../command.ts";
import { EXIT, report } from "../exit.ts";
import { follow, watcherOf } from "../follow.ts";
import { paintAll } from "../render/line.ts";
import { attended, confirm } from "../setup.ts";
import { Conversation, takeTurn } from "./conversation.ts";
import { pastLines, pastOf } from "./past.ts";
import { welcome } from "./welcome.ts";
import type { Session } from "./session.ts";
import { type Answering, answerEvents } from "./events.ts";
import { takeUp } from "./renew.ts";
import { slashOf } from "./slash.ts";
import type { Layout } from "./view.ts";

/** How a session begins. */
export interface SessionStart {
  readonly model?: string;
  /** Line by line though there is a screen: nothing is drawn over, which is what readers read. */
  readonly plain: boolean;
  /** Go on with the newest conversation. */
  readonly goOn: boolean;
}

/** Opens a session: on the screen where there is one, line by line where there is none. */
export async function openSession(
  context: Context,
  nanos: Nanos,
  { model, plain, goOn }: SessionStart,
): Promise<number> {
  await nanos.secrets.unlock();
  const { NANOS_PLAIN, TERM } = context.options.env ?? {};
  const byLine = plain || TERM === "dumb" || (NANOS_PLAIN ?? "") !== "";
  const conversation = new Conversation(nanos, model);
  if (goOn) conversation.takeUp(pastOf(nanos)[0]?.runs ?? []);
  if (byLine || !attended(context) || !context.terminal.outTty)
    return new LineSession(context, nanos, conversation).run();
  const [{ runSession }, { imagesIn, openPiView }] = await Promise.all([
    import("./session.ts"),
    import("./pi/pi-view.ts"),
  ]);
  return runSession(
    context,
    nanos,
    openPiView({
      color: context.terminal.color("out"),
      clock: context.clock,
      images: imagesIn(context.options.env ?? {}),
    }),
    conversation,
  );
}

/** Reads lines, answers each, ends at the end of input. Exits as its last turn would. */
class LineSession implements Session {
  readonly context: Context;
  readonly nanos: Nanos;
  readonly conversation: Conversation;
  #left = false;
  #answering: Answering | null = null;
  #code: number = EXIT.succeeded;

  constructor(context: Context, nanos: Nanos, conversation: Conversation) {
    this.context = context;
    this.nanos = nanos;
    this.conversation = conversation;
  }

  async run(): Promise<number> {
    const { runs } = this.conversation;
    if (attended(this.context)) this.print(() => welcome(this.nanos, "Ctrl-D leaves"));
    if (runs.length > 0) this.print((width) => pastLines(this.nanos, runs, width));
    this.#answering = answerEvents(this.nanos, (line) => this.print(() => [line]));
    try {
      for await (const text of this.#lines()) {
        const line = text.trim();
        if (line !== "") await this.#take(line);
        if (this.#left || this.context.terminal.gone) break;
      }
    } finally {
      await this.#answering.end();
    }
    return this.#code;
  }

  /** At a terminal each line is asked for: in between, keys answer asks. */
  async *#lines(): AsyncGenerator<string> {
    const { terminal } = this.context;
    if (!attended(this.context)) return yield* terminal.lines();
    for (;;) {
      const line = await terminal.question("> ");
      if (line === null) return;
      yield line;
    }
  }

  async #take(line: string): Promise<void> {
    try {
      await takeUp(this);
      const slash = slashOf(this.nanos, line);
      if (slash === null) await takeTurn(this, line);
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
    // A person's Ctrl-C stops the turn; what else ends it ends the session, as for who reads a pipe.
    let isKey = false;
    const release = this.context.terminal.onInterrupt((signal) => {
      isKey = signal === "SIGINT" && attended(this.context);
    });
    this.#code = await follow(this.context, start, {
      ...watcher,
      done: (state) => {
        this.conversation.take(state);
        watcher.done(state);
      },
    }).finally(release);
    if (this.#code === EXIT.cancelled && !isKey) this.#left = true;
  }

  async confirm(about: Layout, question: string): Promise<boolean | null> {
    if (!attended(this.context)) return null;
    this.print(about);
    return confirm(this.context, `${question} y/N `);
  }

  renewed(): void {
    this.#answering?.renewed();
  }

  leave(): void {
    this.#left = true;
  }
}
