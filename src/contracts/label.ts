import { z } from "zod";

/**
 * Who may have influenced a value and what secret it may hold.
 * Integrity falls from `operator` (their own words) over `directory` (ids and names from the
 * operator's own files) to `untrusted`. Secrecy rises from `public` over `private` to `secret`.
 * Unknown is untrusted and private.
 */
export const Label = z.strictObject({
  integrity: z.enum(["operator", "directory", "untrusted"]),
  secrecy: z.enum(["public", "private", "secret"]),
  /** Where it came from: tools, files, hosts. At most 16 are kept; `…` stands for more. */
  sources: z.array(z.string().max(256)).max(17),
  /**
   * Who may read it: a value, a host, or `@example.org` for every address there. Without it a
   * private value may go wherever the operator sends it.
   */
  readers: z.array(z.string().max(256)).max(16).optional(),
});
export type Label = z.infer<typeof Label>;
