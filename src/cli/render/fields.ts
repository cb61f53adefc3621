import { type Line, span } from "./line.ts";
import { pad } from "./width.ts";

/** Names and values under each other; what has no value is left out. */
export function fields(pairs: readonly (readonly [string, string])[]): readonly Line[] {
  const kept = pairs.filter(([, value]) => value !== "");
  const width = Math.max(0, ...kept.map(([name]) => name.length));
  return kept.map(([name, value]) => [span(`  ${pad(name, width)}  `, "dim"), value]);
}
