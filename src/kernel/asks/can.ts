import { localDate } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import { isObject, type Json } from "../../std/json.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { CanAnswer } from "../../contracts/question.ts";
import { explain } from "../../gate/words/explain.ts";
import { judge } from "../../gate/judge.ts";
import { questionOf } from "../../gate/words/question.ts";
import { drive } from "../drive/drive.ts";
import { type Frame, NOTHING_SPENT, OPERATOR, agentOf } from "../frame.ts";
import { groundOf } from "../tree/ground.ts";
import type { Want } from "../proposal.ts";
import { frameOf } from "../run.ts";
import { standingOf } from "../standing.ts";
import { budgetOf } from "../day/budget.ts";
import { NO_MODEL, unknownAgent } from "../start.ts";
import { noTool } from "../turn.ts";
import { DELEGATE, delegateWant } from "../wants/delegate.ts";
import { toolWant } from "../wants/tool.ts";
import type { Facts, World } from "../world.ts";

/** What the gate would say to a call as of now. Nothing is done, nothing is recorded. */
export async function can(
  world: World,
  agent: string,
  tool: string,
  args: Json,
): Promise<CanAnswer> {
  const facts = await world.facts();
  const frame = frameFor(world, facts, agent, { tool, args });
  const want = wantOf(frame, tool, args);
  const { grants } = frame;
  const moment = { now: world.clock.now(), spent: NOTHING_SPENT, grants, answers: new Map() };
  const decision = judge(want.action, standingOf(frame, want, STEP, moment));
  return {
    decision,
    explanation: explain(want.action, decision, facts.rules),
    question:
      decision.verdict === "ask" ? questionOf(want.action, decision, facts.workspace) : null,
  };
}

/** Stands for the step a call would be; it is on no record. */
const STEP = "can.1";

/** The frame of a run at its start, of which nothing is written down. */
function frameFor(
  world: World,
  facts: Facts,
  name: string,
  call: NonNullable<RunStarted["call"]>,
): Frame {
  const agent = agentOf(facts, name);
  if (!agent && name !== OPERATOR) throw unknownAgent(name, facts);
  const started: RunStarted = {
    kind: "run.started",
    agent: name,
    request: "",
    ...(name === OPERATOR ? { call } : {}),
    after: [],
    model: NO_MODEL,
    ...groundOf(world, facts, agent?.manifest, "can"),
    today: localDate(world.clock.now()),
    facts: "",
    grants: [...world.grants()],
    rules: facts.rules.map(({ id }) => id),
    budget: budgetOf(facts, agent?.manifest.limits ?? {}, {}),
    localOnly: false,
    attended: false,
    version: world.version,
  };
  const nothing = { watch: null, hooks: {}, past: [], label: null, decide: null };
  const unused = drive("can", [], null, new AbortController().signal);
  const unasked = { decisions: neverRun, runChild: neverRun };
  return frameOf({ ...nothing, ...unasked, drive: unused, world, facts, started });
}

function neverRun(): never {
  throw new Error("bug: a question delegated");
}

function wantOf(frame: Frame, name: string, args: Json): Want {
  if (name === DELEGATE) {
    const { agent = "", request = "" } = isObject(args) ? args : {};
    if (typeof agent === "string" && typeof request === "string") {
      return delegateWant(frame, { agent, request, budget: frame.budget }, neverRun);
    }
  }
  const tool = frame.facts.tools.find(({ manifest }) => manifest.name === name);
  if (tool) return toolWant(frame, tool, args);
  const { code, message, next = "See `nanos tool list`." } = noTool(name, frame.facts);
  throw new NanosError(code, message, next);
}
