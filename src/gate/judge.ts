import type { Action, Decision, Layer } from "../contracts/action.ts";
import type { Answer } from "../contracts/run.ts";
import { hashOf } from "../std/hash.ts";
import type { Json } from "../std/json.ts";
import type { DenyReason, Facts, LayerAnswer, Standing } from "./gate.ts";
import { LAYER_FUNCTIONS } from "./layers.ts";
import { matchesOf } from "./rules/match.ts";
import { isReviewed, raisedBy, rankOf } from "./ranks.ts";
import { policyHash } from "./policy.ts";
import { reachOf } from "./scopes.ts";

/**
 * Decides whether an action may happen. Pure: the same action and standing give the same decision,
 * hashes included.
 *
 * Every layer is asked. The most restrictive answer wins, and among equals the first in the order of
 * LAYERS names the decision. An answer of the operator discharges the ask whose key it names and
 * nothing else; where several things are asked, all must be answered.
 */
export function judge(action: Action, standing: Standing): Decision {
  return decide(action, standing, LAYER_FUNCTIONS);
}

/** `judge` over a given list of layers; what tests use to show that a layer more never loosens. */
export function decide(
  action: Action,
  standing: Standing,
  layers: typeof LAYER_FUNCTIONS,
): Decision {
  const facts = factsOf(action, standing);
  const said = askLayers(action, standing, facts, layers);
  return decisionOf(action, standing, facts, said, settle(action, standing, said));
}

/** A denial the gate did not come to itself: the operator's no, a void approval, a lost sandbox. */
export function refuse(action: Action, standing: Standing, reason: DenyReason): Decision {
  const facts = factsOf(action, standing);
  const said = askLayers(action, standing, facts, LAYER_FUNCTIONS);
  return decisionOf(action, standing, facts, said, { verdict: "deny", reason });
}

/** Works out the facts of one action; pure. */
function factsOf(action: Action, standing: Standing): Facts {
  const reach = reachOf(action.scopes, action.destinations);
  const rank = rankOf(action, reach, standing);
  let hash: string | undefined;
  return {
    reach,
    rank,
    raised: raisedBy(action, reach, standing),
    rules: matchesOf(standing.rules, { action, reach, rank, workspace: standing.workspace }),
    argsHash: () => (hash ??= hashOf(action.args)),
  };
}

interface Said {
  readonly layer: Layer;
  readonly answer: LayerAnswer;
}

function askLayers(
  action: Action,
  standing: Standing,
  facts: Facts,
  layers: typeof LAYER_FUNCTIONS,
): Said[] {
  return layers.flatMap(([layer, answersOf]) =>
    answersOf(action, standing, facts).map((answer) => ({ layer, answer })),
  );
}

/** What it comes to, before it is written up. */
interface Settled {
  readonly verdict: Decision["verdict"];
  readonly reason: Decision["reason"];
  readonly by?: Said | undefined;
  readonly keys?: readonly string[];
}

function settle(action: Action, standing: Standing, said: readonly Said[]): Settled {
  const denial = said.find(({ answer }) => answer.verdict === "deny");
  if (denial !== undefined) {
    return { verdict: "deny", reason: denial.answer.reason, by: denial };
  }
  const asks = said.flatMap((one) =>
    one.answer.verdict === "ask" ? [{ ...one, answer: one.answer }] : [],
  );
  const open: typeof asks = [];
  for (const ask of asks) {
    const answer = standing.answers.get(ask.answer.key);
    const no = answer === undefined ? null : refusalIn(answer, standing);
    if (no !== null) return { verdict: "deny", reason: no };
    if (answer === undefined) open.push(ask);
  }
  const [first] = open;
  if (first !== undefined) {
    return { verdict: "ask", reason: first.answer.reason, by: first, keys: keysOf(open) };
  }
  if (asks.length > 0) {
    return { verdict: "allow", reason: "allow:by_answer", by: asks[0], keys: keysOf(asks) };
  }
  const yes = said.find(({ answer }) => answer.verdict === "allow");
  if (yes !== undefined) return { verdict: "allow", reason: yes.answer.reason, by: yes };
  const direct = action.agent === "operator";
  return { verdict: "allow", reason: direct ? "allow:operator" : "allow:in_scope" };
}

/** An answer that is a no, or that came to its end before it was used, is never a yes. */
function refusalIn(answer: Answer, standing: Standing): DenyReason | null {
  if (answer.verdict === "deny") return "deny:by_operator";
  return answer.expires <= standing.now ? "deny:approval_expired" : null;
}

function keysOf(asks: readonly { answer: { key: string } }[]): string[] {
  return [...new Set(asks.map(({ answer }) => answer.key))];
}

