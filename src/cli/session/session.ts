import type { Nanos, RunHandle, RunHooks } from "../../contracts/nanos.ts";
import type { RunState } from "../../contracts/run.ts";
import { messageOf, NanosError } from "../../std/error.ts";
import type { Context } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { cost, duration, tokens } from "../render/words.ts";
import { type Conversation, takeTurn } from "./conversation.ts";
import { answerEvents } from "./events.ts";
import { History } from "./history.ts";
import { pictureOf } from "./image.ts";
import { pastLines, saidLines } from "./past.ts";
import { takeUp } from "./renew.ts";
import { completeWord, type Slash, slashOf } from "./slash.ts";
import { Turn } from "./turn.ts";
import type { Layout, View } from "./view.ts";
import { welcome } from "./welcome.ts";

/** What a slash command may use of the session. */
export interface Session {
  readonly context: Context;
  readonly nanos: Nanos;
  readonly conversation: Conversation;
  print(lines: Layout): void;
  /** Shows an image where the screen has them. */
  picture?(path: string): void;
  /** Drives a run as a turn of the conversation. */
  drive(start: (hooks: RunHooks) => Promise<RunHandle>): Promise<void>;
  /** Shows what is asked about and asks; null where nobody is there. */
  confirm(about: Layout, question: string): Promise<boolean | null>;
  /** The arrangement may be another one now. */
  renewed(): void;
  leave(): void;
}

/** A session at a terminal, until the operator leaves. Returns the exit code. */
export function runSession(
  context: Context,
  nanos: Nanos,
  view: View,
  conversation: Conversation,
): Promise<number> {
  return new Promise((resolve) => {
    const leave = (code: number): void => {
      release();
      void answering.end().then(() => resolve(code));
    };
    const answering = answerEvents(nanos, (line) => void view.add(() => [line]));
    const session = new ScreenSession(
      { context, nanos, conversation, renewed: answering.renewed },
      view,
      leave,
    );
    // In a session Ctrl-C is a key; these signals come from outside, and mean to end it.
    const release = context.terminal.onInterrupt(() => session.leave(EXIT.cancelled));
    session.start();
  });
}

class ScreenSession implements Session {
  readonly context: Context;
  readonly nanos: Nanos;
  readonly conversation: Conversation;
  readonly renewed: () => void;
  readonly #view: View;
  readonly #history: History;
  readonly #left: (code: number) => void;
  #running: { stop: AbortController; handle: RunHandle | null } | null = null;
  /** Ctrl-C was pressed with nothing to stop; the next one leaves. */
  #leaving = false;
  /** A line that was sent is being looked at. */
  #taking = false;
  readonly #ended = new AbortController();

  constructor(
    given: Pick<Session, "context" | "nanos" | "conversation" | "renewed">,
    view: View,
    left: (code: number) => void,
  ) {
    this.context = given.context;
    this.nanos = given.nanos;
    this.conversation = given.conversation;
    this.renewed = given.renewed;
    this.#view = view;
    this.#history = new History(given.nanos.place.home);
    this.#left = left;
  }

  start(): void {
    this.#view.start(
      {
        onLine: (text) => void this.#take(text),
        onInterrupt: () => this.#interrupt(),
        onEnd: () => this.leave(),
      },
      { history: this.#history.lines, complete: (typed) => completeWord(this.nanos, typed) },
    );
    this.#view.add(() => welcome(this.nanos, "Ctrl-C twice leaves"));
    const { runs } = this.conversation;
    if (runs.length > 0) this.#view.add((width) => pastLines(this.nanos, runs, width));
    this.#status();
  }

  print(lines: Layout): void {
    this.#view.add(lines);
  }

  picture(path: string): void {
    const picture = pictureOf(path, (media) => this.#view.takes(media));
    if (picture !== null) this.#view.picture(picture);
  }

  async confirm(about: Layout, question: string): Promise<boolean> {
    this.#view.add(about);
    const card: Layout = () => [[`${question}  `, span("y yes · n no", "bold")]];
    const key = await this.#view.ask({ brief: card, whole: card }, ["y", "n"], this.#ended.signal);
    return key === "y";
  }

  leave(code: number = EXIT.succeeded): void {
    this.#ended.abort();
    this.#running?.stop.abort();
    this.#running?.handle?.cancel();
    try {
      this.#view.stop();
    } finally {
      // A terminal that is gone can't be tidied up; the session ends all the same.
      this.#left(code);
    }
  }

  async #take(text: string): Promise<void> {
    this.#leaving = false;
    const line = text.trim();
    if (line === "" || this.#taking || this.#running !== null) return;
    this.#taking = true;
    this.#history.add(this.nanos.secrets.redact(text));
    this.#view.add((width) => saidLines(line, width));
    try {
      await takeUp(this);
      const slash = slashOf(this.nanos, line);
      if (slash === null) await takeTurn(this, line);
      else await this.#slash(slash);
    } catch (error) {
      this.#view.add(() => errorLines(error));
    }
    this.#taking = false;
    this.#status();
  }

  async #slash({ command, rest }: { command: Slash; rest: string }): Promise<void> {
    await command.run(this, rest);
  }

  async drive(start: (hooks: RunHooks) => Promise<RunHandle>): Promise<void> {
    const running = { stop: new AbortController(), handle: null as RunHandle | null };
    this.#running = running;
    this.#view.busy(true);
    this.#view.status([span("working …  Ctrl-C stops it", "dim")]);
    const turn = new Turn(this.#view, this.nanos);
    try {
      const hooks = { on: turn.on, ask: turn.ask, signal: running.stop.signal };
      running.handle = await start(hooks);
      const state: RunState = await running.handle.done;
      this.conversation.take(state);
      turn.end(state);
    } finally {
      this.#running = null;
      this.#view.busy(false);
    }
  }

  #interrupt(): void {
    const running = this.#running;
    if (running !== null && !running.stop.signal.aborted) {
      running.stop.abort();
      running.handle?.cancel();
      this.#view.status([span("stopping …  Ctrl-C again leaves", "yellow")]);
      return;
    }
    if (running === null && this.#view.typed() !== "") {
      this.#leaving = false;
      this.#view.clear();
      return this.#status();
    }
    if (running !== null || this.#leaving) return this.leave();
    this.#leaving = true;
    this.#view.status([span("Ctrl-C again leaves", "yellow")]);
  }

  #status(): void {
    const { used, model } = this.conversation;
    const parts = [
      model,
      ...(used.tokens > 0 ? [tokens(used.tokens), cost(used.cost)] : []),
      ...(used.ms > 0 ? [duration(used.ms)] : []),
    ];
    this.#view.status([span(parts.join(" · "), "dim")]);
  }
}

function errorLines(error: unknown): readonly Line[] {
  if (!(error instanceof NanosError)) return [[span("error: ", "red"), messageOf(error)]];
  return [[span("error: ", "red"), error.message], [span(error.next, "yellow")]];
}
