import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../../std/clock.ts";
import type { Json } from "../../../std/json.ts";
import type { Draft, EventBody } from "../../../contracts/event.ts";
import { type Real, drive } from "../../../kernel/drive/drive.ts";
import { signalTo } from "../board.ts";
import type { Carry, Held } from "../engine.ts";

/**
 * A driver with nothing behind it: what an engine is tried with. It follows a list of steps over
 * the same drive that carries runs. A step writes one line outside, waits for a signal, or sleeps.
 */
export interface PlainInput {
  /** Where the outward lines are written, absolute. */
  readonly folder: string;
  readonly steps: readonly PlainStep[];
}

export type PlainStep =
  /** Leaves a line. `once` looks first whether it is there, as a probe does. */
  | { readonly does: "write"; readonly name: string; readonly once: boolean; readonly ms?: number }
  | { readonly does: "hear" | "nothing"; readonly name: string }
  | { readonly does: "sleep"; readonly name: string; readonly ms: number };

/** What a driver tells while it carries: a step's effect begins, and is done. */
export type Told = (what: "begun" | "done" | "lost", name: string) => void;

/** `code` stands for what the code does: another one proposes something else. */
export function plainDriver(clock: Clock, code = "1", tell: Told = () => undefined): Carry {
  return async (held) => {
    try {
      await new Plain(held, clock, code, tell).carry();
    } catch (error) {
      tell("lost", error instanceof Error ? error.constructor.name : String(error));
      throw error;
    }
  };
}

class Plain {
  readonly #held: Held;
  readonly #clock: Clock;
  readonly #code: string;
  readonly #tell: Told;
  readonly #drive: ReturnType<typeof drive>;
  readonly #isNew: boolean;

  constructor(held: Held, clock: Clock, code: string, tell: Told) {
    this.#held = held;
    this.#clock = clock;
    this.#code = code;
    this.#tell = tell;
    const { journal, mission, signal } = held;
    const real: Real = {
      append: (drafts) => journal.append(drafts),
      wait: async () => null,
      // It holds no process for a sleep, so that it is the engine who wakes it.
      sleep: async (until) => signal.aborted || clock.now() >= until,
      now: () => clock.now(),
      elapsed: () => 0,
    };
    const recorded = [...journal.chain(mission.run)];
    this.#isNew = recorded.length === 0;
    this.#drive = drive(mission.run, recorded, real, signal);
  }

  async carry(): Promise<void> {
    const { mission, journal, signal } = this.#held;
    if (!this.#isNew)
      await journal.append([this.#draft(null, { kind: "run.resumed", by: "engine" })]);
    const { folder, steps } = mission.input as unknown as PlainInput;
    await this.#drive.append([this.#draft(null, started(folder))], "later");
    for (const [i, step] of steps.entries()) {
      if (signal.aborted) break;
      const wait = await this.#step(`${mission.run}.${i + 1}`, step, folder);
      if (!wait) continue;
      await journal.append([this.#draft(null, { kind: "run.waiting", asks: [], ...wait })]);
      return;
    }
    const outcome = signal.aborted ? "cancelled" : "succeeded";
    await this.#drive.append([this.#draft(null, ended(mission.run, outcome))]);
  }

  /** What the step waits for; null once it is over. */
  async #step(
    id: string,
    step: PlainStep,
    folder: string,
  ): Promise<{ signals?: string[]; until?: number } | null> {
    const { journal, mission } = this.#held;
    const proposed = [
      this.#draft(id, proposal({ name: step.name, does: step.does, code: this.#code })),
      this.#draft(id, JUDGED),
    ];
    await this.#drive.append(proposed);
    if (step.does === "sleep") {
      const until = this.#drive.now(id) + step.ms;
      const set = this.#drive.next(id)?.body;
      const recorded = set?.kind === "timer.set" ? set.until : until;
      await this.#drive.append([this.#draft(id, { kind: "timer.set", until: recorded })]);
      if (!(await this.#drive.sleep(id, recorded))) return { until: recorded };
    }
    const isHeard = step.does === "hear" && this.#drive.live(id);
    const heard = isHeard ? signalTo(journal, mission.run, step.name) : null;
    if (isHeard && !heard) return this.#held.signal.aborted ? null : { signals: [step.name] };
    const settled = await this.#drive.effect(id, async () => {
      this.#tell("begun", step.name);
      if (step.does === "write") await this.#write(step, folder);
      this.#tell("done", step.name);
      return this.#draft(id, settling(heard?.payload ?? step.name));
    });
    await this.#drive.append([settled], "later");
    return null;
  }

  async #write(step: Extract<PlainStep, { does: "write" }>, folder: string): Promise<void> {
    if (step.ms !== undefined) await this.#clock.sleep(step.ms, this.#held.signal);
    if (step.once && linesIn(folder).includes(step.name)) return;
    appendFileSync(join(folder, LINES), `${step.name}\n`);
  }

  #draft(step: string | null, body: EventBody): Draft {
    const common = { actor: "kernel", policy: null, isolation: null, label: null };
    return { ...common, run: this.#held.mission.run, step, body };
  }
}

const LINES = "lines.txt";

/** What was done outside, in order. */
export function linesIn(folder: string): readonly string[] {
  const file = join(folder, LINES);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
}

// The journal does not know what events mean; only what is looked at here is there.
const body = (fields: Json): EventBody => fields as unknown as EventBody;

const started = (folder: string): EventBody =>
  body({ kind: "run.started", agent: "plain", request: folder, after: [], facts: "" });

const ended = (run: string, outcome: string): EventBody =>
  body({ kind: "run.ended", end: { run, outcome, text: "" } });

const proposal = ({ name, ...args }: { name: string; does: string; code: string }): EventBody =>
  body({
    kind: "action.proposed",
    action: { kind: "tool", name, agent: "plain", args },
    spent: {},
  });

const JUDGED = body({
  kind: "action.judged",
  decision: { verdict: "allow", reason: "allow:granted", rule: null, rank: "E" },
});

const settling = (output: Json): EventBody =>
  body({ kind: "action.settled", outcome: { status: "done", output }, ms: 0 });
