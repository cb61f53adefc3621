import { relative, sep } from "node:path";
import { localDate } from "../../std/clock.ts";

/** `1 tool call`, `3 tool calls`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** Milliseconds for people: `0.2 s`, `14 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 99.5) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** The same in at most six cells, for a column: `0.2 s`, `14 s`, `3m05s`, `1h02m`. */
export function shortDuration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return duration(ms);
  const two = (n: number): string => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${two(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
}

/** `940`, `12.3k`, `1.25M`. */
export function shortCount(n: number): string {
  if (n < 10_000) return String(n);
  return n < 999_950 ? `${(n / 1_000).toFixed(1)}k` : `${(n / 1e6).toFixed(2)}M`;
}

/** `940 tokens`, `12.3k tokens`. */
export function tokens(n: number): string {
  return n === 1 ? "1 token" : `${shortCount(n)} tokens`;
}

/** US dollars; `null` is an unknown price, which is not free. */
export function cost(dollars: number | null): string {
  if (dollars === null) return "cost unknown";
  return dollars > 0 && dollars < 0.01 ? `$${dollars.toFixed(4)}` : `$${dollars.toFixed(2)}`;
}

/** A path as the operator would say it: relative to the workspace when it lies inside. */
export function shortPath(path: string, workspace: string): string {
  const inside = relative(workspace, path);
  if (inside === "") return ".";
  return inside === ".." || inside.startsWith(`..${sep}`) ? path : inside;
}

/** `2026-11-21 09:12` in the machine's own time zone. */
export function clockTime(at: number): string {
  hourMinute ??= new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
  return `${localDate(at)} ${hourMinute.format(at)}`;
}

// Made when first needed: making one costs milliseconds.
let hourMinute: Intl.DateTimeFormat | null = null;

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
