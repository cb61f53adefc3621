import type { Action, Decision, LayerSaid, RuleMatch, Verdict } from "../../contracts/action.ts";
import type { CasesFile, Rule } from "../../contracts/rules.ts";
import type { LayerAnswer } from "../gate.ts";
import { ruleAnswers } from "../layers/rule.ts";
import { matchesIn } from "../rules.ts";
import { reachOf } from "../scopes.ts";
import { matchesOf } from "./match.ts";

/** Rules tried out: on made-up cases, and on what was judged before. Pure, as all of the gate. */

/** What is wrong with the rules by these cases, one sentence each. */
export function tryCases(
  rules: readonly Rule[],
  cases: CasesFile["cases"],
): readonly { readonly id: string; readonly sentence: string }[] {
  return cases.flatMap(({ expect, rule, ...example }, i) => {
    const said = strictest(matchesIn(rules, example).filter(({ mode }) => mode === "enforce"));
    const verdict = said?.verdict ?? "none";
    const id = `case ${i + 1}`;
    const about = `${example.kind} ${example.name} by ${example.agent}`;
    if (verdict !== expect) {
      const by = said === undefined ? "no rule matches" : `rule ${said.rule} says ${said.verdict}`;
      return [{ id, sentence: `${about} should come to ${expect}, and ${by}.` }];
    }
    if (rule === undefined || rule === said?.rule) return [];
    return [
      { id, sentence: `${about} should be decided by ${rule}, not ${said?.rule ?? "none"}.` },
    ];
  });
}

function strictest(matches: readonly RuleMatch[]): RuleMatch | undefined {
  return STRICTEST.flatMap(
    (verdict) => matches.find((match) => match.verdict === verdict) ?? [],
  )[0];
}

const STRICTEST: readonly Verdict[] = ["deny", "ask", "allow"];

/** What a judgement would have come to under other rules. */
export interface Rejudged {
  readonly was: Verdict;
  readonly now: Verdict;
  /** The rule that makes the difference; null where the rule that did is gone. */
  readonly rule: string | null;
}

/**
 * A recorded judgement under other rules: what the other layers said stays, and what the rules said
 * is said anew. Answers are left out on both sides. Null when nothing comes out otherwise; an ask
 * with other keys would have been asked as well.
 */
export function rejudge(
  action: Action,
  decision: Decision,
  rules: readonly Rule[],
  workspace: string,
): Rejudged | null {
  const others = decision.layers.filter(({ layer }) => layer !== "rule");
  const reach = reachOf(action.scopes, action.destinations);
  const judged = { action, reach, rank: decision.rank, workspace };
  const said = ruleAnswers(action, matchesOf(rules, judged));
  const was = verdictOf(decision.layers);
  const now = verdictOf([...others, ...said]);
  if (now === was && (now !== "ask" || sameKeys(decision.layers, [...others, ...said])))
    return null;
  const by = said.find(({ verdict }) => verdict === now && now !== "allow");
  return { was, now, rule: by?.rule ?? null };
}

type Said = readonly (LayerSaid | LayerAnswer)[];

function verdictOf(said: Said): Verdict {
  if (said.some(({ verdict }) => verdict === "deny")) return "deny";
  return said.some(({ verdict }) => verdict === "ask") ? "ask" : "allow";
}

function sameKeys(before: Said, after: Said): boolean {
  const known = new Set(before.flatMap(keyOf));
  return after.flatMap(keyOf).every((key) => known.has(key));
}

function keyOf(said: Said[number]): string[] {
  return said.verdict === "ask" && said.key !== undefined ? [said.key] : [];
}
