import { canonical } from "../std/canonical.ts";
import type { Json } from "../std/json.ts";
import { sha256 } from "../std/hash.ts";
import type { Drive } from "../contracts/drive.ts";
import type { RunStarted } from "../contracts/event.ts";
import type { Message } from "../contracts/message.ts";
import type { Failure, Outcome } from "../contracts/outcome.ts";
import type { Ask, RunEnd, RunOutcome } from "../contracts/run.ts";
import { fillSay, routeOf } from "../gate/routes.ts";
import { ruleStatuses } from "../gate/policy.ts";
import { act } from "./act.ts";
import type { Acted, Want } from "./proposal.ts";
import { type RunChild, delegateWant } from "./wants/delegate.ts";
import { type Frame, draft, OPERATOR, newFrame } from "./frame.ts";
import { say } from "./wants/model.ts";
import { systemText, toolSpecs } from "./prompt.ts";
import { toolWant } from "./wants/tool.ts";
import { commitAll } from "./commit-all.ts";
import { noTool, note, turn } from "./turn.ts";
import type { Facts, Hooks, World } from "./world.ts";

/** What a run came to, or that it waits. */
export type Carried =
  | { readonly state: "ended"; readonly end: RunEnd }
  | { readonly state: "waiting"; readonly asks: readonly Ask[] };

/** Everything a run is carried with. `world` is null in a replay. */
export interface Carriage {
  readonly drive: Drive;
  readonly world: World | null;
  readonly facts: Facts;
  readonly hooks: Hooks;
  readonly started: RunStarted;
  /** The conversation before this run. */
  readonly past: readonly Message[];
  readonly runChild: RunChild;
}

/**
 * Carries one run from its start to its end: live, again after a crash, or from the record alone.
 * Everything it does follows from `started`, the facts and the recorded events.
 */
export async function carryRun(carriage: Carriage): Promise<Carried> {
  const { drive, started, past } = carriage;
  const frame = frameOf(carriage);
  const actor = started.parent ? `agent:${started.agent}` : "operator";
  await drive.append([draft(frame, null, actor, started)], "later");
  for (const message of past) say(frame, message);
  say(frame, { role: "user", parts: [{ type: "text", text: started.request }] });
  const worked = await work(frame, started, carriage.runChild);
  if (worked.state === "waiting") return worked;
  const end = endOf(frame, started, worked);
  await drive.append([draft(frame, null, "kernel", { kind: "run.ended", end })]);
  // Not sooner: a commit cut off before its outcome was on disk is made again from its stage.
  for (const step of frame.stages) await (await frame.world?.tools.reopen(step))?.discard();
  return { state: "ended", end };
}

type Worked =
  | { readonly state: "waiting"; readonly asks: readonly Ask[] }
  | {
      readonly state: "done";
      readonly outcome: RunOutcome;
      readonly text: string;
      readonly failure?: Failure;
    };

/** A direct call, then a route of the operator's file, then turn after turn with the model. */
async function work(frame: Frame, started: RunStarted, runChild: RunChild): Promise<Worked> {
  if (started.call) return callDirectly(frame, started.call);
  const routed = await followRoute(frame, started, runChild);
  if (routed) return routed;
  const tools = toolSpecs(frame);
  // The gate stops a run without turns left; this bounds the loop whatever the gate says.
  for (let n = 0; n <= frame.budget.turns; n++) {
    const done = await turn(frame, tools, runChild);
    switch (done.kind) {
      case "acted":
        continue;
      case "waiting":
        return { state: "waiting", asks: done.asks };
      case "stopped":
        return stopped(frame, done.outcome);
      case "spoken":
        return spoken(frame, done.text, done.cut);
    }
  }
  return failed("run.turns", "The run used all its turns.", "Raise its limits or ask for less.");
}

/** `nanos tool call`: one call as the operator, past the same gate. */
async function callDirectly(frame: Frame, call: NonNullable<RunStarted["call"]>): Promise<Worked> {
  const tool = frame.facts.tools.find(({ manifest }) => manifest.name === call.tool);
  if (!tool) return lacking(noTool(call.tool, frame.facts), "See `nanos tool list`.");
  return doOne(frame, call.tool, toolWant(frame, tool, call.args), (outcome) =>
    outcome.status === "done" ? pretty(outcome.output) : "",
  );
}

