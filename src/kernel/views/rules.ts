import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Action, Decision } from "../../contracts/action.ts";
import type { Rules, RulesTest, Simulation, SimulatedLine } from "../../contracts/question.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Rule, RulesFile } from "../../contracts/rules.ts";
import { policyHash } from "../../gate/policy.ts";
import { checkRules } from "../../gate/rules.ts";
import { rejudge, tryCases } from "../../gate/rules/try.ts";
import { readCases, readRules, rulesText } from "../../home/arrangement/rules-file.ts";
import type { Journal } from "../../journal/journal.ts";
import type { World } from "../world.ts";
import { neverTo, suggestionsOf } from "../asks/suggest.ts";

/** The operator's rules, questioned: nothing here changes a file or decides anything. */
export function rulesDesk(
  world: Pick<World, "journal" | "grants">,
  { rules, routes }: Pick<Arrangement, "rules" | "routes">,
): Rules {
  return {
    policy: () => policyHash(rules, routes),
    suggest: () => suggestionsOf(world, rules),
    never: (ask) => neverTo(world, ask),
    test: testRules,
    simulate: async (of) => simulate(world.journal, await rulesIn(of)),
  };
}

async function testRules(file: string, casesFile?: string): Promise<RulesTest> {
  const { rules } = await readRules(file);
  const cases = casesFile === undefined ? [] : (await readCases(casesFile)).cases;
  const own = checkRules(rules, file).map(({ id, sentence }) => ({ id, sentence }));
  const problems = [...own, ...(own.length > 0 ? [] : tryCases(rules, cases))];
  return { ok: problems.length === 0, rules: rules.length, cases: cases.length, problems };
}

/** The rules of a file, or of its text, that could be loaded as it is. */
export async function rulesIn(of: string | { readonly text: string }): Promise<readonly Rule[]> {
  return typeof of === "string"
    ? checked(await readRules(of), of)
    : checked(await rulesText(of.text));
}

function checked({ rules }: RulesFile, file = "rules.yaml"): readonly Rule[] {
  const [problem] = checkRules(rules, file);
  if (!problem) return rules;
  throw new NanosError(problem.code, problem.sentence, `nanos rules test ${file}`);
}

/** Every first judgement of the journal under other rules. */
function simulate(journal: Journal, rules: readonly Rule[]): Simulation {
  const lines: SimulatedLine[] = [];
  const counts = { judged: 0, unknown: 0, deny: 0, ask: 0, allow: 0 };
  for (const found of judgedIn(journal)) {
    if (found === null) {
      counts.unknown += 1;
      continue;
    }
    counts.judged += 1;
    const { step, action, decision, workspace } = found;
    const other = rejudge(action, decision, rules, workspace);
    if (other === null) continue;
    counts[other.now] += 1;
    const { agent, name } = action;
    if (lines.length < LIMITS.simulatedLines) lines.push({ step, agent, name, ...other });
  }
  const { judged, unknown, deny, ask, allow } = counts;
  return { judged, unknown, denied: deny, asked: ask, allowed: allow, lines };
}

interface Judged {
  readonly step: string;
  readonly action: Action;
  readonly decision: Decision;
  readonly workspace: string;
}

/** Every step's first judgement, as later ones hold answers; null where its record was erased. */
function* judgedIn(journal: Journal): Generator<Judged | null> {
  const workspaces = new Map<string, string>();
  const proposed = new Map<string, Action | null>();
  for (const { event, body } of journal.since(0, { bodies: true })) {
    const { step, run, kind } = event;
    if (body?.kind === "run.started") workspaces.set(run, body.workspace);
    if (kind === "run.ended") workspaces.delete(run);
    if (step === null) continue;
    if (kind === "action.proposed") {
      proposed.set(step, body?.kind === "action.proposed" ? body.action : null);
    }
    const action = kind === "action.judged" ? proposed.get(step) : undefined;
    if (action === undefined) continue;
    proposed.delete(step);
    const workspace = workspaces.get(run);
    const known = action !== null && body?.kind === "action.judged" && workspace !== undefined;
    yield known ? { step, action, decision: body.decision, workspace } : null;
  }
}
