import type { LayerAnswer } from "../gate.ts";

/**
 * Is the feature this action belongs to unlocked? No feature is behind a trait, so the layer has
 * nothing to object to; it is here so that one can be added without a second place to ask.
 */
export function traitLayer(): readonly LayerAnswer[] {
  return [];
}
