import type { ThoughtKind } from "../../contracts/cognition.ts";
import type { Rule, Rules } from "./held.ts";
import type { Ground, Instrument, Readings } from "./instrument.ts";
import { instrument as predictions } from "./instruments/predictions.ts";

/** Every instrument by its name in a status. Adding one is adding its file and its line here. */
export const INSTRUMENTS: { readonly [K in keyof Readings]: Instrument<K> } = { predictions };

/** The rule of every kind of thought, each brought by one instrument. */
export const RULES: Rules = Object.fromEntries(
  Object.values(INSTRUMENTS).flatMap(({ kinds }) => Object.entries(kinds)),
) as Record<ThoughtKind, Rule>;

/** What all instruments read. */
export function readAll(ground: Ground): Readings {
  const { predictions: first } = INSTRUMENTS;
  return { predictions: first.read(ground) };
}
