import type { Failure } from "../../contracts/outcome.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Boxed, Ended, Sandbox } from "../../sandbox/sandbox.ts";
import { Lines } from "../wire/lines.ts";
import type { Line, Wanted } from "./wire.ts";

/** What a model host is started with. All paths absolute. */
export interface HostSpec {
  /** The engine's entry, and the folder of all the packages it needs. */
  readonly engine: { readonly entry: string; readonly folder: string };
  /** The file of the model, and its size in bytes. */
  readonly file: string;
  readonly bytes: number;
}

/** What comes of one request, piece by piece. */
export interface Hearing {
  /** The next line; or why there is none any more, `null` where the caller stopped it. */
  next(): Promise<Told>;
  /** Ends it, also when it is over already. Whoever waits for the host is next. */
  leave(): void;
}

/**
 * The process one local model runs in: started by the first request, kept for the next, ended when
 * nobody asked for a while. It answers one request at a time; the others wait.
 */
export class ModelProcess {
  readonly #sandbox: Pick<Sandbox, "start">;
  readonly #spec: HostSpec;
  #boxed: Boxed | null = null;
  /** Who is heard now. Lines of a request that was given up reach nobody. */
  #now: Turn | null = null;
  #before: Promise<void> = Promise.resolve();
  #open = 0;
  #rest: NodeJS.Timeout | undefined;
  #serial = 0;

  constructor(sandbox: Pick<Sandbox, "start">, spec: HostSpec) {
    this.#sandbox = sandbox;
    this.#spec = spec;
  }

  /** Asks, as soon as it is this one's turn. */
  ask(wanted: Wanted, signal: AbortSignal): Hearing {
    const turn = new Turn((this.#serial += 1));
    const leave = (): void => turn.tell(null);
    signal.addEventListener("abort", leave, { once: true });
    this.#open += 1;
    clearTimeout(this.#rest);
    const before = this.#before;
    this.#before = before.then(() => this.#serve(turn, wanted, signal));
    return {
      next: () => turn.next(),
      leave: () => {
        signal.removeEventListener("abort", leave);
        this.#open -= 1;
        if (this.#open === 0) this.#idle();
        if (this.#now === turn) this.#silence(turn);
      },
    };
  }

  /** Ends the process, whatever it does. */
  stop(): void {
    clearTimeout(this.#rest);
    void this.#boxed?.stop();
  }

  /** Resolves when the host is done with this turn, and the next may begin. */
  async #serve(turn: Turn, wanted: Wanted, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const boxed = this.#boxed ?? (await this.#start());
    if ("code" in boxed) return turn.tell(boxed);
    this.#now = turn;
    boxed.renew(null);
    await boxed.write(`${JSON.stringify({ id: turn.id, ...wanted })}\n`).catch(() => undefined);
    // It may have ended before it could be told.
    if (this.#boxed === null) turn.tell(await boxed.ended);
    if (signal.aborted) this.#silence(turn);
    await turn.over;
    this.#now = null;
  }

  /** Whoever left before the end makes the host stop; one that does not is ended. */
  #silence(turn: Turn): void {
    const boxed = this.#boxed;
    if (boxed === null) return;
    void boxed.write(`${JSON.stringify({ id: turn.id, stop: true })}\n`).catch(() => undefined);
    const late = setTimeout(() => void boxed.stop(), LIMITS.lastWordsMs);
    void turn.over.then(() => clearTimeout(late));
  }

  #idle(): void {
    this.#rest = setTimeout(() => this.stop(), LIMITS.localRestMs);
    this.#rest.unref();
  }

  async #start(): Promise<Boxed | Failure> {
    const { engine, file, bytes } = this.#spec;
    const boxed = await this.#sandbox.start({
      run: { kind: "model", file: engine.entry },
      cwd: "/",
      box: {
        reads: [engine.folder, file],
        writes: [],
        net: { kind: "none" },
        exec: [],
        env: {},
        limits: {
          ms: LIMITS.modelFirstMs,
          // The model lies in memory as it lies in the file; the rest is for the window.
          memoryBytes: bytes + LIMITS.localMemoryBytes,
          processes: LIMITS.toolProcesses,
          cpuSeconds: LIMITS.localCpuSeconds,
          outputBytes: LIMITS.modelWireBytes,
          stageBytes: 0,
        },
      },
      stage: null,
    });
    if ("code" in boxed) return boxed;
    this.#boxed = boxed;
    void this.#read(boxed);
    return boxed;
  }

  async #read(boxed: Boxed): Promise<void> {
    const lines = new Lines(LIMITS.modelLineBytes);
    for await (const chunk of boxed.stdout) {
      const fits = lines.push(chunk, (line) => {
        const told = lineOf(line);
        if (told?.id === this.#now?.id) this.#now?.tell(told);
      });
      if (!fits) void boxed.stop();
    }
    const ended = await boxed.ended;
    this.#boxed = null;
    this.#now?.tell(ended);
  }
}

type Told = Line | Ended | Failure | null;

/** One request and what was said to it so far. */
class Turn {
  readonly id: number;
  /** Resolves with the last line. */
  readonly over: Promise<void>;
  readonly #told: Told[] = [];
  #end = (): void => undefined;
  #wake = (): void => undefined;

  constructor(id: number) {
    this.id = id;
    this.over = new Promise((resolve) => (this.#end = resolve));
  }

  tell(line: Told): void {
    this.#told.push(line);
    this.#wake();
    // Who left is told nothing more, but the host is not done yet.
    if (line !== null && (!("id" in line) || "done" in line || "failed" in line)) this.#end();
  }

  async next(): Promise<Told> {
    while (this.#told.length === 0) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#told.shift() ?? null;
  }
}

/** What the engine itself prints is no line of ours. */
function lineOf(text: string): Line | null {
  if (!text.startsWith('{"id":')) return null;
  try {
    return JSON.parse(text) as Line;
  } catch {
    return null;
  }
}
