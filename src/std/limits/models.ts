/** Limits of what a model says and makes, a part of `LIMITS`. */
export const MODEL_LIMITS = {
  /** What a model may send in one answer. */
  modelAnswerBytes: 4 * 1024 * 1024,
  /** Texts of one call for vectors, the numbers of one vector, and those of all together. */
  embeddingInputs: 2_048,
  embeddingDimensions: 65_536,
  embeddingNumbers: 4 * 1024 * 1024,
  /** One line of a model's stream, and everything it may carry, framing included. */
  modelLineBytes: 1024 * 1024,
  modelWireBytes: 64 * 1024 * 1024,
  /** Silence on a model stream after which it counts as cut. */
  modelIdleMs: 120_000,
  /** Silence before a model's first byte: a local one may have to load and read a long prompt. */
  modelFirstMs: 600_000,
  /**
   * A local model: memory beyond its file, for the window; CPU time of its process's life; how long
   * that is kept when nobody asks.
   */
  localMemoryBytes: 8 * 1024 * 1024 * 1024,
  localCpuSeconds: 24 * 3_600,
  localRestMs: 300_000,
  /** How long it is waited for that somebody answers where a model is said to be. */
  modelDialMs: 2_000,
  /** Longest wait a provider may ask for by retry-after. */
  retryAfterMs: 60_000,
} as const;
