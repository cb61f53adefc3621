/** Milliseconds the response asks to wait: `retry-after-ms`, or `retry-after` in either form. */
export function retryAfter(headers: Headers, now: number): number | null {
  const ms = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return Math.round(ms);
  const value = headers.get("retry-after")?.trim();
  if (!value) return null;
  if (/^\d+(?:\.\d+)?$/u.test(value)) return Math.round(Number(value) * 1000);
  // Date.parse makes a date of almost anything; one in a header names its month.
  const date = /[A-Za-z]{3}/u.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
