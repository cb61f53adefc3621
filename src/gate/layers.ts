import type { Layer } from "../contracts/action.ts";
import type { LayerFunction } from "./gate.ts";
import { acceptLayer } from "./layers/accept.ts";
import { budgetLayer } from "./layers/budget.ts";
import { dangerLayer } from "./layers/danger.ts";
import { grantLayer } from "./layers/grant.ts";
import { labelLayer } from "./layers/label.ts";
import { rankLayer } from "./layers/rank.ts";
import { rememberLayer } from "./layers/remember.ts";
import { ruleLayer } from "./layers/rule.ts";
import { scopeLayer } from "./layers/scope.ts";
import { traitLayer } from "./layers/trait.ts";

/** Every layer, one file each in `layers/`, in the order they are named when several agree. */
export const LAYER_FUNCTIONS: readonly (readonly [Layer, LayerFunction])[] = [
  ["remember", rememberLayer],
  ["accept", acceptLayer],
  ["scope", scopeLayer],
  ["grant", grantLayer],
  ["rule", ruleLayer],
  ["rank", rankLayer],
  ["danger", dangerLayer],
  ["label", labelLayer],
  ["trait", traitLayer],
  ["budget", budgetLayer],
];
