import type { Live, Nanos } from "../contracts/nanos.ts";
import type { Ask } from "../contracts/run.ts";
import { say } from "./closing.ts";
import type { Context } from "./command.ts";
import { AskedActions, type Watcher } from "./follow.ts";
import { ASK_KEYS, ASK_REPLIES, askCard, askSaid } from "./render/ask.ts";
import { type Call, callLine, CallTree, worthALine } from "./render/call-tree.ts";
import { type Line, paintAll } from "./render/line.ts";
import { markdown, MarkdownStream } from "./render/markdown.ts";
import { plainText } from "../std/text.ts";

/**
 * A run at a terminal: steps as they settle on standard error, the answer on standard output,
 * block by block as it comes. Nothing shown is ever taken back, so it reads the same in a log.
 */
export function screenWatcher(context: Context, nanos: Nanos, attended: boolean): Watcher {
  const { terminal } = context;
  const asked = new AskedActions(nanos);
  const tree = new CallTree();
  const answer = new Answer(context);
  const width = Number.isFinite(terminal.columns) ? terminal.columns : 80;
  const note = (lines: readonly Line[]): void =>
    terminal.err(paintAll(lines, terminal.color("err")));

  return {
    on: (live) => {
      asked.take(live);
      answer.take(live);
      if (live.type !== "event" || !terminal.errTty) return;
      const call = tree.take(live.recorded);
      if (call !== null && isNews(call) && worthALine(call)) note([callLine(call, width)]);
    },
    ...(attended ? { ask: oneByOne(context, asked) } : {}),
    done: (state) => {
      if (state.state === "ended") answer.end(state.ended.text);
      say(terminal, nanos, state, asked);
    },
  };
}

/** A call is told once: a delegation when it begins, everything else when it has settled. */
function isNews(call: Call): boolean {
  if (call.action.kind === "agent") return call.status === "open" || call.status === "denied";
  return call.status !== "open" && call.status !== "waiting";
}

/** The answer of the run that was asked for: its own words, not those of runs it delegates to. */
class Answer {
  readonly #context: Context;
  #run: string | null = null;
  #step: string | null = null;
  #stream = new MarkdownStream();
  #shown = "";

  constructor(context: Context) {
    this.#context = context;
  }

  take(live: Live): void {
    if (live.type === "event") {
      const { run, kind } = live.recorded.event;
      this.#run ??= run;
      // What was said before a call is shown before the call is.
      if (run === this.#run && kind === "action.judged") this.#show(this.#stream.end());
      return;
    }
    if (live.kind !== "text" || !this.#context.terminal.outTty) return;
    if (this.#run !== null && live.run !== this.#run) return;
    if (live.step !== this.#step) this.#next(live.step);
    this.#shown += live.text;
    this.#show(this.#stream.push(live.text));
  }

  /** Shows what of the answer was not streamed. */
  end(text: string): void {
    const { terminal } = this.#context;
    if (!terminal.outTty) {
      if (text !== "") terminal.out(`${plainText(text).replace(/\n*$/u, "")}\n`);
      return;
    }
    this.#next(null);
    if (this.#shown.trim() !== text.trim()) this.#show(text);
  }

  #next(step: string | null): void {
    this.#show(this.#stream.end());
    if (step === null) return;
    this.#step = step;
    this.#shown = "";
    this.#stream = new MarkdownStream();
  }

  #show(block: string): void {
    if (block.trim() === "") return;
    const { terminal } = this.#context;
    const gap = /\n\s*\n$/u.test(block) ? "\n" : "";
    const columns = Math.min(terminal.columns, MOST_COLUMNS);
    terminal.out(`${markdown(block, columns, terminal.color("out")).trimEnd()}\n${gap}`);
  }
}

/** Longer lines are hard to read, however wide the terminal is. */
const MOST_COLUMNS = 100;

/** One ask at a time, in the order they came: two cards at once would share one keyboard. */
function oneByOne(context: Context, asked: AskedActions): NonNullable<Watcher["ask"]> {
  let turn: Promise<unknown> = Promise.resolve();
  return (ask, signal) => {
    const answered = turn.then(() => askOnce(context, ask, asked, signal));
    turn = answered.catch(() => null);
    return answered;
  };
}

async function askOnce(
  context: Context,
  ask: Ask,
  asked: AskedActions,
  signal: AbortSignal,
): ReturnType<NonNullable<Watcher["ask"]>> {
  const { terminal } = context;
  const color = terminal.color("err");
  const width = Number.isFinite(terminal.columns) ? terminal.columns : 80;
  const card = (all: boolean): void =>
    terminal.err(paintAll([...askCard(ask, asked.of(ask), width, all), ASK_KEYS], color));
  card(false);
  for (;;) {
    const key = (await terminal.key(signal)) ?? "l";
    if (key === "?") card(true);
    const reply = ASK_REPLIES[key];
    if (reply === undefined) continue;
    terminal.err(paintAll([askSaid(ask, reply)], color));
    return reply;
  }
}
