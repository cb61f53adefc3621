import type { Json } from "../std/json.ts";
import type { Decision } from "./action.ts";
import type { Recorded } from "./drive.ts";
import type { EventBody } from "./event.ts";
import type { Held, Tier } from "./isolation.ts";
import type { TaskEnded } from "./mission.ts";
import type { Outcome, PatchView } from "./outcome.ts";
import type { AskedOnce } from "./question.ts";
import type { Answer, Ask, RunEnd } from "./run.ts";
import type { Usage } from "./usage.ts";

/** One step of a trace, with the run it delegated to inside it. */
export interface TraceStep {
  readonly step: string;
  /** When it was proposed, in milliseconds since 1970. */
  readonly at?: number;
  readonly kind: string;
  readonly name: string;
  readonly agent: string;
  readonly args: Json;
  readonly decision: Decision | null;
  /** `open` when begun and not settled: running now, waiting, or in doubt after a crash. */
  readonly status: Outcome["status"] | "open" | "waiting";
  readonly outcome: Outcome | null;
  readonly isolation: Tier | null;
  /** What its process was held to; absent where none was started, and in runs of before. */
  readonly held?: Held;
  /** Milliseconds of the effect; null while open. */
  readonly ms: number | null;
  readonly usage: Usage | null;
  readonly asks: readonly Ask[];
  readonly answers: readonly Answer[];
  /** Each ask with what came of it, oldest first; absent where nothing was asked. */
  readonly asked?: readonly AskedOnce[];
  readonly child: Trace | null;
  /** The model that was asked in its place, when it failed or rested. */
  readonly fallback?: string;
  /** On the first step of a task: what became of the task. */
  readonly task?: TaskTrace;
  /** The step of the task it belongs to, where it is another. */
  readonly within?: string;
}

/** A task of a plan, as its events tell of it. */
export interface TaskTrace {
  readonly recovered: readonly Omit<Extract<EventBody, { kind: "task.recovered" }>, "kind">[];
  readonly ended: TaskEnded | null;
}

/** A step with what decided it. */
export interface StepWhy extends TraceStep {
  readonly explanation: readonly string[];
  /** Where the rule that decided stands now, `rules.yaml:12`; null where none did, or is gone. */
  readonly line: string | null;
}

export interface Trace {
  readonly run: string;
  readonly agent: string;
  readonly request: string;
  readonly model: string;
  /** False when the model was offered no tools, as it was measured not to call any. */
  readonly tools: boolean;
  /** `printed`: it was told of its tools in words, and printed its calls. */
  readonly dialect?: "printed";
  /** Where it was not offered all its tools: how many at most, of how many. */
  readonly offered?: { readonly most: number; readonly of: number };
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly state: "running" | "waiting" | "ended" | "interrupted";
  readonly end: RunEnd | null;
  /** Present when every effect was withheld. */
  readonly rehearsal?: true;
  /** Where it was forked: it shares the steps before this one, and goes on from its entry `hash`. */
  readonly fork?: { readonly run: string; readonly step: string; readonly hash: string };
  readonly steps: readonly TraceStep[];
  /** Hash of the newest entry of the chain. */
  readonly head: string;
  readonly events: number;
}

/** One run in a list. */
export interface TraceLine {
  readonly run: string;
  readonly agent: string;
  readonly request: string;
  readonly at: number;
  readonly state: Trace["state"];
  readonly outcome: string | null;
  readonly steps: number;
  readonly tokens: number;
  readonly cost: number | null;
  readonly parent: string | null;
  /** Earlier runs of the same conversation, oldest first. */
  readonly after: readonly string[];
  readonly rehearsal?: true;
  /** The step of another run it was forked at. */
  readonly fork?: string;
  /** Who asked, where that was not the operator. */
  readonly client?: string;
}

/** Which runs of a list are meant. */
export interface TraceWish {
  readonly limit?: number;
  /** Delegated runs too. */
  readonly children?: boolean;
  /** What that one asked, and nothing else. */
  readonly client?: string;
  /** Those older than this run; none where there is no such run. */
  readonly before?: string;
  /** Those whose request, agent or id holds it, upper and lower case alike. */
  readonly words?: string;
  /** Those that have not ended. */
  readonly going?: boolean;
}

export interface Traces {
  /** Newest first. */
  list(wish?: TraceWish): readonly TraceLine[];
  show(run: string): Trace;
  /** One run as a list has it; null when there is none. */
  line(run: string): TraceLine | null;
  /** The raw events of one run, oldest first; of those after the event numbered `since`. */
  events(run: string, since?: number): readonly Recorded[];
  /** The number of the newest event of the home. */
  newest(): number;
  /** The events of all chains after the one of that number, so many at most. */
  since(seq: number, limit: number): readonly Recorded[];
  /** One run or everything: journal, bodies and vault. Names the first bad entry. */
  verify(run?: string): VerifyReport;
  /** What `verify` found last, at most `LIMITS.verifyKeptMs` ago: all is read again for it, which takes a while. */
  verified(run?: string): VerifyReport;
  /** Re-drives from the journal alone: no model, no tool, no network. */
  replay(run: string): Promise<ReplayReport>;
  /** Where two runs part, step by step; time is not looked at. */
  diff(a: string, b: string): TraceDiff;
  /** Writes the run as JSON lines; returns the number of events. */
  export(run: string, file: string): Promise<number>;
  /** What a run made of its copy of a repository. @throws NanosError `patch.none`. */
  patch(run: string): PatchView;
  /** The step's proposal and decision, with every layer and rule that spoke. */
  why(step: string): StepWhy;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly events: number;
  readonly chains: number;
  readonly erased: number;
  /**
   * Signed checkpoints, and of what was looked at the events that none is signed over yet, and those
   * no witness signed.
   */
  readonly checkpoints: number;
  readonly unsigned: number;
  readonly unwitnessed: number;
  /** Sentence naming the first bad entry, with run, seq and hash; null when ok. */
  readonly bad: string | null;
}

export interface ReplayReport {
  readonly ok: boolean;
  readonly events: number;
  readonly steps: number;
  /** Sentence naming the first difference; null when ok. */
  readonly differs: string | null;
}

/** Two runs beside each other, by the places of their steps. */
export interface TraceDiff {
  readonly a: string;
  readonly b: string;
  /** Place of the first step that is not the same; null where all are. */
  readonly parts: string | null;
  readonly steps: readonly StepDiff[];
  /** How each ended, or the state it is in. */
  readonly outcome: readonly [a: string, b: string];
}

/** One place in two runs: `3`, `3.1` for what it asked back for, `3/2` of the run it delegated to. */
export interface StepDiff {
  readonly place: string;
  /** `shared` is one and the same step, which a fork has from the run it came from. */
  readonly is: "shared" | "same" | "changed" | "only a" | "only b";
  /** What differs, of a changed one. */
  readonly differs: readonly ("action" | "arguments" | "decision" | "outcome" | "cost")[];
  readonly a: StepSide | null;
  readonly b: StepSide | null;
}

export interface StepSide {
  readonly step: string;
  readonly kind: string;
  readonly name: string;
  /** `allow E`, and the reason. */
  readonly decided: string;
  readonly reason: string | null;
  readonly status: TraceStep["status"];
  /** US dollars; null where nothing was paid, or it is not known. */
  readonly cost: number | null;
}
