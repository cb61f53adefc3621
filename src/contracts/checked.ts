import { z } from "zod";

/** How the output of a task stands to one check. */
export const CheckStatus = z.enum(["met", "missed", "waived", "unknown"]);

export const Checked = z.strictObject({
  id: z.string(),
  status: CheckStatus,
  /** True where nothing follows from it. */
  observe: z.boolean().optional(),
  /** What was found, where it was not met; why it was let go. */
  why: z.string().optional(),
});
export type Checked = z.infer<typeof Checked>;
