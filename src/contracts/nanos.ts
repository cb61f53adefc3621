import type { Json } from "../std/json.ts";
import type { Agents } from "./agent.ts";
import type { Artifacts } from "./artifact.ts";
import type { Arrangement } from "./arrangement.ts";
import type { Cognition } from "./cognition.ts";
import type { Recorded } from "./drive.ts";
import type { Engines } from "./engine.ts";
import type { Tier } from "./isolation.ts";
import type { Keys } from "./http/key.ts";
import type { Wish } from "./http/wish.ts";
import type { ServerConfig, Vitals } from "./config.ts";
import type { Message } from "./message.ts";
import type { EmbedWish, ModelCard, ModelConfig } from "./model.ts";
import type { Missions } from "./mission.ts";
import type { Memories } from "./memory.ts";
import type { Failure } from "./outcome.ts";
import type { Approvals, Beforehand, AskReply, CanAnswer, Rules } from "./question.ts";
import type { Project } from "./project.ts";
import type { Ask, RunState } from "./run.ts";
import type { Secrets } from "./secret.ts";
import type { Schedules } from "./schedule.ts";
import type { Change, Events, Fired, Grants, SkillCommand, Skills } from "./skill.ts";
import type { Status, Traits } from "./stage.ts";
import type { ToolManifest } from "./tool.ts";
import type { EvidenceDesk } from "./evidence.ts";
import type { Traces } from "./trace.ts";
import type { Undos } from "./undo.ts";
import type { Budget } from "./usage.ts";

/**
 * What every surface holds: the whole of NanoOS behind one object, opened with
 * `openNanos`. Expected failures are values or `NanosError`s with a code and a next step.
 */
export interface Nanos {
  /** Where things lie and what is loaded. */
  readonly place: Place;
  /** Starts one request. Never throws for what happens inside the run. */
  run(request: RunRequest): Promise<RunHandle>;
  /** Goes on with a waiting or crashed run, re-driving what is recorded. */
  resume(run: string, hooks?: RunHooks): Promise<RunHandle>;
  /** Begins a run that shares what another one did before a step, and goes on by itself. */
  fork(request: ForkRequest): Promise<RunHandle>;
  /** Asks a run, in whatever process it is, to stop. */
  cancel(run: string): Promise<void>;

