import type { Evidence, Failure, Outcome } from "../contracts/outcome.ts";
import type { Task } from "../contracts/plan.ts";
import { carveBudget } from "../gate/budget.ts";
import { answerBySchema } from "../kernel/flow/answer.ts";
import type { Waits } from "../kernel/ending.ts";
import type { Frame } from "../kernel/frame.ts";
import type { Want } from "../kernel/proposal.ts";
import { doAlone } from "../kernel/run.ts";
import { noTool } from "../kernel/turn.ts";
import { DELEGATE, type RunChild, delegateWant } from "../kernel/wants/delegate.ts";
import { answerIn } from "../kernel/vault/output.ts";
import { toolWant } from "../kernel/wants/tool.ts";
import { canonical, ordered } from "../std/canonical.ts";
import { isObject, type Json } from "../std/json.ts";
import { filled } from "./words/template.ts";

/** What is done for a task: its own work, or what stands in for it. */
export interface Doing {
  /** The task whose tool or agent does it. */
  readonly task: Task;
  /** The agent that is asked in place of the task's. */
  readonly agent?: string;
  /** The model it is asked of, whatever its agent chooses. */
  readonly model?: string;
}

/** What one attempt came to. */
export type Tried =
  | Waits
  | { readonly state: "failed"; readonly status: Outcome["status"]; readonly failure: Failure }
  | {
      readonly state: "done";
      readonly output: Json;
      /** The step that came to it. */
      readonly from: string | null;
      readonly evidence: Evidence | null;
      readonly degraded: boolean;
    };

/** Does the work of a task once: one call or one delegation, past the gate like any other. */
export async function attempt(
  part: Frame,
  doing: Doing,
  values: Json,
  runChild: RunChild,
): Promise<Tried> {
  const made = wantFor(part, doing, values, runChild);
  if ("code" in made) return { state: "failed", status: "failed", failure: made };
  const done = await doAlone(part, made.name, made.want);
  if (done.state === "waiting") return done;
  const { outcome, step } = done.settled;
  if (outcome.status !== "done") {
    return { state: "failed", status: outcome.status, failure: outcome.failure };
  }
  const { child, degraded = false } = outcome;
  const evidence = child?.evidence ?? null;
  return { state: "done", output: answerIn(outcome), from: step, evidence, degraded };
}

function wantFor(
  part: Frame,
  { task, ...other }: Doing,
  values: Json,
  runChild: RunChild,
): { readonly name: string; readonly want: Want } | Failure {
  const { prompt = "", input = null, args = {} } = task;
  const made = filled({ prompt, input, args }, values);
  if ("lacks" in made) {
    const message = `${made.lacks} has no value.`;
    return { code: "plan.no_value", message, next: `Mend the task ${task.id} of the plan.` };
  }
  const { value } = made;
  const given = isObject(value) ? value : {};
  if (task.tool !== undefined) {
    const tool = part.facts.tools.find(({ manifest }) => manifest.name === task.tool);
    if (!tool) return noTool(task.tool, part.facts);
    return { name: task.tool, want: toolWant(part, tool, given["args"] ?? {}) };
  }
  const agent = other.agent ?? task.agent ?? "";
  const answer = answerBySchema(part, agent, task.output?.schema);
  // plan.bad_schema -> Take schema out of that task, or give it an agent that only reads.
  if (typeof answer === "string") return { code: "plan.bad_schema", message: answer };
  const errand = {
    ...{ agent, request: asText(given["prompt"] ?? ""), budget: childBudget(part, agent) },
    ...(task.input === undefined ? {} : { input: ordered(given["input"] ?? null) }),
    ...(answer ? { answer } : {}),
    ...(other.model === undefined ? {} : { model: other.model }),
  };
  return { name: DELEGATE, want: delegateWant(part, errand, runChild) };
}

function asText(value: Json): string {
  return typeof value === "string" ? value : canonical(value);
}

/** All of the task's part that is left, the delegation itself not counted, within the agent's limits. */
function childBudget({ budget, spent, facts }: Frame, agent: string): Frame["budget"] {
  const limits = facts.agents.find(({ manifest }) => manifest.name === agent)?.manifest.limits;
  const { turns, calls, tokens, ms, cost } = limits ?? {};
  const most = Object.fromEntries(
    Object.entries({ turns, calls, tokens, ms, cost }).filter(([, value]) => value !== undefined),
  );
  return carveBudget({ ...budget, calls: budget.calls - 1 }, spent, most);
}
