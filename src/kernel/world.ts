import type { Rank } from "../contracts/action.ts";
import type { Clock } from "../std/clock.ts";
import type { Random } from "../std/random.ts";
import type { AgentManifest } from "../contracts/agent.ts";
import type { AgentThought, ThoughtLine } from "../contracts/cognition.ts";
import type { Grant } from "../contracts/config.ts";
import type { Key } from "../contracts/http/key.ts";
import type { MemorySettings } from "../contracts/memory.ts";
import type { RunStarted } from "../contracts/event.ts";
import type { RunHooks } from "../contracts/nanos.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Route, Rule } from "../contracts/rules.ts";
import type { Scope } from "../contracts/scope.ts";
import type { DayLimit } from "../contracts/usage.ts";
import type { TraitName } from "../contracts/stage.ts";
import type { Command, Subscription } from "../contracts/skill.ts";
import type { Signer } from "../journal/log/note.ts";
import type { Journal } from "../journal/journal.ts";
import type { Memory } from "../memory/memory.ts";
import type { Vault } from "../vault/vault.ts";
import type { Model } from "../models/model.ts";
import type { Process } from "../sandbox/sandbox.ts";
import type { Json } from "../std/json.ts";
import type { Frame } from "./frame.ts";
import type { Edit } from "./growth/edit.ts";
import type { Found, Looker } from "./looks/look.ts";
import type { Decide } from "./run.ts";
import type { Guard } from "./secrets/guard.ts";
import type { BrokenTool, LoadedTool, ToolHost, Wanted } from "../tools/tool-host.ts";
import type { Trees } from "../tools/git/trees.ts";

/**
 * What a run is judged by, as plain data: kept in the vault under its hash, so that a replay years
 * later judges by the same facts, whatever the arrangement has become.
 */
export interface Facts {
  readonly v: 1;
  readonly name: string;
  readonly oracle: string;
  /** Folder relative scopes resolve against, absolute. */
  readonly workspace: string;
  /** The arrangement's folder, absolute; absent in facts from before it was kept. */
  readonly dir?: string;
  /** Folder of machine state; no scope may name it. */
  readonly machine: string;
  /** The operator's home folder, for scopes that start with `~/`. */
  readonly userHome: string;
  readonly depth: number;
  /** Depth of delegation from which on it is remarked on; absent where nothing is said. */
  readonly warnDepth?: number;
  readonly limits: AgentManifest["limits"];
  /** What all runs of the home may use in a day; absent where nothing is said. */
  readonly day?: DayLimit;
  /** Text of the project's AGENTS.md, when trusted. */
  readonly instructions: string | null;
  readonly agents: readonly { readonly manifest: AgentManifest; readonly prompt: string }[];
  readonly skills: readonly SkillFacts[];
  readonly tools: readonly LoadedTool[];
  /** Tools that could not be loaded, and why. */
  readonly broken: readonly BrokenTool[];
  readonly rules: readonly Rule[];
  readonly routes: readonly Route[];
  /**
   * What a yes is bound to, by the name it is given to, where that is more than a skill's files:
   * tools that servers announce, and tools of no skill.
   */
  readonly seals?: Readonly<Record<string, string>>;
  /** Scopes the arrangement says yes to for tools of no skill. */
  readonly allow: readonly Scope[];
  /** Whether anything is remembered; absent in facts from before there was memory. */
  readonly memory?: MemorySettings;
  /** Agents whose manifests list it may keep results; absent in facts from before they could. */
  readonly artifacts?: true;
  /** Agents whose manifests list it may note thoughts; absent in facts from before they could. */
  readonly thoughts?: true;
  /** Where agents' files lie, absolute; present where the oracle may propose changes of them. */
  readonly grows?: { readonly dir: string };
  /** True where the oracle may hand in plans. */
  readonly proposes?: true;
  /** Hash of rules, routes and the gate's version. */
  readonly policy: string;
  /** Delegations answer with evidence; absent in facts from before they did. */
  readonly evidence?: true;
  /** Traits the operator has switched on; absent where none is. */
  readonly traits?: readonly TraitName[];
  /**
   * What was said before is told to a program within bounds, and not again where it goes on in a session
   * of its own; absent in facts from before it was.
   */
  readonly retold?: true;
  /** The gate's version; absent before there was a second. */
  readonly gate?: number;
}

export interface SkillFacts {
  readonly name: string;
  readonly description: string;
  readonly instructions: string;
  readonly hash: string;
  /** Most its tools may reach; empty means each tool's own. */
  readonly scopes: readonly Scope[];
  /** The least rank of what its tools do, where its manifest names one. */
  readonly rank?: Rank;
  /** Installed through the lock, with this hash. */
  readonly locked: boolean;
  readonly commands?: Readonly<Record<string, Command>>;
  readonly events?: readonly Subscription[];
  /** Of a skill that is read when it is used: its folder, and its files with the hash of each. */
  readonly dir?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** A fetch's result as a tool sees it, or why there is none. */
export type FetchResult = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly url: string;
  readonly host: string;
};

/** What of a model's config a run goes by. */
export interface ModelSettings {
  /** The models that stand in for it when it fails or rests, in their order. */
  readonly fallback: readonly string[];
  /** Tokens it can read at once; null where nothing is cut to fit. */
  readonly context: number | null;
  /** False for one that was measured not to call tools. */
  readonly tools: boolean;
  /** Tools it is offered at once at most; absent where it is offered all. */
  readonly toolCount?: number;
  /** How it is told of tools, where its server has no way of its own. */
  readonly dialect?: "printed";
  /** True for one that takes images. */
  readonly images: boolean;
}