  readonly traces: Traces;
  readonly evidence: EvidenceDesk;
  readonly undo: Undos;
  readonly vault: Artifacts;
  readonly approvals: Approvals;
  readonly tools: Tools;
  readonly agents: Agents;
  readonly models: Models;
  readonly grants: Grants;
  readonly memory: Memories;
  readonly cognition: Cognition;
  readonly secrets: Secrets;
  readonly keys: Keys;
  readonly skills: Skills;
  readonly missions: Missions;
  readonly engines: Engines;
  readonly schedules: Schedules;
  /** Slash commands of skills: a request `/NAME words` is one. */
  readonly commands: readonly SkillCommand[];
  /** What skills answer by themselves, while something watches. */
  readonly events: Events;
  /**
   * Lets everything go on by itself that may: skills answer events, schedules begin what is due, and
   * missions nobody carries are carried on. Resolves when the signal has ended it and all it began
   * has stopped.
   *
   * @throws NanosError `events.watched` where another process answers this home's events.
   */
  watch(signal: AbortSignal, on?: (fired: Fired) => void): Promise<void>;
  readonly rules: Rules;
  /**
   * What the gate would say to this call as of now, with nothing said by the operator before it.
   * Nothing is done and nothing is recorded.
   *
   * @throws NanosError `agent.unknown`, `tool.unknown`.
   */
  can(agent: string, tool: string, args: Json): Promise<CanAnswer>;
  /**
   * What the code in a folder of the workspace is built and tested with, by its files; of what the
   * agent may read. Nothing is run and nothing is recorded.
   *
   * @throws NanosError `agent.unknown`, `tree.outside`, `home.too_large`, `home.unreadable`.
   */
  project(agent: string, path: string): Promise<Project>;
  readonly arrangement: Arrangement;
  /** How the operator has set up what listens: config and environment. */
  readonly server: ServerConfig;
  /** What shows whether this process keeps up. */
  vitals(): Vitals;
  /** How far this home has come, and how it stands. */
  status(): Promise<Status>;
  /** What the stage makes available, as the operator switches it. */
  readonly traits: Traits;
  doctor(probe: boolean): Promise<readonly Check[]>;
  /** Who uses the model's window: of every call of the oracle, or of a run. */
  context(run?: string): Promise<ContextView>;
  /**
   * Takes up what others changed of the arrangement, its models and grants since this was opened or
   * renewed; what goes on keeps what it began with. Gives what is new, a few words for each. Where
   * nothing was touched it is a look at the files, and reads none.
   *
   * @throws NanosError `trust.*` or `manifest.invalid`, once for each change: all stays as it was.
   */
  renew(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface Place {
  /** The home, absolute. */
  readonly home: string;
  /** The folder relative scopes resolve against, absolute. */
  readonly workspace: string;
  /** The folder of the arrangement's files; null when there is none yet. */
  readonly arrangementDir: string | null;
  readonly tier: Tier | null;
}

export interface RunRequest extends RunHooks, Beforehand {
  readonly text: string;
  /**
   * Who asks, where that is not the operator: `mcp`, or `key:ID`, and then it reaches no further than
   * that key. Nothing in the request is the operator's word, it goes on only from what the same client
   * asked before, and nobody is asked in place.
   */
  readonly client?: string;
  /** Agent to ask; that of the key, else the oracle, when absent. */
  readonly agent?: string;
  /** The conversation before it as that client holds it, where it is not what runs hold. */
  readonly earlier?: readonly Message[];
  /** What came after the request in that conversation: calls of the client's own tools and results. */
  readonly since?: readonly Message[];
  /** What that client brings beside its words. @throws NanosError `client.*` where it cannot be had. */
  readonly wish?: Wish;
  /** Files of images that go with the text, absolute. */
  readonly images?: readonly string[];
  /** Model name; overrides every other choice. */
  readonly model?: string;
  readonly budget?: Partial<Budget>;
  /** Refuse every destination outside this machine. */
  readonly localOnly?: boolean;
  /**
   * Withhold every effect: nothing is sent, run or written, nobody is asked. What would have been
   * asked is read from it with `approvals.plan`.
   */
  readonly rehearsal?: boolean;
  /** The most it and all it delegates to may reach, as scopes; whatever is declared otherwise. */
  readonly within?: readonly string[];
  /** Earlier runs of this conversation, oldest first. */
  readonly after?: readonly string[];
  /** Which repository of the workspace an agent with a copy of its own works on; the workspace itself. */
  readonly tree?: TreeWish;
  /** Its id, where that was made and given away before it begins; a new one where absent. */
  readonly run?: string;
}

/** A repository to work on. */
export interface TreeWish {
  /** A folder in the workspace, from there. */
  readonly path?: string;
  /** A branch or tag; what is checked out where nothing is said. */
  readonly branch?: string;
}

/** A run to be forked, and what it goes on with; what is not said stays as it was. */
export interface ForkRequest extends RunHooks {
  readonly run: string;
  /** The first step that is its own: `RUN.7`, or `7`. */
  readonly at: string;
  readonly agent?: string;
  readonly model?: string;
  /** Rules that hold it beside those in force: a file, absolute, or their text. */
  readonly rules?: string | { readonly text: string };
}

export interface RunHooks {
  /** Answers an ask in place; absent when nobody is there, and the run then waits. */
  readonly ask?: (ask: Ask, signal: AbortSignal) => Promise<AskReply | null>;
  /** Everything as it happens, also of delegated runs. Must return quickly. */
  readonly on?: (live: Live) => void;
  readonly signal?: AbortSignal;
  /** Where the operator answers: `editor`; the terminal where nothing is said. */
  readonly channel?: string;
}

export type Live =
  | { readonly type: "event"; readonly recorded: Recorded }
  | {
      readonly type: "delta";
      readonly run: string;
      readonly step: string;
      readonly kind: "text" | "thinking";
      readonly text: string;
    };

export interface RunHandle {
  readonly run: string;
  /**
   * Resolves when the run ends or waits, whatever happens inside it. Rejects only where the end
   * cannot be written down: `NanosError journal.*`, or when another process took the run over.
   */
  readonly done: Promise<RunState>;
  cancel(): void;
}

/** Who uses a model's window. */
export interface ContextView {
  /** The run it is about; null for what every call of the oracle carries. */
  readonly run: string | null;
  readonly model: string;
  /** Tokens the model can read at once; null where nothing is cut to fit. */
  readonly window: number | null;
  readonly parts: readonly ContextPart[];
  /** Messages that were left out of the newest call, to fit. */
  readonly left: number;
  /** Names of the tools it is offered, and how many there are. */
  readonly tools: { readonly offered: readonly string[]; readonly of: number };
}

export interface ContextPart {
  readonly what: string;
  /** An estimate. */
  readonly tokens: number;
  /** Whole, where it is told to the oracle without being in any file. */
  readonly text?: string;
}

export interface Tools {
  list(): Promise<readonly ToolLine[]>;
  show(name: string): Promise<ToolLine & { readonly manifest: ToolManifest }>;
  /**
   * One call as the operator, through the same gate; its own run. With `client` it is that one's: of
   * its key's agent, which has to have the tool.
   */
  call(
    name: string,
    args: Json,
    hooks?: RunHooks & Beforehand & { readonly client?: string },
  ): Promise<RunHandle>;
}

export interface ToolLine {
  readonly name: string;
  readonly skill: string;
  readonly kind: string;
  readonly source: string;
  readonly description: string;
  readonly scopes: readonly string[];
  readonly rank: string;
  /** Agents it is attached to. */
  readonly agents: readonly string[];
  /** True when no sandbox here holds it and the operator's config lets it run all the same. */
  readonly unconfined?: true;
  readonly failure?: Failure;
}

export interface Models {
  list(): readonly ModelLine[];
  /** Local endpoints and keys found on this machine, not yet added. */
  discover(): Promise<readonly ModelLine[]>;
  add(name: string, config: ModelConfig): Promise<void>;
  use(name: string): Promise<void>;
  rm(name: string): Promise<void>;
  /** Measures what a model can do, in runs of its own, and keeps the card. */
  probe(name: string, options?: ProbeOptions): Promise<ModelCard>;
  /**
   * Vectors of texts, made in a run of its own whose one step holds them as `KeptVectors`. With
   * `client` it is that one's, whose key has to reach `model:NAME` where it says what it reaches.
   *
   * @throws NanosError `model.unknown`, `model.no_embeddings`, `key.*`.
   */
  embed(
    name: string,
    wish: EmbedWish,
    hooks?: RunHooks & { readonly client?: string },
  ): Promise<RunHandle>;
  /** Where the words of a conversation go, by what is configured; dials nothing. */
  posture(): Promise<Posture>;
  /** Why the model in use cannot be had now; null when it can. Dials it and says nothing to it. */
  ready(): Promise<Failure | null>;
}

/** What leaves this machine for models, and how. */
export interface Posture {
  /** None where everything is local. */
  readonly ways: readonly {
    readonly agent: string;
    /** `host:port` */
    readonly host: string;
    /** The proxy every call goes through. */
    readonly via: string | null;
    /** What is sensitive goes out as placeholders. */
    readonly scrubbed: boolean;
  }[];
  /** In one line, for people. */
  readonly says: string;
}

export interface ProbeOptions {
  /** Longest text tried, in tokens; the configured window when absent. */
  readonly context?: number;
  readonly signal?: AbortSignal;
  /** Told before each question, with what it is about. */
  readonly on?: (about: string) => void;
}

/** One model in a list, with where it was configured. */
export interface ModelLine {
  readonly name: string;
  readonly config: ModelConfig;
  readonly from: "home" | "arrangement" | "built-in" | "found";
  readonly inUse: boolean;
  /** What it was measured to do; null when it was not, or its config is another one since. */
  readonly card: ModelCard | null;
}

/** One line of `doctor`. */
export interface Check {
  readonly name: string;
  readonly state: "ok" | "warn" | "bad";
  readonly says: string;
  /** What to do; absent when all is well. */
  readonly next?: string;
}

/** How to open: which home, where from, and whether an empty home may be set up by itself. */
export interface OpenOptions {
  /** `--home`, else NANOS_HOME, else `~/.nano-os`. */
  readonly home?: string;
  /** Where the search for a project's `.nano-os/` starts; the current folder. */
  readonly cwd?: string;
  /** The environment; only named variables are ever read from it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * Asks the operator for the passphrase of the secrets, or for a new one; null when nobody is
   * there or nothing was said. NANOS_PASSPHRASE comes first.
   */
  readonly passphrase?: (isNew: boolean) => Promise<string | null>;
}

/** What a look at home and folder finds before anything is opened or loaded. Runs nothing. */
export type Found = (
  | { readonly kind: "ready"; readonly arrangementDir: string; readonly workspace: string }
  /** No arrangement anywhere: offer a starter. */
  | { readonly kind: "empty"; readonly home: string; readonly starters: readonly StarterLine[] }
  /** A project's arrangement that was never trusted, or changed since. */
  | { readonly kind: "untrusted"; readonly trust: TrustView }
) & {
  /** What was passed over on the way, and why, one sentence each. */
  readonly notes?: readonly string[];
};

/** A starter that can be applied. */
export interface StarterLine {
  readonly name: string;
  readonly description: string;
}

/** What trusting a folder would run and read, shown before the yes. */
export interface TrustView {
  /** The project's `.nano-os`, absolute. */
  readonly dir: string;
  /** Hash over every file that would run or be read; the yes is bound to it. */
  readonly hash: string;
  /** True when an earlier yes no longer fits because files changed. */
  readonly changed: boolean;
  readonly files: readonly {
    readonly path: string;
    readonly what: string;
    readonly state: "new" | "changed" | "same" | "removed";
  }[];
  /** What changed since the earlier yes, line by line; where there was one. */
  readonly changes?: readonly Change[];
  /** Scopes its skills and tools would ask for, in plain words. */
  readonly scopes: readonly string[];
}

export interface InitResult {
  /** The folder that now holds the arrangement, absolute. */
  readonly dir: string;
  readonly workspace: string;
  readonly files: readonly string[];
  /** Files that were there already with other content and were left as they are. */
  readonly kept?: readonly string[];
}
