/** Figures as people read them. */

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const WHOLE = new Intl.NumberFormat();

/** A moment, whole. */
export const timeOf = (at: number): string => TIME.format(at);

/** A moment in a list: the time of today, else the day. */
export function whenOf(at: number, now: number): string {
  return now - at < 43_200_000 ? CLOCK.format(at) : DAY.format(at);
}

/** Milliseconds: `840 ms`, `3.2 s`, `4 min`, `2.5 h`, `30 days`. */
export function spanOf(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

/** US dollars; what costs less than a cent is not nothing. */
export function costOf(cost: number | null): string {
  if (cost === null) return "–";
  if (cost === 0) return "$0";
  return cost < 0.01 ? `$${cost.toPrecision(2)}` : `$${cost.toFixed(2)}`;
}

export const countOf = (count: number): string => WHOLE.format(count);

/** Bytes: `812 B`, `4.1 KB`, `2.0 MB`. */
export function bytesOf(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
