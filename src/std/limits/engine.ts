/** Limits of what carries missions. */
export const ENGINE_LIMITS = {
  /** Missions of one queue that are carried at once, unless config says otherwise; and the most. */
  missionsAtOnce: 4,
  missionsAtOnceMost: 64,
  /** How long a server that carries missions is called until it counts as gone. */
  engineCallMs: 10_000,
  /** How long it is asked how a mission stands until what this home knows has to do. */
  engineAskMs: 2_000,
  /** What Restate holds of one mission: it sends all of it to a worker at once, 32 MB at most. */
  engineLogBytes: 24 * 1024 ** 2,
  /** What a Restate server started here may use and say a minute, and how long it may take to begin. */
  engineServerBytes: 4 * 1024 ** 3,
  engineServerSays: 16 * 1024 ** 2,
  engineServerMs: 300_000,
  /** Missions that may be under way or wait in one home. */
  missions: 10_000,
} as const;
