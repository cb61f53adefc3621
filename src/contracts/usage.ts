import { z } from "zod";

/** Tokens of model calls, as the provider counted them. Absent means unknown, never zero. */
export const Usage = z.strictObject({
  /** Tokens read, cached ones included. */
  input: z.number().int().nonnegative(),
  output: z.number().int().nonnegative(),
  cached: z.number().int().nonnegative().optional(),
  /** US dollars. Absent when the price is not known. */
  cost: z.number().nonnegative().optional(),
});
export type Usage = z.infer<typeof Usage>;

/** What a run may use. Every number has a default in LIMITS; a child's is carved from its parent's. */
export const Budget = z.strictObject({
  turns: z.number().int().positive(),
  calls: z.number().int().positive(),
  tokens: z.number().int().positive(),
  /** Milliseconds of wall time, waits for the operator not counted. */
  ms: z.number().int().positive(),
  /** US dollars; absent means no limit in money. */
  cost: z.number().nonnegative().optional(),
  depth: z.number().int().nonnegative(),
  /** Depth of delegation from which on it is remarked on; absent means never. */
  warnDepth: z.number().int().nonnegative().optional(),
});
export type Budget = z.infer<typeof Budget>;

/** What a run has used so far. */
export const Spent = z.strictObject({
  turns: z.number().int(),
  calls: z.number().int(),
  tokens: z.number().int(),
  ms: z.number().int(),
  cost: z.number(),
  /** True once a model whose price is unknown was called: `cost` is then a lower bound. */
  unpriced: z.boolean(),
});
export type Spent = z.infer<typeof Spent>;

/** What an ended run used, in the words of a person: the runs it delegated to are counted in. */
export const RunUsage = z.strictObject({
  input: z.number().int(),
  output: z.number().int(),
  cached: z.number().int(),
  /** US dollars; null when a price was not known. */
  cost: z.number().nullable(),
  turns: z.number().int(),
  /** Tool calls and delegations. */
  calls: z.number().int(),
  /** Everything that counts against the budget's calls: model calls and commits too. */
  actions: z.number().int().optional(),
  /** Milliseconds of wall time, waits for the operator not counted. */
  ms: z.number().int(),
});
export type RunUsage = z.infer<typeof RunUsage>;