/** A result for a person to read; keys sorted, so that a replay reads the same. */
function pretty(output: Json): string {
  if (typeof output === "string") return output;
  return JSON.stringify(JSON.parse(canonical(output)), null, 2);
}

/** The first route that matches the request, when there is one: no model is asked. */
async function followRoute(
  frame: Frame,
  started: RunStarted,
  runChild: RunChild,
): Promise<Worked | null> {
  if (frame.depth > 0 || started.agent !== frame.facts.oracle) return null;
  const found = routeOf(started.request, frame.facts.routes, { today: frame.today });
  if (!found) return null;
  const routed = await act(frame, routeWant(frame, found.route.id, started.request));
  if (routed.status === "waiting") return { state: "waiting", asks: routed.asks };
  if (routed.status === "settled" && routed.outcome.status !== "done") {
    return stopped(frame, routed.outcome);
  }
  const text = found.say ?? "{result}";
  if (found.tool !== undefined) {
    const tool = frame.facts.tools.find(({ manifest }) => manifest.name === found.tool);
    if (!tool) {
      const next = `Mend the route ${found.route.id} in routes.yaml.`;
      return lacking(noTool(found.tool, frame.facts), next);
    }
    return doOne(frame, found.tool, toolWant(frame, tool, found.args ?? {}), (outcome) =>
      outcome.status === "done" ? fillSay(text, outcome.output) : "",
    );
  }
  if (found.agent !== undefined) {
    const want = delegateWant(frame, found.agent, started.request, 1, runChild);
    return doOne(frame, "delegate", want, (outcome) =>
      outcome.status === "done" ? fillSay("{result.answer}", outcome.output) : "",
    );
  }
  return { state: "done", outcome: "succeeded", text: fillSay(text, null) };
}

/** The decision where a request goes, as an action at the route gate. */
function routeWant(frame: Frame, route: string, request: string): Want {
  return {
    action: {
      gate: "route",
      kind: "run",
      name: route,
      agent: frame.agent.manifest.name,
      args: { route, request: sha256(request) },
      scopes: [],
      destinations: [],
      label: frame.label,
    },
    declared: null,
    attached: true,
    repeatable: true,
    perform: async (step) =>
      draft(frame, step, "kernel", {
        kind: "action.settled",
        outcome: { status: "done", output: null },
        ms: 0,
      }),
  };
}

/** One action that is the whole run: done, committed, told. */
async function doOne(
  frame: Frame,
  name: string,
  want: Want,
  tell: (outcome: Outcome) => string,
): Promise<Worked> {
  const acted: Acted = await act(frame, want);
  if (acted.status === "waiting") return { state: "waiting", asks: acted.asks };
  if (acted.status !== "settled") throw new Error("bug: a call was not settled");
  frame.spent = { ...frame.spent, ms: frame.spent.ms + acted.ms };
  const all = await commitAll(frame, [{ name, args: want.action.args }], [acted]);
  if (all.kind === "waiting") return { state: "waiting", asks: all.asks };
  const outcome = all.value[0] as Outcome;
  note(frame, name, outcome);
  if (outcome.status !== "done") return stopped(frame, outcome);
  const text = tell(outcome);
  return outcome.degraded
    ? { state: "done", outcome: "degraded", text, failure: PART_FAILED }
    : { state: "done", outcome: "succeeded", text };
}

const PART_FAILED: Failure = {
  code: "run.part_failed",
  message: "A delegated part came to less than was asked for.",
};

/** The model's last word. It counts as less when something was denied or never came to anything. */
function spoken(frame: Frame, text: string, cut: boolean): Worked {
  const never = [...frame.tried].find(([, tried]) => tried.done === 0 || tried.denied > 0);
  const part = [...frame.tried].some(([, tried]) => tried.degraded > 0);
  const failure: Failure | undefined = cut
    ? { code: "run.cut", message: "The answer was cut short by a limit." }
    : never
      ? {
          code: never[1].denied > 0 ? "run.denied_part" : "run.tool_failed",
          message: never[1].denied > 0 ? `${never[0]} was denied.` : `${never[0]} never succeeded.`,
        }
      : part
        ? PART_FAILED
        : undefined;
  return failure
    ? { state: "done", outcome: "degraded", text, failure }
    : { state: "done", outcome: "succeeded", text };
}

