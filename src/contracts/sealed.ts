import { z } from "zod";
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
