import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Config } from "../../contracts/config.ts";
import type { Rule } from "../../contracts/rules.ts";
import type { ModelDeps } from "../../models/adapter.ts";
import { BUILT_IN } from "../desk/models.ts";
import { LIMITS } from "../../std/limits.ts";

/**
 * What the operator forbids on this machine, as rules beside those of the arrangement: the gate
 * judges by them like by any other, and a record names them.
 */
export function ruledToo(arrangement: Arrangement, { allow = {} }: Config): Arrangement {
  const forbidden = [
    ...(allow.tools === false ? [NO_TOOLS] : []),
    ...(allow.models === false ? [NO_MODELS] : []),
  ];
  if (forbidden.length === 0 && allow.routes !== false) return arrangement;
  return {
    ...arrangement,
    rules: [...arrangement.rules, ...forbidden],
    routes: allow.routes === false ? [] : arrangement.routes,
  };
}

const CASE = { name: "any", agent: "oracle", scopes: [], args: {} };
const TOOL = { ...CASE, kind: "tool" } as const;
const MODEL = { ...CASE, kind: "model" } as const;

const NO_TOOLS: Rule = {
  ...{ id: "config.allow.tools", description: "No tool is used on this machine." },
  ...{ when: { kind: "tool" }, then: "deny", mode: "enforce", example: TOOL, counter: MODEL },
};

const NO_MODELS: Rule = {
  ...{
    id: "config.allow.models",
    description: "No model is called on this machine but the built-in rules.",
  },
  ...{
    when: { kind: "model", unless: `^${BUILT_IN}$` },
    then: "deny",
    mode: "enforce",
    example: MODEL,
    counter: TOOL,
  },
};

/** Silences after which a model counts as gone, where the operator has less patience. */
export function patienceOf({ most = {} }: Config): Pick<ModelDeps, "timing"> {
  const { modelMs } = most;
  if (modelMs === undefined) return {};
  return { timing: { firstMs: modelMs, idleMs: Math.min(modelMs, LIMITS.modelIdleMs) } };
}
