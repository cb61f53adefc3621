import { z } from "zod";

/** Tokens of model calls, as the provider counted them. Absent means unknown, never zero. */
export const Usage = z.strictObject({
  /** Tokens read, cached ones included. */
  input: z.number().int().nonnegative(),
  output: z.number().int().nonnegative(),
  cached: z.number().int().nonnegative().optional(),
  /** Tokens read that were written to a cache, which some providers take more for. */
  written: z.number().int().nonnegative().optional(),
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

/** What all runs of a home together may use in one day of the operator's; absent is no limit. */
export const DayLimit = z.strictObject({
  calls: z.number().int().positive().optional(),
  tokens: z.number().int().positive().optional(),
  /** US dollars. */
  cost: z.number().nonnegative().optional(),
  /** The zone whose midnight it is, an IANA name; the machine's own. */
  zone: z.string().optional(),
});
export type DayLimit = z.infer<typeof DayLimit>;

/** What was used in a day, and what is set aside for what goes on. */
export const DayUse = z.strictObject({
  calls: z.number().int(),
  tokens: z.number().int(),
  cost: z.number(),
});
export type DayUse = z.infer<typeof DayUse>;

/** How the day stands when something is proposed. */
export const Day = z.strictObject({
  limit: DayLimit,
  used: DayUse,
  /** What is set aside for it, should it go on; `cost` is null where its price is not known. */
  takes: z.strictObject({
    calls: z.number().int(),
    tokens: z.number().int(),
    cost: z.number().nullable(),
    /** Tokens its answer may have. */
    answer: z.number().int().optional(),
  }),
});
export type Day = z.infer<typeof Day>;
