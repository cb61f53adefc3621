import { systemClock } from "../../../std/clock.ts";
import type { RestatePlace } from "../../../contracts/engine.ts";
import type { Journal } from "../../../journal/journal.ts";
import type { Engine } from "../engine.ts";
import { localEngine } from "../local.ts";
import { restateEngine } from "../restate/restate.ts";

/** The engine a process of a test works for: Restate where this says as JSON where that is. */
export function engineAt(
  journal: Journal,
  where: string | undefined,
  say: (line: string) => void,
): Engine {
  const parts = { journal, clock: systemClock };
  if (where === undefined) return localEngine(parts);
  const { space, ...place } = JSON.parse(where) as Omit<RestatePlace, "port"> & { space: string };
  const onListen = (port: number): void => say(`listens ${port}`);
  return restateEngine({ ...parts, place: { ...place, port: 0 }, space, onListen });
}
