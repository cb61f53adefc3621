import type { Action, Deciding, Decision, LayerSaid, RuleMatch } from "../contracts/action.ts";
import { REASONS } from "../contracts/reason.ts";
import type { Rule } from "../contracts/rules.ts";
import { readerKey, valueKey } from "./layers/label.ts";

/**
 * A decision in plain sentences, one per line: the verdict and why, what every layer said, every
 * rule that matched, the rank, and what it was judged under. `rules` gives their descriptions.
 */
export function explain(action: Action, decision: Decision, rules: readonly Rule[] = []): string[] {
  const lines = [verdictLine(action, decision)];
  if (decision.missing !== undefined) lines.push(`The scope in question is ${decision.missing}.`);
  for (const said of decision.layers) lines.push(layerLine(said, decision));
  for (const match of decision.rules) lines.push(ruleLine(match, rules));
  lines.push(...originLines(action, decision));
  lines.push(rankLine(decision));
  lines.push(
    `Judged under policy ${decision.policy.slice(0, 12)}, inputs ${decision.inputs.slice(0, 12)}.`,
  );
  return lines;
}

/** For each value that is asked about: what it is, and where the run has it from. */
export function originLines({ decides = [], ...action }: Action, decision: Decision): string[] {
  const asked = new Set(
    decision.layers.flatMap(({ layer, key }) => (layer === "label" ? (key ?? []) : [])),
  );
  return decides
    .filter((value) =>
      [valueKey(action, value), readerKey(action, value.value)].some((key) => asked.has(key)),
    )
    .map(originLine);
}

function originLine({ arg, value, origin, from, step }: Deciding): string {
  const where = `${from ?? "a text"}${step === undefined ? "" : ` in step ${step}`}`;
  switch (origin) {
    case "said":
      return `${arg} ${value}: the operator named it.`;
    case "directory":
      return `${arg} ${value}: it is among the operator's own data, from ${where}.`;
    case "returned":
    case "untrusted":
      return `${arg} ${value}: it was read from ${where}, which others can write.`;
    case "none":
      return `${arg} ${value}: nothing the run was told holds it.`;
  }
}

const WORDS = { allow: "Allowed", ask: "Asked", deny: "Denied" } as const;

function verdictLine(action: Action, decision: Decision): string {
  const by = decision.layer === null ? "" : ` (layer ${decision.layer})`;
  return `${WORDS[decision.verdict]}: ${action.kind} ${action.name}, because ${REASONS[decision.reason]}${by}.`;
}

function layerLine(said: LayerSaid, decision: Decision): string {
  const rule = said.rule === undefined ? "" : `, rule ${said.rule}`;
  const answered =
    decision.verdict === "allow" && said.verdict === "ask" ? "; it was answered" : "";
  const key = said.key === undefined ? "" : ` [${said.key}]`;
  return `Layer ${said.layer}${rule}: ${said.verdict}, because ${REASONS[said.reason]}${answered}${key}.`;
}

function ruleLine(match: RuleMatch, rules: readonly Rule[]): string {
  const description = rules.find((rule) => rule.id === match.rule)?.description;
  const about = description === undefined ? "" : ` (${description})`;
  const would = match.mode === "observe" ? "only observes and would say" : "says";
  return `Rule ${match.rule}${about} matched; it ${would} ${match.verdict}.`;
}

const RANK_LINES: Readonly<Record<Decision["rank"], string>> = {
  E: "Rank E: such an action changes nothing, and runs.",
  D: "Rank D: such an action can be undone, and runs.",
  C: "Rank C: such an action runs, and is shown for review.",
  B: "Rank B: such an action runs, and is shown for review.",
  A: "Rank A: such an action waits for the operator.",
  S: "Rank S: such an action always waits for the operator.",
};

function rankLine(decision: Decision): string {
  return RANK_LINES[decision.rank];
}
