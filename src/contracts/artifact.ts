import type { Change } from "./skill.ts";
import { z } from "zod";
import type { Label } from "./label.ts";
import { ArtifactType } from "./plan.ts";

/** What a step was kept as: a named result of its run. */
export const Sealed = z.strictObject({
  title: z.string(),
  type: ArtifactType,
  /** SHA-256 of its bytes, under which the vault has it. */
  hash: z.string(),
  bytes: z.number().int(),
});
export type Sealed = z.infer<typeof Sealed>;

/** What the operator said of one version of an artifact. */
export const Review = z.strictObject({
  verdict: z.enum(["approved", "rejected", "archived"]),
  /** Who and where: `operator@terminal`. */
  by: z.string(),
  why: z.string().optional(),
});
export type Review = z.infer<typeof Review>;

/** On the home chain: what the operator says of one version, by the step that made it. */
export const ArtifactReviewed = z.strictObject({
  kind: z.literal("artifact.reviewed"),
  artifact: z.string(),
  hash: z.string(),
  review: Review,
});

/** One version of an artifact. */
export interface ArtifactLine {
  /** The step that made it. */
  readonly id: string;
  /** The run or mission it is of; versions are counted by it and the title. */
  readonly run: string;
  readonly title: string;
  readonly type: Sealed["type"];
  /** From 1. */
  readonly version: number;
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly status: "pending" | Review["verdict"];
  /** True where its step ran and the operator should look at it: ranks C and B. */
  readonly flagged: boolean;
}

/** An artifact with where it came from, what was said of it, and what is new in it. */
export interface ArtifactView extends ArtifactLine {
  readonly bytes: number;
  /** Who made it, with what: the action of its step. */
  readonly agent: string;
  readonly made: string;
  /** Who may have had a hand in it. */
  readonly label: Label | null;
  /** The version before; null for the first. */
  readonly previous: string | null;
  readonly review: (Review & { readonly at: number }) | null;
  /** From the version before to this one; all of it where there is none. */
  readonly changes: readonly Change[];
}

/** What is between two artifacts; `from` is null for a first version. */
export interface ArtifactDiff {
  readonly from: ArtifactLine | null;
  readonly to: ArtifactLine;
  readonly changes: readonly Change[];
}

/** The results of runs and missions, as a person asks about them. */
export interface Artifacts {
  /** Newest first. */
  list(wish?: {
    readonly run?: string;
    readonly title?: string;
    readonly status?: string;
    readonly type?: string;
    readonly limit?: number;
  }): readonly ArtifactLine[];
  /** @throws NanosError `artifact.unknown`, `artifact.gone`, `vault.tampered`. */
  show(id: string): ArtifactView;
  /**
   * From one version to another: from the one before where no other is named, all of it for the first.
   *
   * @throws NanosError as `show` does.
   */
  diff(id: string, from?: string): ArtifactDiff;
  /** Every version of it, newest first. */
  history(id: string): readonly ArtifactLine[];
  /** Says that the operator stands behind it, does not, or has no more use for it. */
  review(
    id: string,
    verdict: Review["verdict"],
    why?: string,
    /** Where they say it: the terminal, or `key:ID`. */
    channel?: string,
  ): Promise<ArtifactLine>;
  /** Its bytes, as they were kept. */
  get(id: string): Uint8Array;
  /** Writes the newest versions, with a list of where each came from, into a new folder. */
  export(dir: string, run?: string): Promise<readonly string[]>;
}
