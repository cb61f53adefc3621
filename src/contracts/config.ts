import { z } from "zod";
import { LIMITS } from "../std/limits.ts";
import { EngineConfig } from "./engine.ts";
import { JsonSchema } from "./json.ts";
import { MemoryConfig } from "./memory.ts";
import { ModelConfig } from "./model.ts";
import { Scope } from "./scope.ts";
import { DayLimit } from "./usage.ts";
import { TRAITS } from "./stage.ts";

/** `server:` of `config.yaml`: what `nanos serve` does where the command line says nothing. */
export const ServerConfig = z.strictObject({
  /** False: probes are answered, and nothing else. */
  enabled: z.boolean().optional(),
  host: z.string().min(1).optional(),
  port: z.number().int().min(0).max(65_535).optional(),
  /** Ids of the keys that are let in; every good key where nothing is said. */
  keys: z.array(z.string()).optional(),
  /** What a body may have at most, in bytes. */
  bodyBytes: z.number().int().positive().max(LIMITS.httpBodyBytes).optional(),
  /** Requests a minute of any key, however many the key itself allows. */
  rate: z.number().int().positive().optional(),
  /** Where requests are counted, `redis://HOST:PORT/N`; in memory where nothing is said. */
  rates: z.url({ protocol: /^rediss?$/u }).optional(),
  /** The least a request must come to, to be written as a line. */
  log: z.enum(["info", "warning", "error"]).optional(),
  /** False: `/metrics` is not answered. */
  metrics: z.boolean().optional(),
});
export type ServerConfig = z.infer<typeof ServerConfig>;

/** `config.yaml` of the home: what the operator set up on this machine. */
export const Config = z.strictObject({
  v: z.literal(1).default(1),
  models: z.record(z.string(), ModelConfig).default({}),
  /** The model in use; overrides the arrangement's. */
  model: z.string().optional(),
  /** Overrides what the arrangement says of memory, field by field. */
  memory: MemoryConfig.optional(),
  /** What holds where neither this file nor the arrangement says anything. */
  usual: z.strictObject({ memory: MemoryConfig.optional() }).optional(),
  /** What all runs of this home together may use in a day; where the arrangement says less, that. */
  day: DayLimit.optional(),
  /** What carries missions, and how many of a queue at once. */
  engine: EngineConfig.optional(),
  /**
   * Tools made of a command that may run where no sandbox holds them: only there, each use of rank A.
   * By tool and workspace, so that no other project has a tool of that name. `nanos grant add SKILL
   * --unconfined` is for every kind of tool, and bound to what the skill is made of.
   */
  unconfined: z
    .array(z.strictObject({ tool: z.string(), workspace: z.string() }))
    .max(100)
    .optional(),
  /** Traits the operator switched on. Only those count that the stage has. */
  traits: z.array(z.enum(TRAITS)).max(TRAITS.length).optional(),
  server: ServerConfig.optional(),
  /** Where a run is sent when it is exported as spans and no address is named, and under which name. */
  otlp: z
    .strictObject({
      url: z.url({ protocol: /^https?$/u }),
      service: z.string().min(1).max(100),
    })
    .partial()
    .optional(),
  /** What is not done at all, whatever else allows it: each may only be forbidden. */
  allow: z
    .strictObject({
      /** False: every call of a tool is denied. */
      tools: z.boolean().optional(),
      /** False: no model is called but the built-in rules. */
      models: z.boolean().optional(),
      /** False: no route is followed. */
      routes: z.boolean().optional(),
      /** False: nothing runs that no sandbox holds. */
      unconfined: z.boolean().optional(),
    })
    .optional(),
  /** How long and how much, where it is to be less than what nanos itself allows. */
  most: z
    .strictObject({
      toolMs: atMost(LIMITS.toolMs),
      toolMemoryBytes: atMost(LIMITS.toolMemoryBytes),
      toolCpuSeconds: atMost(LIMITS.toolCpuSeconds),
      /** Silence of a model before its first byte, and between two pieces. */
      modelMs: atMost(LIMITS.modelFirstMs),
      /** How long `/ready` waits for the model in use. */
      readyMs: atMost(LIMITS.modelDialMs),
    })
    .partial()
    .optional(),
});
export type Config = z.infer<typeof Config>;

