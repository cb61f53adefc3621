import type { Live, Nanos, RunHooks } from "../../contracts/nanos.ts";
import type { AskReply, AskView } from "../../contracts/question.ts";
import type { Ask, RunState } from "../../contracts/run.ts";
import { aside, CallTree, worthALine } from "../render/call-tree.ts";
import { askedOf, suggested } from "../closing.ts";
import {
  askCard,
  askKeys,
  askLine,
  askReplies,
  askSaid,
  isCritical,
  toType,
  viewOf,
} from "../render/ask.ts";
import { type Line, span } from "../render/line.ts";
import { summary } from "../render/summary.ts";
import type { View } from "./view.ts";

/** What the agent says in one step. */
interface Words {
  readonly step: string;
  readonly block: ReturnType<View["stream"]>;
  text: string;
}

/** Calls drawn as one block. */
interface Calls {
  readonly steps: Set<string>;
  readonly block: ReturnType<View["add"]>;
}

/**
 * One turn as it is drawn: the agent's words as they stream, the calls between them as a tree,
 * the asks in the editor's place, and one line at the end.
 */
export class Turn {
  readonly #view: View;
  readonly #nanos: Nanos;
  readonly #tree = new CallTree();
  #run: string | null = null;
  #words: Words | null = null;
  #calls: Calls | null = null;
  readonly #shown = new Map<string, Calls>();
  #asks: Promise<unknown> = Promise.resolve();

  constructor(view: View, nanos: Nanos) {
    this.#view = view;
    this.#nanos = nanos;
  }

  readonly on = (live: Live): void => {
    if (live.type === "delta") this.#say(live);
    else this.#act(live);
  };

  /** Asks come one at a time: two cards would share one keyboard. */
  readonly ask: NonNullable<RunHooks["ask"]> = (ask, signal) => {
    const answered = this.#asks.then(() => this.#askOne(ask, signal));
    this.#asks = answered.catch(() => null);
    return answered;
  };

  /** Draws what is left to say once the run has stopped. */
  end(state: RunState): void {
    const shown = this.#words?.text ?? "";
    this.#words?.block.end();
    const { place } = this.#nanos;
    if (state.state === "waiting") {
      const lines = state.asks.map((ask) => askLine(viewOf(this.#nanos, ask), state.run));
      this.#view.add(() => lines);
    }
    if (state.state !== "ended") return;
    const { ended } = state;
    if (ended.text.trim() !== shown.trim() && ended.text.trim() !== "") {
      const block = this.#view.stream();
      block.push(ended.text);
      block.end();
    }
    const next = ended.failure?.next;
    const hints = suggested(this.#nanos, ended);
    const asked = askedOf(this.#nanos, ended);
    this.#view.add(() => [
      summary(ended, place.workspace, "/trace", asked),
      ...(next === undefined ? [] : [[span(next, "yellow")] as Line]),
      ...hints,
    ]);
  }

  #say(live: Extract<Live, { type: "delta" }>): void {
    // Only the agent that was spoken to speaks; what it delegates shows in the tree.
    if (live.kind !== "text" || (this.#run !== null && live.run !== this.#run)) return;
    if (this.#words?.step !== live.step) {
      this.#words?.block.end();
      this.#words = { step: live.step, block: this.#view.stream(), text: "" };
      this.#calls = null;
    }
    this.#words.text += live.text;
    this.#words.block.push(live.text);
  }

  #act(live: Extract<Live, { type: "event" }>): void {
    this.#run ??= live.recorded.event.run;
    const said = aside(live.recorded);
    if (said !== null) this.#view.add(() => [said]);
    const call = this.#tree.take(live.recorded);
    if (call === null || !worthALine(call)) return;
    const { steps, block } = this.#callsOf(call.step);
    block.set((width) => this.#tree.lines(width, steps));
  }

  /** The block a call is shown in: calls between the same words share one. */
  #callsOf(step: string): Calls {
    const shown = this.#shown.get(step);
    if (shown !== undefined) return shown;
    this.#calls ??= { steps: new Set(), block: this.#view.add(() => []) };
    this.#calls.steps.add(step);
    this.#shown.set(step, this.#calls);
    return this.#calls;
  }

  async #askOne(asked: Ask, signal: AbortSignal): Promise<AskReply | null> {
    const ask = viewOf(this.#nanos, asked);
    const replies = askReplies(ask);
    const card =
      (all: boolean, last: Line) =>
      (width: number): readonly Line[] => [...askCard(ask, width, all), last];
    const question = { brief: card(false, askKeys(ask)), whole: card(true, askKeys(ask)) };
    for (;;) {
      const key = await this.#view.ask(question, Object.keys(replies), signal);
      const reply = replies[key ?? "l"] ?? null;
      if (reply?.verdict !== "allow" || !isCritical(ask.question)) return this.#said(ask, reply);
      const typed = await this.#view.type(card(true, [`  ${toType(ask)}`]), signal);
      if (typed === ask.name) return this.#said(ask, { ...reply, typed });
      if (signal.aborted) return this.#said(ask, null);
    }
  }

  #said(ask: AskView, reply: AskReply | null): AskReply | null {
    this.#view.add(() => [askSaid(ask, reply)]);
    return reply;
  }
}
