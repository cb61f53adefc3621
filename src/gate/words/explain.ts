import type { Action, Deciding, Decision, LayerSaid, RuleMatch } from "../../contracts/action.ts";
import { REASONS, type Reason } from "../../contracts/reason.ts";
import type { Rule } from "../../contracts/rules.ts";
import { readerKey, valueKey } from "../layers/label.ts";

/**
 * A decision in plain sentences, one per line: the verdict and why, what every layer said, every
 * rule that matched, the rank, what would change it, and what it was judged under. `rules` gives their descriptions.
 */
export function explain(action: Action, decision: Decision, rules: readonly Rule[] = []): string[] {
  const lines = [verdictLine(action, decision)];
  if (decision.missing !== undefined) lines.push(`The scope in question is ${decision.missing}.`);
  for (const said of decision.layers) lines.push(layerLine(said, decision));
  for (const match of decision.rules) lines.push(ruleLine(match, rules));
  lines.push(...originLines(action, decision));
  lines.push(rankLine(decision));
  lines.push(`What would change it: ${changeOf(action, decision)}`);
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
  const { rank, raised } = decision;
  const by = raised === undefined ? "" : ` The manifest of ${raised} raised it to that.`;
  return `${RANK_LINES[rank]}${by}`;
}

/** What a person can do so that the same action comes out otherwise, as one sentence. */
function changeOf(action: Action, decision: Decision): string {
  const host =
    action.destinations.find((scope) => scope.startsWith("net:"))?.slice(4) ?? "HOST:PORT";
  const words: Readonly<Record<string, string>> = {
    rule: decision.rule ?? "that matches",
    grant: `nanos grant add ${action.skill ?? "SKILL"}`,
    host,
    agent: action.agent,
    missing: decision.missing ?? "the scope",
  };
  return CHANGES[decision.reason].replace(/\{(\w+)\}/gu, (_, word: string) => words[word] ?? "");
}

const OBJECT = "a rule in rules.yaml that asks or denies, a narrower scope, a grant taken back.";
const RULE = "rule {rule} in rules.yaml.";
const LIMIT = "higher limits in agents/{agent}.md, arrangement.yaml or of the request.";
const CHECK =
  "an output that meets it, or letting it go when the mission begins: --waive TASK.CHECK.";
const MEMORY = "the memory settings of the arrangement, in arrangement.yaml.";
const NET = "naming {host} in the request, or a grant: {grant} --net {host}.";

const CHANGES: Readonly<Record<Reason, string>> = {
  "allow:in_scope": OBJECT,
  "allow:by_rule": OBJECT,
  "allow:by_answer": "another answer.",
  "allow:endorsed": "not naming the destination, or taking the grant back.",
  "allow:operator": OBJECT,
  "allow:chosen_model": "nanos model use NAME.",
  "allow:explicit_intent": MEMORY,
  "allow:dedupe_update": MEMORY,
  "allow:deep": "limits.depth of arrangement.yaml: its warn and cap.",
  "allow:checks_met": "another output, or another check in the plan.",
  "allow:capture_only": MEMORY,
  "ask:net": NET,
  "ask:private_address": "a grant: {grant} --net {host}.",
  "ask:exec": "naming the program's absolute path in the request.",
  "ask:write_outside": "naming the path in the request, or writing inside the workspace.",
  "ask:secret": "nothing; every use of a secret is asked about.",
  "ask:rank": "nothing; ranks A and S always wait for an answer.",
  "ask:by_rule": RULE,
  "ask:low_confidence": "more confidence of the route in routes.yaml, or saying it more clearly.",
  "ask:ambiguous": "narrower patterns of the two routes in routes.yaml, or saying it more clearly.",
  "ask:unlocked": "one yes, which locks the skill as it is.",
  "ask:in_doubt": "nothing; only you can know whether it was done.",
  "ask:protected_file": "nothing; such a file is asked about each time.",
  "ask:value": "naming the value in the request.",
  "ask:unplanned": "naming the tool in the request, before the run reads what others wrote.",
  "ask:private_data": "naming in the request whoever gets it.",
  "ask:repeated": "nothing; once more to the same destination is always asked about.",
  "deny:scope_missing": "declaring {missing} in the tool's scopes.",
  "deny:scope_too_wide": "a scope that does not hold the home.",
  "deny:not_granted": "listing its skill in agents/{agent}.md.",
  "deny:grant_expired": "a new grant: {grant}.",
  "deny:grant_suspended": "a new grant, once you have looked at what changed: {grant}.",
  "deny:grant_revoked": "a new grant: {grant}.",
  "deny:grant_elsewhere": "a grant that reaches here: {grant}.",
  "deny:not_listed": "listing it in agents/{agent}.md.",
  "deny:by_rule": RULE,
  "deny:by_operator": "another answer, when it is asked again.",
  "deny:approval_expired": "an answer in time.",
  "deny:private_address": "a grant: {grant} --net {host}.",
  "deny:local_only": "a run without --local-only.",
  "deny:secret_in_arguments": "the secret's handle in place of its value.",
  "deny:depth": "a higher depth in arrangement.yaml.",
  "deny:budget_turns": LIMIT,
  "deny:budget_calls": LIMIT,
  "deny:budget_tokens": LIMIT,
  "deny:budget_cost": LIMIT,
  "deny:budget_time": LIMIT,
  "deny:budget_day":
    "the next day, or a higher limits.day of arrangement.yaml or day of config.yaml.",
  "deny:unknown_price": "the model's price: nanos model add NAME --price IN/OUT.",
  "deny:resting": "waiting until it has rested, or another model: nanos model use NAME.",
  "deny:no_isolation": "a sandbox that can hold it: apt install bubblewrap.",
  "deny:feature_disabled": MEMORY,
  "deny:policy_write_disabled": MEMORY,
  "deny:no_explicit_intent": "saying in the request that it is to be remembered.",
  "deny:scrubbed_too_short": "saying more of what is to be remembered.",
  "deny:sensitive_content": "leaving the secret out; nanos secret set NAME keeps one.",
  "deny:check_missed": CHECK,
  "deny:check_unknown": CHECK,
  "deny:error": "mending what went wrong, and asking again.",
  "deny:unlabelled": "nothing; a stored secret is kept in no note and no file.",
};