function atMost(limit: number) {
  return z.number().int().positive().max(limit);
}

/** The operator's recorded yes to a skill in one workspace. The skill is the unit of grant. */
export const Grant = z.strictObject({
  skill: z.string(),
  /** The scopes shown and agreed to, resolved. `net:` entries endorse that destination. */
  scopes: z.array(Scope),
  /** Hash of the skill as it was then; a changed skill suspends the grant. Null for bare scopes. */
  hash: z.string().nullable(),
  at: z.number().int(),
  expires: z.number().int().optional(),
  /** The one run it is for, with all that run delegates to; every run where nothing is said. */
  run: z.string().optional(),
  /** What was seen then, in the vault: a `Seen`, so that a later change can be shown. */
  seen: z.string().optional(),
  /**
   * Set where the skill may run held by nothing when no sandbox here holds it: hash of what it was
   * made of then, as only that is started.
   */
  unconfined: z.string().optional(),
  /** A yes that was taken back: the skill does nothing until it is granted anew. */
  revoked: z.literal(true).optional(),
  /** The one agent it was taken from; all where nothing is said. Only with `revoked`. */
  agent: z.string().optional(),
});
export type Grant = z.infer<typeof Grant>;

/** `grants.json` of one workspace. */
export const GrantsFile = z.strictObject({ v: z.literal(1), grants: z.array(Grant) });
export type GrantsFile = z.infer<typeof GrantsFile>;

/** What a yes was given to, kept in the vault beside the contents of its files. */
export const Seen = z.strictObject({
  v: z.literal(1),
  /** Path to SHA-256. Contents that are text and not too large are in the vault under it. */
  files: z.record(z.string(), z.string()),
  /** What its manifest and tools declare, as they write it. */
  scopes: z.array(Scope),
  /** Tools as they announced themselves, where files do not say it: name to what a model reads. */
  tools: z.record(z.string(), JsonSchema),
});
export type Seen = z.infer<typeof Seen>;

/** `trust.json`: folders whose arrangement may be used, bound to the hash of what would run. */
export const TrustFile = z.strictObject({
  v: z.literal(1),
  trusted: z.array(
    z.strictObject({
      dir: z.string(),
      hash: z.string(),
      at: z.number().int(),
      /** Path to SHA-256 of each file the yes was given to, so that a later change can be shown. */
      files: z.record(z.string(), z.string()).default({}),
    }),
  ),
});
export type TrustFile = z.infer<typeof TrustFile>;

/** `lock.json` of one workspace: what each skill was when it was installed. */
export const LockFile = z.strictObject({
  v: z.literal(1),
  skills: z.record(
    z.string(),
    z.strictObject({
      /** Hash over every file of the skill. */
      hash: z.string(),
      at: z.number().int(),
      /** Where it came from: a starter's name or a folder. */
      from: z.string(),
    }),
  ),
});
export type LockFile = z.infer<typeof LockFile>;

/** `arrangement.change` of the home: a change of an arrangement's files that is being made. */
export const PendingFile = z.strictObject({
  v: z.literal(1),
  /** The arrangement's folder, absolute. */
  dir: z.string(),
  /** Hash over all its files once they are as they are to be. */
  hash: z.string(),
  /** True for a project, whose trust goes on to what it becomes. */
  project: z.boolean(),
  files: z.array(
    z.strictObject({
      /** Relative to `dir`, with `/`. */
      path: z.string(),
      /** Base64; null for a file that goes. */
      content: z.string().nullable(),
      mode: z.number().int(),
    }),
  ),
});
export type PendingFile = z.infer<typeof PendingFile>;

/** What shows whether a process keeps up. */
export interface Vitals {
  /** Processes started in the sandbox since the home was opened, or put together anew. */
  readonly starts: number;
  /** Milliseconds it took until what was appended to the journal last was on disk. */
  readonly lagMs: number;
}
