import { z } from "zod";
import type { DiffLine } from "../std/diff.ts";
import { Rank } from "./action.ts";
import type { Grant } from "./config.ts";
import { JsonSchema } from "./json.ts";
import { Scope } from "./scope.ts";

/** Front matter of an Agent Skills `SKILL.md`. Unknown keys are kept by others and ignored here. */
export const SkillHead = z.looseObject({
  name: z
    .string()
    .regex(
      /^(?!.*--)[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/u,
      "must be 1 to 64 of a-z, 0-9 and single hyphens, and start and end without one",
    ),
  description: z.string().min(1).max(1_024),
  license: z.string().optional(),
  compatibility: z.string().max(500).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  /** A request, never a grant: it narrows what the skill shows, and allows nothing. */
  "allowed-tools": z.union([z.string(), z.array(z.string())]).optional(),
});
export type SkillHead = z.infer<typeof SkillHead>;

/** What a slash command says. */
export const Command = z.strictObject({ description: z.string(), prompt: z.string() });
export type Command = z.infer<typeof Command>;

const target = {
  /** What answers: `tool:NAME` or `command:NAME` of the skill itself, or `agent:NAME`. */
  run: z
    .string()
    .regex(/^(?:tool|command|agent):[\w-]{1,128}$/u, "must be tool:, command: or agent:NAME"),
  /** A tool's arguments; `{what}` in a text is the file that changed, the run, or the time. */
  args: z.record(z.string(), JsonSchema).optional(),
  /** What a command or agent is told, with `{what}` in it. */
  words: z.string().max(4_096).optional(),
};

/** Something a skill answers by itself, while a session, server or `nanos watch` goes on. */
export const Subscription = z.discriminatedUnion("on", [
  z.strictObject({
    on: z.literal("file.changed"),
    /** Patterns below the workspace, each beginning with a folder: `notes/**`. */
    paths: z.array(z.string().max(512)).min(1).max(16),
    ...target,
  }),
  z.strictObject({
    on: z.literal("schedule.cron"),
    /** Minute, hour, day, month, weekday; a sixth field in front is seconds. */
    cron: z.string().max(128),
    ...target,
  }),
  z.strictObject({
    on: z.literal("journal"),
    /** Kinds of events, as `nanos trace export` names them: `run.ended`. */
    kinds: z.array(z.string().max(64)).min(1).max(16),
    ...target,
  }),
]);
export type Subscription = z.infer<typeof Subscription>;

/** `nanos.yaml` beside SKILL.md: what Agent Skills has no field for. */
export const SkillManifest = z.strictObject({
  version: z.string().optional(),
  /** The most its tools may reach; a tool's own scopes must lie within. */
  scopes: z.array(Scope).default([]),
  rank: Rank.optional(),
  /** Slash commands: name to the prompt it stands for; `$ARGS` is what was typed after it. */
  commands: z
    .record(
      z.string().regex(/^[\w-]{1,64}$/u, "must be 1 to 64 of A-Z, a-z, 0-9, - and _"),
      Command,
    )
    .optional(),
  /** What it answers by itself. */
  events: z.array(Subscription).max(16).optional(),
  /** Link to third-party terms shown once on attach. */
  terms: z.string().optional(),
});
export type SkillManifest = z.infer<typeof SkillManifest>;

/** A skill as loaded. `dir` is absolute; `hash` is over every file in it. */
export interface Skill {
  readonly head: SkillHead;
  readonly manifest: SkillManifest;
  readonly instructions: string;
  readonly dir: string;
  readonly hash: string;
  /** Tool sources, absolute: `tools/*.ts`, `tools/*.yaml`. */
  readonly toolFiles: readonly string[];
  readonly mcpFile: string | null;
  /** Its other files, by path in it, with the SHA-256 of each. */
  readonly files: Readonly<Record<string, string>>;
  /** Of these, what it asks to run: the program that runs each. */
  readonly scripts: Readonly<Record<string, string>>;
}

/** A command that a skill brings, by the name it is called by. */
export interface SkillCommand {
  /** `today`; `notes:today` where another skill has one of that name. */
  readonly name: string;
  readonly skill: string;
  readonly description: string;
  /** Why the short name does not mean it. */
  readonly clash?: string;
}

/** What a skill answers by itself, and whether it would. */
export interface SubscriptionView {
  /** `words#1`: the skill, and which of its subscriptions. */
  readonly id: string;
  readonly skill: string;
  readonly on: Subscription["on"];
  /** Its patterns, times or kinds. */
  readonly what: string;
  readonly run: string;
  /** Why it is not answered; null where it is, while something watches. */
  readonly refused: string | null;
}

/** An event that began a run. */
export const RunEvent = z.strictObject({
  /** The subscription, `words#1`. */
  id: z.string(),
  skill: z.string(),
  on: z.enum(["file.changed", "schedule.cron", "journal"]),
  /** The file, time or run it was about. */
  what: z.string(),
  /** The subscriptions whose runs led to it, oldest first: none of them answers it again. */
  chain: z.array(z.string()),
  /** Events of this subscription that were passed over since the one before. */
  missed: z.number().int().optional(),
});
export type RunEvent = z.infer<typeof RunEvent>;

/** Something a subscription came to, as it happens. */
export type Fired = {
  /** A subscription, `schedule NAME`, or `mission RUN`. */
  readonly id: string;
  /** The file, time or run it was about. */
  readonly what: string;
} & (
  | { readonly state: "listening" }
  | { readonly state: "begun" | "waiting"; readonly run: string }
  | { readonly state: "ended"; readonly run: string; readonly outcome: string }
  | { readonly state: "dropped"; readonly why: string }
);

/** Events of skills. */
export interface Events {
  list(): Promise<readonly SubscriptionView[]>;
  /**
   * Answers events until `signal` ends it; resolves when all it began has stopped. One process of a
   * workspace does so at a time.
   *
   * @throws NanosError `events.watched` where another process does.
   */
  watch(signal: AbortSignal, on?: (fired: Fired) => void): Promise<void>;
}

/** A skill, a server of an `mcp.json` or a tool of no skill: what a grant is given to. */
export interface SkillView {
  readonly name: string;
  readonly kind: "skill" | "server" | "tool" | "agent";
  readonly description: string;
  /** Its folder or file, absolute; the server's name for a server. */
  readonly from: string;
  /** What a yes given now is bound to; null where that is not known before it is reached. */
  readonly hash: string | null;
  /** Agents it is attached to. */
  readonly agents: readonly string[];
  readonly tools: readonly string[];
  /** What it may do, in plain words. */
  readonly may: readonly string[];
  /** Terms of the service it drives. */
  readonly terms?: string;
  readonly grant: Grant | null;
  /** Whether the grant holds now, for any run. `none`: its dangerous uses ask each time. */
  readonly state: "granted" | "none" | "expired" | "suspended" | "revoked" | "one run";
  /** What changed since the yes; null where nothing did or nobody said yes. */
  readonly changes: Changes | null;
}

/** A skill as a source offers it, read and looked at; nothing of it is written or run. */
export interface SkillOffer {
  readonly name: string;
  readonly description: string;
  /** As the source was named; an address with its commit. */
  readonly from: string;
  readonly hash: string;
  readonly files: readonly { readonly path: string; readonly what: string }[];
  readonly may: readonly string[];
  readonly terms?: string;
  /** Tools its author would have it use without asking: a request, which grants nothing. */
  readonly asks?: readonly string[];
  readonly license?: string;
  /** What its author says it needs. */
  readonly compatibility?: string;
  readonly findings: readonly Finding[];
  /** Findings that are not listed. */
  readonly more: number;
  /** Whether a skill of that name is there already. */
  readonly there: "no" | "same" | "other";
  /** What would change of the one that is there. */
  readonly changes: Changes | null;
}

/** A skill against what was installed, with what is found in its texts. */
export interface SkillCheck {
  readonly name: string;
  readonly hash: string;
  /** `unlocked`: nobody installed it, it was put there by hand. */
  readonly state: "as installed" | "changed" | "unlocked";
  /** Where it was installed from. */
  readonly from: string | null;
  readonly findings: readonly Finding[];
  readonly more: number;
}

/** What one case of a skill came to. */
export interface CaseResult {
  /** Its file in the skill. */
  readonly file: string;
  /** Why it fails, one sentence each; none where it passes. */
  readonly failures: readonly string[];
}

/** Something in a skill's texts that is known from harmful ones; a person judges what it is. */
export interface Finding {
  readonly code: string;
  /** `severe` is not installed without an explicit word. */
  readonly severity: "severe" | "note";
  readonly path: string;
  /** From 1; 0 for the whole file. */
  readonly line: number;
  /** What it is known from, as half a sentence. */
  readonly says: string;
  /** The place itself, with what cannot be seen written out. */
  readonly text: string;
}

/** What changed since something was said yes to; scopes first, as they are what matters most. */
export interface Changes {
  readonly scopes: { readonly added: readonly string[]; readonly removed: readonly string[] };
  readonly files: readonly Change[];
  readonly tools: readonly Change[];
  /** True where nothing was kept of what it was, so that only what is there now can be shown. */
  readonly unknown: boolean;
}

/** One file, or one tool as a server announces it, that is not as it was. */
export interface Change {
  readonly path: string;
  readonly state: "new" | "changed" | "removed";
  readonly lines: readonly DiffLine[];
  /** Lines that differ and are not shown. */
  readonly more: number;
  /** Why no lines are shown. */
  readonly note?: string;
}

/** Standing answers: what a skill may reach without being asked about. */
export interface Grants {
  list(): readonly Grant[];
  /** @throws NanosError `skill.unknown`, `grant.*`. */
  add(skill: string, wish?: GrantOptions): Promise<Grant>;
  /** Takes the yes back: from its next step on the skill does nothing. False for no such skill. */
  revoke(skill: string): Promise<boolean>;
}

export interface GrantOptions {
  /** Destinations, `HOST:PORT`, it may reach without asking. */
  readonly net?: readonly string[];
  /** Programs it may run without asking. */
  readonly exec?: readonly string[];
  /** Files and folders outside the workspace it may read without asking. */
  readonly read?: readonly string[];
  /** Milliseconds since 1970. */
  readonly until?: number;
  /** The one run it is for. */
  readonly run?: string;
  /** It may run held by nothing where no sandbox holds it; each use then asks. */
  readonly unconfined?: true;
  /** What was shown, to be bound to nothing else: `hash` of the view. */
  readonly hash?: string | null;
}

export interface OfferOptions {
  /** Which folder of the source, where it holds several. */
  readonly path?: string | undefined;
  /** What it may reach, for a skill that says nothing of it: written beside it as `nanos.yaml`. */
  readonly scopes?: readonly string[] | undefined;
}

/** What can be attached to an agent and granted. */
export interface Skills {
  list(): Promise<readonly SkillView[]>;
  /** @throws NanosError `skill.unknown`. */
  show(name: string): Promise<SkillView>;
  /** The same, as if it were granted like this; `grant.bad_scope` for a wish that cannot be. */
  preview(name: string, wish: GrantOptions): Promise<SkillView>;
  /**
   * Adds it to the agent's file, that one line alone, and grants it as it was shown.
   *
   * @throws NanosError `skill.unknown`, `agent.unknown`, `agent.edit`, `grant.*`, `trust.*`.
   */
  attach(skill: string, agent: string, wish?: GrantOptions): Promise<Grant>;
  /** Takes it out of the agent's file; a run that goes on may not use it from its next step on. */
  detach(skill: string, agent: string): Promise<void>;
  /**
   * Reads a skill from a folder, an archive or a repository. Nothing of it is written or run.
   *
   * @throws NanosError `install.*`, `manifest.invalid`.
   */
  offer(from: string, options?: OfferOptions): Promise<SkillOffer>;
  /**
   * Puts exactly what was offered into the arrangement and locks its hash.
   *
   * @throws NanosError `install.severe` for severe findings that are not answered by `anyway`.
   */
  install(offer: SkillOffer, options?: { anyway?: boolean }): Promise<void>;
  /** Takes it out of the arrangement; gives the folder its files are kept in for a while. */
  remove(skill: string): Promise<string>;
  /** @throws NanosError `skill.unknown` for what is no installed skill. */
  check(skill: string): Promise<SkillCheck>;
  /**
   * Runs its own cases, each in an empty home of its own that is gone afterwards. Models are recorded,
   * nothing outside this machine is reached, and nothing of this home is touched.
   *
   * @throws NanosError `skill.unknown`, `skill.no_cases`, `manifest.invalid`.
   */
  test(skill: string): Promise<readonly CaseResult[]>;
}
