import { z } from "zod";
import { JsonSchema } from "./json.ts";

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

/** What an ended action came to. An action that still waits has no outcome. */
export const Outcome = z.discriminatedUnion("status", [
  z.strictObject({
    status: z.literal("done"),
    output: JsonSchema,
    /** What it wrote to its stage, not yet in the real files; `diff` is the hash of the changes. */
    staged: z.strictObject({ diff: z.string(), changes: z.array(FileChange) }).optional(),
    /** Files it changed, after commit. */
    files: z.array(FileChange).optional(),
    /** Hosts it reached, `host:port`. */
    hosts: z.array(z.string()).optional(),
    /** The run a delegation was carried by, with the hash of that chain's newest entry. */
    child: z.strictObject({ run: z.string(), head: z.string() }).optional(),
    /** True when it came to less than was asked for, as a delegated run may. */
    degraded: z.boolean().optional(),
  }),
  z.strictObject({ status: z.literal("failed"), failure: Failure }),
  z.strictObject({ status: z.literal("denied"), failure: Failure }),
  z.strictObject({ status: z.literal("cancelled"), failure: Failure }),
]);
export type Outcome = z.infer<typeof Outcome>;