function decisionOf(
  action: Action,
  standing: Standing,
  facts: Facts,
  said: readonly Said[],
  settled: Settled,
): Decision {
  const { verdict, by, keys } = settled;
  const reason = action.gate === "remember" ? reasonToRemember(settled, said) : settled.reason;
  const goesOn = verdict === "allow";
  const observed = facts.rules.some((rule) => rule.mode === "observe" && rule.verdict !== "allow");
  const missing = by?.answer.verdict === "deny" ? by.answer.missing : undefined;
  // In the order of its canonical JSON, as every decision is written down.
  return {
    inputs: hashOf(inputsOf(action, standing)),
    keys: [...(keys ?? [])],
    layer: by?.layer ?? null,
    layers: said.map(writeUp),
    ...(missing === undefined ? {} : { missing }),
    mode: goesOn && observed ? "observe" : "enforce",
    policy: standing.policy,
    ...(facts.raised === undefined ? {} : { raised: facts.raised }),
    rank: facts.rank,
    reason,
    review: goesOn && isReviewed(facts.rank),
    rule: by?.answer.rule ?? null,
    rules: [...facts.rules],
    verdict,
  };
}

/**
 * Why something is remembered or not is always one of nine. Where another layer forbids it, or the
 * operator said no, that is an error to whoever wanted it; what was really said stays in `layers`.
 */
function reasonToRemember(settled: Settled, said: readonly Said[]): Decision["reason"] {
  const own = said.find(({ layer }) => layer === "remember")?.answer.reason ?? "deny:error";
  if (settled.verdict === "ask") return settled.reason;
  if (settled.verdict === "allow") return own;
  return settled.by?.layer === "remember" ? own : "deny:error";
}

function writeUp({ layer, answer }: Said): Decision["layers"][number] {
  return {
    ...(answer.verdict === "ask" ? { key: answer.key } : {}),
    layer,
    reason: answer.reason,
    ...(answer.rule === undefined ? {} : { rule: answer.rule }),
    verdict: answer.verdict,
  };
}

/**
 * Everything the judgement looked at, as JSON. Of the time only what it decided is kept, so that the
 * same judgement a moment later has the same hash.
 */
function inputsOf(action: Action, standing: Standing): Json {
  const { now, grant, budget, spent, answers } = standing;
  return {
    action: action as unknown as Json,
    answers: [...answers.entries()].map(([key, { id, verdict, expires }]) => [
      key,
      id,
      verdict,
      expires > now,
    ]),
    attached: standing.attached,
    chosen: standing.chosen,
    ...(standing.day === undefined ? {} : { day: standing.day }),
    declared: standing.declared,
    ...(standing.floor === undefined ? {} : { floor: standing.floor }),
    ...(standing.flow === undefined ? {} : { flow: standing.flow }),
    ...(grant?.run === undefined ? {} : { forRun: standing.run }),
    grant: grant as unknown as Json,
    grantHolds: grant?.expires === undefined || grant.expires > now,
    held: standing.held,
    inDoubt: standing.inDoubt,
    leastCost: standing.leastCost ?? null,
    listed: standing.listed,
    locked: standing.locked,
    ...(action.gate === "remember" ? { memory: standing.memory } : {}),
    priced: standing.priced,
    ...(standing.resting ? { resting: true } : {}),
    run: runHash(standing),
    skillHash: standing.skillHash,
    spent: { ...spent, ms: spent.ms >= budget.ms },
  } as unknown as Json;
}

/** Hash of what stays the same for a whole run: worked out once for each budget object. */
function runHash(standing: Standing): string {
  const { policy, rules, workspace, home, said, budget, depth, localOnly } = standing;
  const known = RUN_HASHES.get(budget);
  const same =
    known?.said === said &&
    known.policy === policy &&
    known.rules === rules &&
    known.workspace === workspace &&
    known.home === home &&
    known.depth === depth &&
    known.localOnly === localOnly;
  if (known !== undefined && same) return known.hash;
  const parts = { policy, workspace, home, said, depth, localOnly };
  const hash = hashOf({ ...parts, budget, rules: rulesHash(rules) } as unknown as Json);
  RUN_HASHES.set(budget, { ...parts, rules, hash });
  return hash;
}

type RunParts = Pick<
  Standing,
  "policy" | "rules" | "workspace" | "home" | "said" | "depth" | "localOnly"
>;
const RUN_HASHES = new WeakMap<Standing["budget"], RunParts & { readonly hash: string }>();

const RULES_HASHES = new WeakMap<Standing["rules"], string>();

function rulesHash(rules: Standing["rules"]): string {
  const known = RULES_HASHES.get(rules);
  if (known !== undefined) return known;
  // The version is in `policy`; here it stays, so that older runs are reproduced.
  const hash = policyHash(rules, [], 1);
  RULES_HASHES.set(rules, hash);
  return hash;
}