/** A plan that holds: canonical, and what it comes to. */
export interface HandedIn {
  readonly name: string;
  readonly text: string;
  readonly rank: Rank;
}

/** Another arrangement, as an agent of this one: what its runs are judged by, and its tools. */
export interface Inner {
  readonly facts: Facts;
  readonly tools: ToolHost;
}

/** The live parts a run may use, put together by nanos.ts. A replay has none of them. */
export interface World {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: Random;
  readonly version: string;
  readonly tools: ToolHost;
  readonly memory: Memory;
  /** Copies of repositories for runs to work in. */
  readonly trees: Trees;
  /** True when some sandbox tier of this machine can hold such a process. */
  holds(process: Process): boolean;
  /** The runs that are carried with these parts. */
  readonly going: Set<string>;
  /** The facts as of now; loads the tools' manifests on first use. `again` asks servers anew. */
  facts(again?: boolean): Promise<Facts>;
  /** The arrangement that an agent of that kind is; why there is none where it is not trusted. */
  inner(agent: AgentManifest): Promise<Inner | Failure>;
  /** Contents by their hash. */
  readonly vault: Pick<Vault, "put" | "get" | "remove">;
  /** Puts the facts where replay finds them; returns their hash. */
  keep(facts: Facts): Promise<string>;
  /** The facts kept under a hash; null when they are gone. */
  recall(hash: string): Facts | null;
  /** Grants as of now: read anew when the operator changed them. */
  grants(): readonly Grant[];
  /**
   * Reads again what the operator changed meanwhile of what this agent's runs go by: grants, the
   * model in use, what its file gives it. Null when nothing did, as nearly always.
   */
  renew(agent: string): Promise<void> | null;
  /** What says what comes next in such a run; null where its agent's model does. */
  decide(started: RunStarted): Decide | null;
  /** Opens a model by its name in config or arrangement. Throws `NanosError` for an unknown name. */
  model(name: string): Promise<Model>;
  modelSettings(name: string): ModelSettings;
  /** True where a model gets placeholders for what is sensitive. */
  scrubs(name: string): boolean;
  /** The model in use when neither request nor agent names one. */
  defaultModel(): string;
  fetch(
    wanted: Extract<Wanted, { kind: "fetch" }>,
    allowed: {
      /** `host:port` whose private addresses may be dialled. */
      readonly privateOk: readonly string[];
      /** Secrets whose handles in the headers become their values. */
      readonly secrets: readonly string[];
    },
    signal: AbortSignal,
  ): Promise<FetchResult | Failure>;
  /** The arrangement's files: what there is, and a change that was said yes to. */
  readonly growth: {
    find(words: string): Promise<Json>;
    /** @throws NanosError `growth.changed`, `manifest.invalid`, `trust.*`. */
    change(edit: Edit): Promise<void>;
  };
  /** Traits that are switched on as of now. */
  traits(): Promise<readonly TraitName[]>;
  /** How the operator works here, for the oracle; null where COMPANION is off. */
  companion(): Promise<string | null>;
  /** Looks back at what is on record, for one who may. @throws NanosError where there is none. */
  look(name: string, text: string, looker: Looker): Promise<Found>;
  /** Looks at a plan an agent hands in: what it is, or everything that is wrong with it, a line each. */
  readPlan(frame: Frame, text: string): Promise<HandedIn | { readonly faults: readonly string[] }>;
  /** What agents noted before, and whether they may note this. */
  readonly thoughts: {
    /** Why it would not count; null where it would. */
    refuse(wanted: {
      readonly id: string;
      readonly by: string;
      readonly thought: AgentThought;
    }): Failure | null;
    find(id: string): ThoughtLine | null;
    /** Newest first, at most `LIMITS.thoughtsTold`, each with what came of it. */
    of(by: string): readonly (ThoughtLine & { readonly came: string | null })[];
  };
  /** A key by its id. @throws NanosError `key.unknown`, `key.expired`. */
  key(id: string): Promise<Key>;
  /** What keeps the values of stored secrets out of the run. */
  readonly guard: Guard;
  /**
   * Why a secret may not be used so; null when it may. It is sent to a host, or given to a program
   * that reaches these hosts. With `renewing` it is sent now, for the next token of a login.
   */
  lend(
    secret: string,
    use:
      | { readonly host: string; readonly renewing?: Renewing }
      | { readonly program: readonly string[] },
  ): Promise<Failure | null>;
  /** Keeps that the operator said yes to a skill with this hash. */
  lock(skill: string, hash: string): Promise<void>;
  /** True while a file's content has this SHA-256; true as well where that cannot be told. */
  isStill(path: string, hash: string): Promise<boolean>;
  /** Does something while no other process of this home does the same. */
  alone<T>(act: () => Promise<T>, what?: "commit" | "day" | "key"): Promise<T>;
  /** Signs with the operator's key. */
  sign(text: string): string;
  verify(text: string, signature: string): boolean;
  /** The public half of that key: 32 bytes as base64. */
  operatorKey(): string;
  /** Signs checkpoints of the journal's log. */
  readonly log: Signer;
  /** Signs what this home saw of other logs. */
  readonly witness: Signer;
}

export type Hooks = RunHooks;

/** How a login's next token may be asked for. */
export interface Renewing {
  /** `host:port` whose private addresses may be dialled. */
  readonly privateOk: readonly string[];
  readonly signal: AbortSignal;
}
