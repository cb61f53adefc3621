import type { ModelConfig } from "../contracts/model.ts";
import type { Route } from "../contracts/rules.ts";
import type { Clock } from "../std/clock.ts";
import type { Random } from "../std/random.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { Model } from "./model.ts";

/** What a model needs from outside. */
export interface ModelDeps {
  /** The environment; only the variable that `keyEnv` names is read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * The stored secret that `keySecret` names, for requests to `host` (`host:port`). Throws a
   * `NanosError` where it may not be had.
   */
  readonly secret?: (name: string, host: string) => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
  /** The folder script files are relative to, absolute; null when there is no arrangement. */
  readonly arrangementDir: string | null;
  /** What starts the process of a local model. */
  readonly sandbox?: Pick<Sandbox, "start">;
  /** What can be done without a model; the `rules` model tells of it. */
  readonly routes: readonly Route[];
  /** Silences after which a stream counts as dead; those of LIMITS when absent. */
  readonly timing?: Timing;
}

/** Milliseconds. */
export interface Timing {
  /** Before the first byte. */
  readonly firstMs: number;
  /** Between two pieces. */
  readonly idleMs: number;
}

/**
 * Makes a model from its config; what every file in `adapters/` exports.
 *
 * @throws NanosError `model.bad_config`, `model.no_key`, `secret.*` or `model.bad_script`, which a person must
 * correct. It never contacts the provider.
 */
export type Adapter = (name: string, config: ModelConfig, deps: ModelDeps) => Promise<Model>;
