import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import type { PlanWish } from "../../contracts/mission.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { AgentManifest } from "../../contracts/agent.ts";
import type { Budget } from "../../contracts/usage.ts";
import { type Frame, draft, OPERATOR } from "../frame.ts";
import { ownAction, type Want } from "../proposal.ts";
import type { Facts, World } from "../world.ts";

/**
 * An agent hands in a plan. It is an action like any other, and does nothing but keep a plan that
 * holds: a mission follows it afterwards, by the rules of its rank. What does not hold goes back to
 * the agent with line and reason, a bounded number of times.
 */

/** The name models call. */
export const HAND_IN = "hand_in_plan";

/** Whether a run's agent may hand in plans, and the most a mission may then use. */
export function plansOf(
  facts: Facts,
  agent: string,
  wish: PlanWish["most"] | undefined,
): Pick<RunStarted, "plans"> {
  const most = wish ?? (facts.proposes === true && agent === facts.oracle ? {} : undefined);
  if (most === undefined) return {};
  const { calls, cost } = most;
  return {
    plans: { ...(calls === undefined ? {} : { calls }), ...(cost === undefined ? {} : { cost }) },
  };
}

/**
 * Whether an agent that a mission asks may hand in a plan of further work: where the operator wrote
 * the mission's plan and has WORKER_SPAWN on, and its file lists the tool. It is held to what the
 * agent has of the mission.
 */
export function workOf(
  { facts, started }: Frame,
  { tools }: AgentManifest,
  { calls, cost, tokens, ms }: Budget,
): Pick<RunStarted, "plans"> {
  const { mission } = started;
  const isOn = facts.traits?.includes("WORKER_SPAWN") === true && tools?.includes(HAND_IN) === true;
  if (!isOn || mission?.by !== OPERATOR) return {};
  const { width = LIMITS.missionWidth } = mission.plan.budget;
  return { plans: { calls, tokens, time: ms, width, ...(cost === undefined ? {} : { cost }) } };
}

/** Handing in a plan as a tool of the model's; null where its run is not there for that. */
export function planSpec({ plans }: Pick<Frame, "plans">): ToolSpec | null {
  return plans === null ? null : SPEC;
}

const SPEC: ToolSpec = {
  name: HAND_IN,
  description: [
    "Hand in a plan that a mission then follows task by task, when several steps are needed. The plan is YAML:",
    "name: a-short-name",
    "description: What it is for.",
    "budget: { calls: 20, time: 20m }",
    "tasks:",
    "  - id: look",
    "    tool: NAME, with args: { ... }; or agent: NAME, with prompt: TEXT",
    "  - id: write",
    "    needs: [look]",
    '    when: tasks.look.status == "succeeded"',
    "    tool: NAME",
    '    args: { text: "{{ tasks.look.output }}" }',
    "    checks: [{ contains: TEXT }]",
    "    recover: [{ retry: { times: 1 } }, { degrade: { says: TEXT } }]",
    "Tasks use the tools and agents you have. Inputs need a default. What is wrong comes back with " +
      "its line; mend it and hand it in again.",
  ].join("\n"),
  input: {
    type: "object",
    properties: { plan: { type: "string", description: "The whole plan, as YAML." } },
    required: ["plan"],
    additionalProperties: false,
  },
};

/** A plan to be handed in as an action, or why it is not looked at. */
export function planWant(frame: Frame, given: Json): Want | string {
  const { plan } = isObject(given) ? given : {};
  if (typeof plan !== "string") return `${HAND_IN} takes {"plan": TEXT}.`;
  const refused = frame.tried.get(HAND_IN)?.failed ?? 0;
  if (refused >= LIMITS.planTries) {
    return `${refused} plans were refused, and no more are looked at. Say what is missing.`;
  }
  return {
    action: { ...ownAction(frame, HAND_IN), args: { plan } },
    declared: null,
    attached: true,
    // The same plan under the same hash: done twice it is done once.
    repeatable: true,
    perform: async ({ step }) => {
      const { world } = frame;
      if (!world) throw new Error("bug: a replay looked at a plan");
      const outcome = await handIn(world, frame, plan);
      const settled = { kind: "action.settled", outcome, ms: 0 } as const;
      return { ...draft(frame, step, "kernel", settled), label: frame.label };
    },
  };
}

async function handIn(world: World, frame: Frame, text: string): Promise<Outcome> {
  const read = await world.readPlan(frame, text);
  if ("faults" in read) {
    const message = `The plan does not hold:\n${read.faults.join("\n")}`;
    // plan.refused -> Nothing: the agent is told what does not hold, and hands in another.
    return { status: "failed", failure: { code: "plan.refused", message } };
  }
  const { name, rank } = read;
  const hash = world.vault.put(world.guard.clean(read.text).value);
  const when =
    frame.depth === 0 ? "you have answered" : "this one has ended and the operator lets it";
  const output = `The plan ${name} holds. A mission of rank ${rank} follows it when ${when}.`;
  return { status: "done", output, plan: { name, hash, rank } };
}
