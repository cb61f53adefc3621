import type { Plan, PlanBudget } from "../../contracts/plan.ts";
import { planIn } from "../../home/arrangement/plans.ts";
import { covers, parseScope } from "../../gate/scopes.ts";
import type { Frame } from "../../kernel/frame.ts";
import { resolveScope } from "../../kernel/standing.ts";
import type { World } from "../../kernel/world.ts";
import { canonical } from "../../std/canonical.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { type PlanFault, planFaults } from "./check.ts";
import { knownTo } from "./known.ts";
import { rankOfPlan } from "./rank.ts";

type Asker = Pick<Frame, "agent" | "facts" | "within" | "plans" | "budget">;

/**
 * Reads a plan an agent hands in. It is held to what holds the agent: its own tools and agents, the
 * reach and money of its run, the limits of a mission. What the plan leaves open is filled in with
 * these, so that what is shown is what is followed.
 */
export function planReader(models: () => readonly { readonly name: string }[]): World["readPlan"] {
  return async (frame, text) => {
    const { facts, agent } = frame;
    const by = agent.manifest.name;
    const known = knownTo(
      facts,
      by,
      models().map(({ name }) => name),
    );
    const { plan, report } = await planIn("plan", text, (one) => [
      ...planFaults(one, known),
      ...boundFaults(frame, one),
    ]);
    if (!plan) {
      const lines = report.problems.map((one) => `line ${one.line}: ${one.text}`);
      return { faults: lines.slice(0, LIMITS.planFaults) };
    }
    const whole = filledIn(frame, plan);
    const { rank } = rankOfPlan(facts, whole);
    return { name: plan.name, text: canonical(whole as unknown as Json), rank };
  };
}

/** The most its budget may say. */
function mostOf({ plans, budget, facts }: Asker): PlanBudget {
  const costs = [plans?.cost, budget.cost].filter((one) => one !== undefined);
  const { calls = Infinity, tokens = Infinity, time = Infinity, width = Infinity } = plans ?? {};
  return {
    turns: LIMITS.missionTurns,
    calls: Math.min(LIMITS.missionCalls, calls),
    tokens: Math.min(LIMITS.missionTokens, tokens),
    time: Math.min(LIMITS.missionMs, time),
    depth: facts.depth,
    width: Math.min(LIMITS.missionWidth, width),
    ...(costs.length === 0 ? {} : { cost: Math.min(...costs) }),
  };
}

/** What in a plan goes beyond what holds the agent whose plan it is. */
function boundFaults(frame: Asker, plan: Plan): readonly PlanFault[] {
  const faults: PlanFault[] = [];
  const by = frame.agent.manifest.name;
  if (plan.agent !== undefined && plan.agent !== by) {
    faults.push({ path: ["agent"], text: `a plan of ${by} is followed as ${by}` });
  }
  for (const [name, most] of Object.entries(mostOf(frame))) {
    const said = plan.budget[name as keyof PlanBudget];
    if (said !== undefined && most !== undefined && said > most) {
      faults.push({ path: ["budget", name], text: `is more than the ${most} there is` });
    }
  }
  for (const [name, input] of Object.entries(plan.inputs)) {
    if (input.default !== undefined) continue;
    faults.push({ path: ["inputs", name], text: "needs a default: nobody is there to give it" });
  }
  if (plan.then !== undefined) {
    faults.push({ path: ["then"], text: "only a plan of the operator's names what follows" });
  }
  return [...faults, ...reachFaults(frame, plan)];
}

function reachFaults({ within, facts }: Asker, plan: Plan): readonly PlanFault[] {
  return (plan.within ?? []).flatMap((scope, i): PlanFault[] => {
    const path = ["within", i];
    const resolved = resolveScope(scope, facts.workspace, facts.userHome);
    const wanted = resolved === undefined ? null : parseScope(resolved);
    if (wanted === null || wanted.kind === "malformed") return [{ path, text: "is no scope" }];
    const isIn = within?.some((one) => covers(parseScope(one), wanted)) ?? true;
    return isIn ? [] : [{ path, text: "reaches further than this run may" }];
  });
}

function filledIn(frame: Asker, plan: Plan): Plan {
  const { cost, calls = LIMITS.missionCalls, ...most } = mostOf(frame);
  const within = plan.within ?? frame.within;
  const given = Object.entries(most).filter(([name]) => Object.hasOwn(frame.plans ?? {}, name));
  const own = { calls, ...(cost === undefined ? {} : { cost }), ...Object.fromEntries(given) };
  const budget = { ...own, ...plan.budget };
  const agent = frame.agent.manifest.name;
  return { ...plan, agent, budget, ...(within === null ? {} : { within: [...within] }) };
}
