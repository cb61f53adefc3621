import type { Nanos, RunHandle, RunHooks } from "../../contracts/nanos.ts";
import { carryHandedIn, type Surface } from "../follow.ts";
import type { RunState } from "../../contracts/run.ts";

/** The runs that make one conversation, and what they used so far. */
export class Conversation {
  readonly #nanos: Nanos;
  readonly #model: string | undefined;
  #runs: string[] = [];
  /** Images that go with the next turn. */
  readonly #images: string[] = [];
  #used = { tokens: 0, cost: 0 as number | null, ms: 0 };

  /** `model` is used for every turn; what is in use otherwise, when undefined. */
  constructor(nanos: Nanos, model: string | undefined) {
    this.#nanos = nanos;
    this.#model = model;
  }

  get used(): { readonly tokens: number; readonly cost: number | null; readonly ms: number } {
    return this.#used;
  }

  /** Name of the model that answers. */
  get model(): string {
    if (this.#model !== undefined) return this.#model;
    return this.#nanos.models.list().find(({ inUse }) => inUse)?.name ?? "no model";
  }

  /** Its runs so far, oldest first. */
  get runs(): readonly string[] {
    return this.#runs;
  }

  /** The newest run, for commands that name none. */
  get newest(): string | undefined {
    return this.#runs.at(-1);
  }

  /** Gives a file's image with the next turn. @returns how many there are now. */
  attach(file: string): number {
    return this.#images.push(file);
  }

  /** Starts the next turn. `@agent TEXT` speaks to that agent. */
  begin(text: string, hooks: RunHooks): Promise<RunHandle> {
    const images = this.#images.splice(0);
    const [, agent, rest] = /^@([\w-]+)\s+(.+)$/su.exec(text) ?? [];
    return this.#nanos.run({
      text: rest ?? text,
      after: this.#runs,
      ...(images.length === 0 ? {} : { images }),
      ...(agent === undefined ? {} : { agent }),
      ...(this.#model === undefined ? {} : { model: this.#model }),
      ...hooks,
    });
  }

  /** Counts a turn that has stopped. */
  take(state: RunState): void {
    this.#runs = [...this.#runs.filter((run) => run !== state.run), state.run].slice(-MOST_TURNS);
    if (state.state !== "ended") return;
    const { usage } = state.ended;
    const { tokens, cost, ms } = this.#used;
    this.#used = {
      tokens: tokens + usage.input + usage.output,
      cost: cost === null || usage.cost === null ? null : cost + usage.cost,
      ms: ms + usage.ms,
    };
  }

  /** Goes on from runs of before, oldest first. */
  takeUp(runs: readonly string[]): void {
    this.#runs = runs.slice(-MOST_TURNS);
  }

  /** Begins anew: later turns know nothing of the earlier ones. */
  forget(): void {
    this.#runs = [];
  }
}

/** A turn of a session: what was typed is answered, and the plans handed in are followed. */
export async function takeTurn(session: Turning, line: string): Promise<void> {
  const { conversation, nanos } = session;
  const before = conversation.newest;
  await session.drive((hooks) => conversation.begin(line, hooks));
  const { newest } = conversation;
  if (newest !== undefined && newest !== before) await carryHandedIn(nanos, newest, session);
}

interface Turning extends Surface {
  readonly nanos: Nanos;
  readonly conversation: Conversation;
}

/** Earlier turns a new one knows of. */
const MOST_TURNS = 100;
