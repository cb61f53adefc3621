import type { Nanos } from "../../contracts/nanos.ts";
import { type Line, span } from "../render/line.ts";

/** The first lines of a session: where we are, and the one thing to know. */
export function welcome(nanos: Nanos, leaves: string): readonly Line[] {
  const { place, arrangement } = nanos;
  const tier = place.tier === null ? "no sandbox: see /doctor" : `sandbox ${place.tier}`;
  return [
    [span("nanos", "bold"), ` · ${arrangement.manifest.name} · ${place.workspace} · ${tier}`],
    [span(`Say what you want. /help lists commands, ${leaves}.`, "dim")],
    ...arrangement.warnings.map((warning): Line => [span("! ", "yellow"), warning]),
  ];
}
