/** Limits of what begins at a time, a part of `LIMITS`. */
export const SCHEDULE_LIMITS = {
  /** Schedules of a home, the least between two firings of one, missed times that are counted. */
  schedules: 100,
  scheduleGapMs: 60_000,
  missedCounted: 1_000,
  /** How late is still on time: a timer fires late, and a process takes a while to begin. */
  scheduleLateMs: 120_000,
  /** Times that began a run which are known again. */
  scheduleFiredKept: 64,
  /** How long one that may not begin is left alone, unless somebody says that something changed. */
  scheduleRestMs: 300_000,
  /** How long nobody looks at the clock: it may have been set meanwhile. */
  scheduleLookMs: 60_000,
  /** Firings of one process at once. */
  schedulesAtOnce: 4,
} as const;
