/** E trivial to S critical, in rising order. */
export const RANKS = ["E", "D", "C", "B", "A", "S"] as const;

/** The layers of the gate, in the order they are named when several agree. */
export const LAYERS = [
  "remember",
  "accept",
  "scope",
  "grant",
  "rule",
  "rank",
  "danger",
  "label",
  "trait",
  "budget",
] as const;
