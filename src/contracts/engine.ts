import { z } from "zod";
import { JsonSchema } from "./json.ts";
import type { Failure } from "./outcome.ts";

/** A mission as an engine knows it: which run carries it, and where it queues. */
export const Mission = z.strictObject({
  /** The run that carries it; the mission's name here. */
  run: z.string(),
  /** What it is carried by: the driver picks by it. */
  kind: z.string(),
  /** What it begins with; the driver's own. */
  input: JsonSchema,
  /** Missions of one queue share its limit. */
  queue: z.string(),
});
export type Mission = z.infer<typeof Mission>;

/** A word from outside that a mission waits for. The name is one question's: first answer wins. */
export const Signal = z.strictObject({
  name: z.string(),
  payload: JsonSchema,
  /** Who gave it: `operator@terminal`. */
  by: z.string(),
});
export type Signal = z.infer<typeof Signal>;

/** How it stands with a mission. */
export type Standing = (
  | { readonly state: "queued" | "running" | "interrupted" }
  | {
      readonly state: "waiting";
      /** Names of the signals and ids of the asks that take it on. */
      readonly signals: readonly string[];
      /** When it goes on by itself, in milliseconds since 1970. */
      readonly until: number | null;
    }
  | { readonly state: "blocked"; readonly why: Failure }
  | { readonly state: "ended"; readonly outcome: string }
) & {
  /** True where the engine does not answer, and this is what the home's copy says. */
  readonly copy?: true;
};
