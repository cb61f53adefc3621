import type { Artifacts } from "../../contracts/artifact.ts";

/** What a scripted home has no script for. */
export function unscripted(): never {
  throw new Error("not scripted");
}

/** A vault with nothing in it. */
export const EMPTY_VAULT: Artifacts = {
  list: () => [],
  show: unscripted,
  history: () => [],
  review: unscripted,
  get: unscripted,
  export: async () => [],
};
