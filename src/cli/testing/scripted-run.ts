import type { Action } from "../../contracts/action.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { Nanos, RunHandle, RunHooks } from "../../contracts/nanos.ts";
import type { Trace, TraceStep } from "../../contracts/trace.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { Ask, RunEnd, RunState } from "../../contracts/run.ts";
import { action, askOf, decision, END, SPENT, started } from "./samples.ts";

/** One thing that happens in a scripted run. */
export type Beat =
  /** The agent says this, in one delta per item. */
  | { readonly say: readonly string[] }
  | {
      readonly call: Partial<Action> & { readonly name: string };
      readonly outcome?: Outcome;
      readonly ms?: number;
      /** The call waits for the operator first. */
      readonly ask?: true;
      /** Calls of the run this one delegates to. */
      readonly inside?: readonly Beat[];
    }
  /** Goes on until cancelled. */
  | { readonly hang: true }
  | { readonly end: Partial<RunEnd> };

/** One run of the script, with the events it made. */
export class Played {
  readonly #run: string;
  readonly #text: string;
  readonly #beats: readonly Beat[];
  readonly recorded: Recorded[] = [];
  readonly answered = new Map<string, "allow" | "deny">();
  #seq = 0;
  #steps = 0;
  #open: readonly Ask[] = [];
  #asked: Action | undefined;
  #state: RunState;

  constructor(run: string, text: string, beats: readonly Beat[]) {
    this.#run = run;
    this.#text = text;
    this.#beats = beats;
    this.#state = { state: "running", run };
  }

  start(hooks: RunHooks): RunHandle {
    const stop = new AbortController();
    hooks.signal?.addEventListener("abort", () => stop.abort());
    this.#steps = 0;
    return { run: this.#run, done: this.#drive(hooks, stop.signal), cancel: () => stop.abort() };
  }

  asks(): readonly Ask[] {
    return this.#open;
  }

  /** What the open ask is about. */
  asked(): Action | undefined {
    return this.#asked;
  }

  async #drive(hooks: RunHooks, signal: AbortSignal): Promise<RunState> {
    this.#emit(hooks, this.#run, null, started(this.#text));
    let end: RunEnd = { ...END, run: this.#run };
    for (const beat of this.#beats) {
      if ("end" in beat) end = { ...end, ...beat.end };
      else if ("say" in beat) end = { ...end, text: await this.#say(hooks, beat.say) };
      else if ("hang" in beat) {
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          signal.addEventListener("abort", () => resolve());
        });
      } else if ((await this.#call(hooks, this.#run, beat, signal)) === "waits") return this.#state;
      if (signal.aborted) end = { ...end, outcome: "cancelled" };
    }
    this.#state = { state: "ended", run: this.#run, ended: end };
    this.#emit(hooks, this.#run, null, { kind: "run.ended", end });
    return this.#state;
  }

  async #say(hooks: RunHooks, deltas: readonly string[]): Promise<string> {
    const step = `${this.#run}.${(this.#steps += 1)}`;
    for (const text of deltas) {
      hooks.on?.({ type: "delta", run: this.#run, step, kind: "text", text });
      await Promise.resolve();
    }
    return deltas.join("");
  }

  async #call(
    hooks: RunHooks,
    run: string,
    beat: Extract<Beat, { call: unknown }>,
    signal: AbortSignal,
  ): Promise<"done" | "waits"> {
    const step = `${run}.${(this.#steps += 1)}`;
    const proposed = action(beat.call);
    this.#emit(hooks, run, step, { kind: "action.proposed", action: proposed, spent: SPENT });
    this.#emit(hooks, run, step, {
      kind: "action.judged",
      decision: decision(beat.ask ? "ask" : "allow"),
    });
    if (beat.ask === true && (await this.#ask(hooks, run, step, proposed, signal)) === "waits")
      return "waits";
    const child = `${run}c`;
    if (beat.inside !== undefined) {
      const parent = { run, step, hash: "", depth: 1 };
      this.#emit(hooks, child, null, { ...started("inside"), parent });
    }
    for (const inner of beat.inside ?? []) {
      if ("call" in inner) await this.#call(hooks, child, inner, signal);
    }
    const outcome = beat.outcome ?? { status: "done", output: null };
    this.#emit(hooks, run, step, { kind: "action.settled", outcome, ms: beat.ms ?? 100 });
    return "done";
  }

  async #ask(
    hooks: RunHooks,
    run: string,
    step: string,
    proposed: Action,
    signal: AbortSignal,
  ): Promise<"answered" | "waits"> {
    const ask = askOf(run, step, proposed);
    if (this.answered.has(ask.id)) return "answered";
    this.#emit(hooks, run, step, { kind: "approval.asked", ask });
    this.#open = [ask];
    this.#asked = proposed;
    if (await hooks.ask?.(ask, signal)) {
      this.#open = [];
      return "answered";
    }
    this.#state = { state: "waiting", run: this.#run, asks: [ask] };
    this.#emit(hooks, run, null, { kind: "run.waiting", asks: [ask] });
    return "waits";
  }

  #emit(hooks: RunHooks, run: string, step: string | null, body: EventBody): void {
    const seq = (this.#seq += 1);
    const recorded: Recorded = {
      event: {
        v: 1,
        seq,
        run,
        step,
        at: 1_000 + seq,
        actor: "kernel",
        kind: body.kind,
        policy: null,
        isolation: step === null ? null : "landlock",
        label: null,
        body: { digest: "", bytes: 0 },
        prev: "",
        hash: `hash${seq}`,
      },
      body,
    };
    this.recorded.push(recorded);
    hooks.on?.({ type: "event", recorded });
  }

  line(): ReturnType<Nanos["traces"]["list"]>[number] {
    const ended = this.#state.state === "ended" ? this.#state.ended : null;
    return {
      run: this.#run,
      agent: "oracle",
      request: this.#text,
      at: 1_000,
      state: this.#state.state,
      outcome: ended?.outcome ?? null,
      steps: this.#steps,
      tokens: 0,
      cost: 0,
      parent: null,
      after: [],
    };
  }

  trace(): Trace {
    return {
      run: this.#run,
      agent: "oracle",
      request: this.#text,
      model: "rules",
      tools: true,
      at: 1_000,
      state: this.#state.state,
      end: this.#state.state === "ended" ? this.#state.ended : null,
      steps: this.#traceSteps(),
      head: "ff".repeat(32),
      events: this.recorded.length,
    };
  }

  #traceSteps(): readonly TraceStep[] {
    return this.recorded.flatMap(({ event, body }): readonly TraceStep[] => {
      if (body?.kind !== "action.proposed" || event.step === null) return [];
      const { kind, name, agent, args } = body.action;
      return [
        {
          step: event.step,
          kind,
          name,
          agent,
          args,
          decision: decision("allow"),
          status: "done",
          outcome: { status: "done", output: null },
          isolation: "landlock",
          ms: 100,
          usage: null,
          asks: [],
          answers: [],
          child: null,
        },
      ];
    });
  }
}
