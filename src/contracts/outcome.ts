import type { Json } from "../std/json.ts";
import { z } from "zod";
import { Rank } from "./action.ts";
import { JsonSchema } from "./json.ts";
import { AgentThought } from "./cognition.ts";
import { Label } from "./label.ts";
import { Sealed } from "./artifact.ts";
import { Scope } from "./scope.ts";
import { Kept } from "./memory.ts";
import { RunUsage, Usage } from "./usage.ts";

/** A failure the program expects, as a value: stable dotted code, one sentence, what to do next. */
export const Failure = z.strictObject({
  code: z.string(),
  message: z.string(),
  next: z.string().optional(),
});
export type Failure = z.infer<typeof Failure>;

/** One file of a change set. Hashes are SHA-256 of the content; null where there is no file. */
export const FileChange = z.strictObject({
  /** Absolute path of the real file. */
  path: z.string(),
  kind: z.enum(["created", "modified", "deleted"]),
  before: z.string().nullable(),
  after: z.string().nullable(),
  bytes: z.number().int(),
  /** Unix permission bits after the change. */
  mode: z.number().int().optional(),
});
export type FileChange = z.infer<typeof FileChange>;

/** A file in which the values of stored secrets stand, by absolute path, and the secrets' names. */
export const HeldFile = z.strictObject({ path: z.string(), secrets: z.array(z.string()) });
export type HeldFile = z.infer<typeof HeldFile>;

/** A file that was changed, by absolute path, and what happened to it. */
export const Touched = z.strictObject({ path: z.string(), kind: z.string() });
export type Touched = z.infer<typeof Touched>;

/**
 * Reach a program tried for while it ran and was refused, `net:host:port` where it could be told:
 * not among the scopes of its call, a public name of an address that is not, a connection to one
 * host that turned out to be for another, nothing that can be read, or too much.
 */
export const Refused = z.strictObject({
  scope: Scope,
  why: z.enum(["undeclared", "private_address", "other_name", "unreadable", "limit"]),
});
export type Refused = z.infer<typeof Refused>;

/** What a delegated run really did, as its record shows; empty for one that only spoke. */
export const Evidence = z.strictObject({
  /** Steps of its chain that came to something: tool calls, and delegations with evidence. */
  steps: z.array(z.string()),
  /** Files it changed, absolute paths, with the SHA-256 they have then; null where one is gone. */
  files: z.array(z.strictObject({ path: z.string(), hash: z.string().nullable() })),
});
export type Evidence = z.infer<typeof Evidence>;

/** What a run in a copy of a repository came to; the text is in the run's record. */
export const PatchLine = z.strictObject({
  run: z.string(),
  /** The repository, absolute, and the commit it was made against. */
  from: z.string(),
  commit: z.string(),
  /** By path in the repository. */
  files: z.array(Touched),
  bytes: z.number().int(),
});
export type PatchLine = z.infer<typeof PatchLine>;

/** The run a delegation was carried by: the hash of its newest entry, and what it used and touched. */
export const ChildRun = z.strictObject({
  run: z.string(),
  head: z.string(),
  usage: RunUsage.optional(),
  /** `host:port`, its own delegations included. */
  hosts: z.array(z.string()).optional(),
  files: z.array(Touched).optional(),
  /** How often the operator was asked in it. */
  asks: z.number().int().optional(),
  unconfined: z.array(z.string()).optional(),
  /** What stands behind its answer: what the answer names, or all it did; absent in older runs. */
  evidence: Evidence.optional(),
  patches: z.array(PatchLine).optional(),
});
export type ChildRun = z.infer<typeof ChildRun>;

/** What an ended action came to. An action that still waits has no outcome. */
export const Outcome = z.discriminatedUnion("status", [
  z.strictObject({
    status: z.literal("done"),
    output: JsonSchema,
    /** What it wrote to its stage, not yet in the real files; `diff` is the hash of the changes. */
    staged: z
      .strictObject({
        diff: z.string(),
        changes: z.array(FileChange),
        /** Files that hold stored secrets, and the names of those. */
        held: z.array(HeldFile).optional(),
      })
      .optional(),
    /** Files it changed, after commit. */
    files: z.array(FileChange).optional(),
    /** What it was kept as for the operator's review. */
    artifact: Sealed.optional(),
    /** The plan that was handed in with it and holds: its name, and its hash in the vault. */
    plan: z.strictObject({ name: z.string(), hash: z.string(), rank: Rank }).optional(),
    /** Of these it was too large to keep what was there before: their change cannot be undone. */
    unkept: z.array(z.string()).optional(),
    /** Label of what came back by itself, where the conversation it came into is worse. */
    own: Label.optional(),
    /** Hosts it reached, `host:port`. */
    hosts: z.array(z.string()).optional(),
    refused: z.array(Refused).optional(),
    child: ChildRun.optional(),
    /** What a program that thinks for itself says it used; absent where it does not say. */
    used: Usage.optional(),
    /** True when it holds only what a schema lets through: it is read as data, not as text. */
    released: z.boolean().optional(),
    /** Texts kept out of it, by the handle that stands for each. */
    texts: z.record(z.string(), z.string()).optional(),
    /** What a memory write came to. */
    kept: Kept.optional(),
    /** The figures of what the agent noted; its words are the step's arguments. */
    thought: AgentThought.optional(),
    /** True when it came to less than was asked for, as a delegated run may. */
    degraded: z.boolean().optional(),
  }),
  z.strictObject({
    status: z.literal("failed"),
    failure: Failure,
    hosts: z.array(z.string()).optional(),
    refused: z.array(Refused).optional(),
    /** What a delegated run used and touched counts, whatever it came to. */
    child: ChildRun.optional(),
    used: Usage.optional(),
  }),
  z.strictObject({ status: z.literal("denied"), failure: Failure }),
  z.strictObject({
    status: z.literal("cancelled"),
    failure: Failure,
    hosts: z.array(z.string()).optional(),
    refused: z.array(Refused).optional(),
    child: ChildRun.optional(),
    used: Usage.optional(),
  }),
]);
export type Outcome = z.infer<typeof Outcome>;

/** What a run in a copy of a repository came to, with what is needed to judge it. */
export interface PatchView {
  readonly run: string;
  readonly agent: string;
  readonly model: string;
  readonly request: string;
  /** How it ended, or the state it is in. */
  readonly outcome: string;
  readonly summary: string;
  readonly turns: number;
  /** The repository and the commit the patch is against; null where none was taken. */
  readonly from: string | null;
  readonly commit: string | null;
  /** By path in the repository. */
  readonly files: readonly Touched[];
  /** As `git apply` takes it; of a run that failed, what there was by then. Empty where nothing was changed. */
  readonly patch: string;
  /** The same as a mail that `git am` takes, with who made it, when and why. Empty where that is. */
  readonly mail: string;
  readonly calls: readonly {
    readonly step: string;
    readonly name: string;
    readonly args: Json;
    readonly status: Outcome["status"] | "open" | "waiting";
    /** What it gave back, or why it did not. */
    readonly says: string;
  }[];
  readonly failure?: Failure;
}