/** The run cannot go on: what stopped it decides what it counts as. */
function stopped(frame: Frame, outcome: Exclude<Outcome, { status: "done" }>): Worked {
  const { failure } = outcome;
  if (outcome.status === "cancelled") {
    // Out of time is a limit reached, not the operator's wish: what there is counts as partial.
    const limit = failure.code === "run.time";
    const partial = limit ? (frame.spent.turns > 0 ? "degraded" : "failed") : "cancelled";
    return { state: "done", outcome: partial, text: lastText(frame), failure };
  }
  if (outcome.status === "denied") {
    const spent = failure.code.startsWith("deny:budget_") && frame.spent.turns > 0;
    const code = spent ? "run.budget" : "run.denied";
    const told = { ...failure, code, message: failure.message };
    return {
      state: "done",
      outcome: spent ? "degraded" : "failed",
      text: lastText(frame),
      failure: told,
    };
  }
  return { state: "done", outcome: "failed", text: lastText(frame), failure };
}

/** A tool that is needed and not there; what mends it is its own advice, where it has one. */
function lacking(failure: Failure, next: string): Worked {
  return { state: "done", outcome: "failed", text: "", failure: { next, ...failure } };
}

function failed(code: string, message: string, next: string): Worked {
  return { state: "done", outcome: "failed", text: "", failure: { code, message, next } };
}

/** What the model last said, for a run that ends before its last word. */
function lastText(frame: Frame): string {
  const last = frame.messages.findLast((message) => message.role === "assistant");
  if (last?.role !== "assistant") return "";
  return last.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function endOf(
  frame: Frame,
  started: RunStarted,
  worked: Extract<Worked, { state: "done" }>,
): RunEnd {
  const { spent, usage } = frame;
  return {
    run: frame.drive.run,
    outcome: worked.outcome,
    text: worked.text,
    ...(worked.failure ? { failure: worked.failure } : {}),
    usage: {
      ...usage,
      cost: spent.unpriced ? null : spent.cost,
      turns: spent.turns,
      calls: frame.calls,
      ms: spent.ms,
    },
    asks: frame.asks,
    hosts: [...frame.hosts].toSorted(),
    files: [...frame.files].map(([path, kind]) => ({ path, kind })),
    rules: ruleStatuses(
      frame.facts.rules.filter(({ id }) => started.rules.includes(id)),
      frame.decisions,
    ),
  };
}

function frameOf(carriage: Carriage): Frame {
  const { drive, world, facts, hooks, started, past } = carriage;
  const agent =
    started.agent === OPERATOR
      ? OPERATOR_AGENT
      : facts.agents.find(({ manifest }) => manifest.name === started.agent);
  if (!agent) throw new Error(`bug: run ${drive.run} of an agent that is not in its facts`);
  const { today, grants } = started;
  return newFrame({
    drive,
    world,
    facts,
    factsHash: started.facts,
    hooks,
    agent,
    model: started.model,
    said: started.said ?? saidIn(past, started),
    today,
    budget: started.budget,
    depth: started.parent ? started.parent.depth : 0,
    localOnly: started.localOnly,
    system: systemText({ agent, facts, today, grants }),
    grants,
  });
}

/** The operator's own words: this request and theirs before it. */
function saidIn(past: readonly Message[], started: RunStarted): string {
  const before = past.flatMap((message) => (message.role === "user" ? message.parts : []));
  const texts = before.map((part) => (part.type === "text" ? part.text : ""));
  return [...texts, started.request, ...(started.call ? [canonical(started.call.args)] : [])].join(
    "\n",
  );
}

const OPERATOR_AGENT: Facts["agents"][number] = {
  manifest: {
    name: OPERATOR,
    description: "The operator, at the command line.",
    model: "inherit",
    skills: [],
    agents: [],
    memory: [],
    limits: {},
    kind: "prompt",
  },
  prompt: "",
};
