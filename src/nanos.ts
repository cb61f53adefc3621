import type { Found, InitResult, Nanos, OpenOptions, TrustView } from "./contracts/nanos.ts";
import { NanosError } from "./std/error.ts";

/** Opens a home: the only place where the parts are put together. */
export async function openNanos(_options: OpenOptions = {}): Promise<Nanos> {
  throw new NanosError("nanos.unbuilt", "The parts are not put together yet.", "Wait.");
}

/** Says what is there, without loading or running any of it. */
export async function look(_options: OpenOptions = {}): Promise<Found> {
  throw new NanosError("nanos.unbuilt", "The parts are not put together yet.", "Wait.");
}

/**
 * Makes an arrangement from a starter (a name, or a folder) in `dir` (default: the home's own).
 * Existing files are never overwritten.
 */
export async function init(
  _options: OpenOptions,
  _from: string,
  _dir?: string,
): Promise<InitResult> {
  throw new NanosError("nanos.unbuilt", "The parts are not put together yet.", "Wait.");
}

/** What trusting `dir` would mean; `trust` then binds the yes to exactly this hash. */
export async function trustView(_options: OpenOptions, _dir: string): Promise<TrustView> {
  throw new NanosError("nanos.unbuilt", "The parts are not put together yet.", "Wait.");
}

export async function trust(_options: OpenOptions, _view: TrustView): Promise<void> {
  throw new NanosError("nanos.unbuilt", "The parts are not put together yet.", "Wait.");
}
