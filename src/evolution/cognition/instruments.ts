import type { ThoughtKind } from "../../contracts/cognition.ts";
import type { Rule, Rules } from "./held.ts";
import type { Ground, Instrument, Readings } from "./instrument.ts";
import { instrument as argued } from "./instruments/arguments.ts";
import { instrument as attention } from "./instruments/attention.ts";
import { instrument as autopsies } from "./instruments/autopsies.ts";
import { instrument as beliefs } from "./instruments/beliefs.ts";
import { instrument as causes } from "./instruments/causes.ts";
import { instrument as counters } from "./instruments/counters.ts";
import { instrument as diary } from "./instruments/diary.ts";
import { instrument as errors } from "./instruments/errors.ts";
import { instrument as ladder } from "./instruments/ladder.ts";
import { instrument as predictions } from "./instruments/predictions.ts";
import { instrument as prerequisites } from "./instruments/prerequisites.ts";
import { instrument as retellings } from "./instruments/retellings.ts";
import { instrument as sources } from "./instruments/sources.ts";

/** Every instrument by its name in a status. Adding one is adding its file and its line here. */
export const INSTRUMENTS: { readonly [K in keyof Readings]: Instrument<K> } = {
  predictions,
  beliefs,
  sources,
  autopsies,
  diary,
  errors,
  arguments: argued,
  counters,
  ladder,
  prerequisites,
  causes,
  retellings,
  attention,
};

/** The rule of every kind of thought, each brought by one instrument. */
export const RULES: Rules = Object.fromEntries(
  Object.values(INSTRUMENTS).flatMap(({ kinds }) => Object.entries(kinds)),
) as Record<ThoughtKind, Rule>;

/** What all instruments read. */
export function readAll(ground: Ground): Readings {
  const read = Object.entries(INSTRUMENTS).map(([name, one]) => [name, one.read(ground)]);
  return Object.fromEntries(read) as Readings;
}
