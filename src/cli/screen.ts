import type { Live, Nanos } from "../contracts/nanos.ts";
import type { AskReply, AskView } from "../contracts/question.ts";
import { say } from "./closing.ts";
import type { Context } from "./command.ts";
import { aside, type Call, callLine, CallTree, worthALine } from "./render/call-tree.ts";
import type { Watcher } from "./follow.ts";
import { askCard, askKeys, askReplies, askSaid, isCritical, toType, viewOf } from "./render/ask.ts";
import { Draft } from "./render/draft.ts";
import { type Line, paintAll } from "./render/line.ts";
import { markdown, MarkdownStream } from "./render/markdown.ts";
import type { Terminal } from "./terminal.ts";
import { plainText } from "../std/text.ts";

/**
 * A run at a terminal: steps as they settle on standard error, the answer on standard output as
 * it comes.
 */
export function screenWatcher(context: Context, nanos: Nanos, attended: boolean): Watcher {
  const { terminal } = context;
  const tree = new CallTree();
  const answer = new Answer(terminal);
  const width = Number.isFinite(terminal.columns) ? terminal.columns : 80;
  const note = (lines: readonly Line[]): void =>
    terminal.err(paintAll(lines, terminal.color("err")));

  return {
    on: (live) => {
      answer.take(live);
      if (live.type !== "event" || !terminal.errTty) return;
      const said = aside(live.recorded);
      if (said !== null) note([said]);
      const call = tree.take(live.recorded);
      if (call !== null && isNews(call) && worthALine(call)) note([callLine(call, width)]);
    },
    ...(attended ? { ask: oneByOne(context, nanos) } : {}),
    done: (state) => {
      if (state.state === "ended") answer.end(state.ended.text);
      say(terminal, nanos, state);
    },
  };
}

/** A call is told once: a delegation when it begins, everything else when it has settled. */
function isNews(call: Call): boolean {
  if (call.action.kind === "agent") return call.status === "open" || call.status === "denied";
  return call.status !== "open" && call.status !== "waiting";
}

/**
 * The answer of the run that was asked for: its own words, not those of runs it delegates to. A
 * block shows as it is written, and is drawn properly in its place once it is complete.
 */
class Answer {
  readonly #terminal: Terminal;
  readonly #columns: number;
  #run: string | null = null;
  #step: string | null = null;
  #stream = new MarkdownStream();
  #draft: Draft;
  #said = "";

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#columns = Math.min(terminal.columns, MOST_COLUMNS);
    this.#draft = new Draft(this.#columns);
  }

  take(live: Live): void {
    if (live.type === "event") {
      const { run, kind } = live.recorded.event;
      this.#run ??= run;
      // What was said before a call is shown before the call is.
      if (run === this.#run && kind === "action.judged") this.#close();
      return;
    }
    if (live.kind !== "text" || !this.#terminal.outTty) return;
    if (this.#run !== null && live.run !== this.#run) return;
    if (live.step !== this.#step) this.#begin(live.step);
    this.#said += live.text;
    const complete = this.#stream.push(live.text);
    if (complete !== "") this.#redraw(complete);
    const shown = this.#draft.push(complete === "" ? live.text : this.#stream.pending);
    if (shown !== "") this.#terminal.out(shown);
  }

  /** Shows what of the answer was not streamed. */
  end(text: string): void {
    if (!this.#terminal.outTty) {
      if (text !== "") this.#terminal.out(`${plainText(text).replace(/\n*$/u, "")}\n`);
      return;
    }
    this.#close();
    if (this.#said.trim() !== text.trim()) this.#draw(text);
  }

  #begin(step: string): void {
    this.#close();
    this.#step = step;
    this.#said = "";
    this.#stream = new MarkdownStream();
  }

  /** Ends the block that is being written. */
  #close(): void {
    this.#redraw(this.#stream.end());
  }

  /** Puts the block, drawn properly, in the place of its draft. */
  #redraw(block: string): void {
    const erase = this.#draft.empty ? "" : this.#draft.erase(this.#terminal.rows);
    // Once the top of it has left the screen it cannot be taken back, and stays as it was written.
    if (erase === null) this.#terminal.out("\n");
    else {
      if (erase !== "") this.#terminal.out(erase);
      this.#draw(block);
    }
    this.#draft = new Draft(this.#columns);
  }

  #draw(block: string): void {
    if (block.trim() === "") return;
    const gap = /\n\s*\n$/u.test(block) ? "\n" : "";
    const drawn = markdown(block, this.#columns, this.#terminal.color("out"));
    this.#terminal.out(`${drawn.trimEnd()}\n${gap}`);
  }
}

/** Longer lines are hard to read, however wide the terminal is. */
const MOST_COLUMNS = 100;

/** One ask at a time, in the order they came: two cards at once would share one keyboard. */
function oneByOne(context: Context, nanos: Nanos): NonNullable<Watcher["ask"]> {
  let turn: Promise<unknown> = Promise.resolve();
  return (ask, signal) => {
    const answered = turn.then(() => askOnce(context, viewOf(nanos, ask), signal));
    turn = answered.catch(() => null);
    return answered;
  };
}

async function askOnce(
  context: Context,
  ask: AskView,
  signal: AbortSignal,
): ReturnType<NonNullable<Watcher["ask"]>> {
  const { terminal } = context;
  const color = terminal.color("err");
  const width = Number.isFinite(terminal.columns) ? terminal.columns : 80;
  const replies = askReplies(ask);
  const card = (all: boolean): void =>
    terminal.err(paintAll([...askCard(ask, width, all), askKeys(ask)], color));
  for (let news: "brief" | "whole" | null = "brief"; ;) {
    // Keys are taken before the card shows, so that none typed at it is lost or echoed.
    const pressed = terminal.key(signal);
    if (news !== null) card(news === "whole");
    const key = (await pressed) ?? "l";
    news = key === "?" ? "whole" : null;
    if (!Object.hasOwn(replies, key)) continue;
    const reply = replies[key] ?? null;
    if (reply?.verdict === "allow" && isCritical(ask.question)) {
      const typed = await terminal.typed(`  ${toType(ask)}: `, signal);
      if (typed !== ask.name && !signal.aborted) {
        news = "brief";
        continue;
      }
      return said(context, ask, typed === null ? null : { ...reply, typed });
    }
    return said(context, ask, reply);
  }
}

function said({ terminal }: Context, ask: AskView, reply: AskReply | null): AskReply | null {
  terminal.err(paintAll([askSaid(ask, reply)], terminal.color("err")));
  return reply;
}
