/**
 * Every reason a decision may give: a closed list. Each has a test that makes it fire, and the
 * reference page of reasons is generated from here. The text finishes the sentence
 * "allowed/asked/denied because …".
 */
export const REASONS = {
  "allow:in_scope": "it is inside what was declared and granted, and nothing objects",
  "allow:by_rule": "a rule allows it and nothing objects",
  "allow:by_answer": "the operator answered the ask it raised",
  "allow:endorsed": "the operator named this destination in the request or granted it beforehand",
  "allow:operator": "the operator asked for it directly",
  "allow:chosen_model": "the operator added and chose this model",

  "ask:net": "it would send something to a destination nobody endorsed",
  "ask:private_address": "it would reach a private or local address no grant names",
  "ask:exec": "it would run a program",
  "ask:write_outside": "it would write outside the workspace",
  "ask:secret": "it would use a secret",
  "ask:rank": "its rank waits for the operator",
  "ask:by_rule": "a rule asks for the operator's answer",
  "ask:unlocked": "the skill was not installed through the lock, and this is its first use",
  "ask:in_doubt": "it was begun before a crash and what came of it is not known",
  "ask:protected_file": "it would change a file that other programs run or obey",
  "ask:value": "it would act on a value the operator did not name",
  "ask:unplanned": "it uses a tool nobody named before the run read what others wrote",
  "ask:private_data": "private data would go where nobody said it may",
  "ask:repeated": "it would do once more, for the same destination, what was done already",

  "deny:scope_missing": "the tool did not declare this reach",
  "deny:scope_too_wide": "the reach contains the home, where keys and the journal lie",
  "deny:not_granted": "the skill is not attached to this agent",
  "deny:grant_expired": "the grant has expired",
  "deny:grant_suspended": "the skill changed since it was granted",
  "deny:grant_elsewhere": "the grant is for another run",
  "deny:grant_revoked": "the operator took the grant back",
  "deny:not_listed": "the agent's manifest does not list it",
  "deny:by_rule": "a rule forbids it",
  "deny:by_operator": "the operator said no",
  "deny:approval_expired": "the approval expired before it was used",
  "deny:private_address": "private and local addresses need a grant that names them",
  "deny:local_only": "this run may reach nothing outside this machine",
  "deny:secret_in_arguments": "an argument holds a stored secret; use its handle",
  "deny:depth": "delegation is already as deep as the arrangement allows",
  "deny:budget_turns": "the run has used its turns",
  "deny:budget_calls": "the run has used its calls",
  "deny:budget_tokens": "the run has used its tokens",
  "deny:budget_cost": "the run has used its money",
  "deny:budget_time": "the run has used its time",
  "deny:unknown_price": "a cost limit is set and the model's price is not known",
  "deny:resting": "this model failed too often just now, and another stands in for it",
  "deny:no_isolation": "no sandbox tier on this machine can hold this kind of process",
  "deny:unlabelled": "a value's label forbids sending it there",
} as const;

export type Reason = keyof typeof REASONS;
export const REASON_NAMES = Object.keys(REASONS) as [Reason, ...Reason[]];
