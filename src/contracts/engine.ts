import { z } from "zod";
import { JsonSchema } from "./json.ts";
import type { Failure } from "./outcome.ts";

/** The folder a run works in and the arrangement in force there, both absolute. */
export const RunPlace = z.strictObject({
  workspace: z.string(),
  /** Absent where that was not written down yet. */
  arrangement: z.string().optional(),
});
export type RunPlace = z.infer<typeof RunPlace>;

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
  /** Where it can be carried; absent in those from before it was looked at. */
  place: RunPlace.optional(),
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

/** Where a Restate server is, and where it finds the workers of this home. */
export const RestatePlace = z.strictObject({
  /** Its ingress: `http://127.0.0.1:8080`. */
  url: z.url(),
  /** Its admin interface: `http://127.0.0.1:9070`. */
  admin: z.url(),
  /**
   * Port of the loopback interface on which a working process listens for it. It finds a mission's
   * next worker where the one before was, so 0, any, is only for those behind one `address`.
   */
  port: z.number().int().min(0).max(65_535).default(9080),
  /** Where it reaches the workers, when they are behind one address; else the process's own. */
  address: z.url().optional(),
  /** Only requests signed with one of these keys are taken. */
  identityKeys: z.array(z.string()).max(16).optional(),
});
export type RestatePlace = z.infer<typeof RestatePlace>;

export const EngineConfig = z.strictObject({
  /** The engine new missions are given to. */
  use: z.enum(["local", "restate"]).default("local"),
  /** Missions carried at once, by queue. */
  queues: z.record(z.string(), z.number().int().min(1).max(64)).default({}),
  restate: RestatePlace.optional(),
});
export type EngineConfig = z.infer<typeof EngineConfig>;

/** A mission of an engine in a list. */
export interface CarriedLine {
  readonly run: string;
  readonly queue: string;
  readonly engine: string;
  readonly standing: Standing;
  /** The folder it can be carried in alone, where that is another one than this. */
  readonly elsewhere?: string;
  /** Events of it that are in this home; all there are, for the engine of this machine. */
  readonly events: number;
}

/** How a person wants a server of this machine. */
export interface ServeWish {
  /** Its program, or the folder npm installed it to; the one on PATH where nothing is said. */
  readonly server?: string;
  /** First of three ports of the loopback interface; those its makers chose where nothing is said. */
  readonly listen?: number;
}

/** A server that takes missions. */
export interface ServerUp {
  readonly url: string;
  readonly admin: string;
  /** What it signs its requests to workers with. */
  readonly identityKey: string;
  /** Where its settings and its data are, absolute. */
  readonly dir: string;
  /** False where this home goes on using another server. */
  readonly isKept: boolean;
}

/** What carries missions, as a person and a surface hold it. */
export interface Engines {
  /** The one in use, and the missions that have not ended, the oldest first. */
  list(): Promise<{
    readonly use: string;
    readonly restate: string | null;
    readonly missions: readonly CarriedLine[];
  }>;
  /** @throws NanosError `engine.no_restate`. */
  use(name: EngineConfig["use"]): Promise<void>;
  /** Keeps where a Restate server is. @throws NanosError `engine.bad_key`. */
  restate(place: RestatePlace): Promise<void>;
  /**
   * Starts the Restate server that is installed here, and serves until aborted. Where this home knows
   * no other server, it is the one `use` chooses from then on.
   *
   * @throws NanosError `engine.no_server`, `engine.port_taken`, `engine.server_ended`, `sandbox.*`.
   */
  serve(wish: ServeWish, signal: AbortSignal, onUp: (up: ServerUp) => void): Promise<void>;
  /** Gives a mission of this machine that nobody carries to another engine. @throws NanosError `engine.*`. */
  move(run: string, to: EngineConfig["use"]): Promise<void>;
  /** Carries missions of every engine that is set up, until aborted. */
  work(signal: AbortSignal, on?: (run: string, came: string) => void): Promise<void>;
}

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
