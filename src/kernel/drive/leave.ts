import type { RunStarted } from "../../contracts/event.ts";
import { type Frame, OPERATOR, agentOf, draft, newFrame } from "../frame.ts";
import { systemText } from "../prompt.ts";
import { memoriesOf } from "../wants/recall.ts";
import { WHOLE, type Window } from "../wants/window.ts";
import type { Facts } from "../world.ts";

/** A run as it goes on from where it leaves the one it was forked from. */
export interface Branch {
  readonly run: string;
  /** Number of its first own step. */
  readonly at: number;
  readonly started: RunStarted;
  readonly facts: Facts;
}

/** Where a run leaves those it was forked from, one after the other. */
export interface Branches {
  /** Those still to come. */
  readonly next: Branch[];
  /** The newest step before the next one that could be left at. */
  near: number;
}

/**
 * Called wherever a run may be forked: before a model is asked, and before calls are made of its
 * answer. Where the next step is a fork's first own one, the frame becomes the fork's: the
 * conversation stays, with the labels of all that is in it; agent, model, rules, grants, budget and
 * what counts against it are its own, and no answer of the operator's to the other run holds.
 */
export async function leave(frame: Frame): Promise<void> {
  const { branches, drive } = frame;
  for (let left = branches?.next.length ?? 0; branches && left > 0; left--) {
    const [next] = branches.next;
    if (next === undefined || next.at !== frame.steps + 1) {
      branches.near = frame.steps + 1;
      return;
    }
    branches.next.shift();
    drive.leave(next.run);
    become(frame, next);
    const started = draft(frame, null, "operator", next.started);
    await drive.append([{ ...started, label: frame.label }], "later");
  }
}

/** How many of so many steps that follow are still of the run that is left. */
export function stepsToLeave({ branches, steps }: Frame, following: number): number {
  const [next] = branches?.next ?? [];
  const left = next === undefined ? following : next.at - steps - 1;
  return left > 0 && left < following ? left : following;
}

function become(frame: Frame, { started, facts }: Branch): void {
  const { drive, world, watch, hooks, branches, said, intent, label } = frame;
  const { messages, tokens, requestAt, digest, flow, tried } = frame;
  const { asking, steps, lent, nested, outward, stages } = frame;
  const given = { drive, world, watch, hooks, branches, said, intent, label, facts, started };
  Object.assign(frame, newFrame({ ...given, ...speakerOf(facts, started) }), {
    ...{ messages, tokens, requestAt, digest, flow, tried },
    ...{ asking, steps, lent, nested, outward, stages },
  });
  frame.window = windowAtFirst(frame);
}

/** What an agent is told first, and what it may look into. */
export function speakerOf(
  facts: Facts,
  started: RunStarted,
): Pick<Frame, "agent" | "memories" | "system"> {
  const named = started.agent === OPERATOR ? OPERATOR_AGENT : agentOf(facts, started.agent);
  const agent = named && started.mission ? asItself(named) : named;
  if (!agent) throw new Error(`bug: a run of the agent ${started.agent}, who is not in its facts`);
  const { today, grants, workspace, companion } = started;
  const memories = memoriesOf({ facts, agent }, started.memories);
  return {
    agent,
    memories,
    system: systemText({ agent, facts, today, grants, workspace, companion }),
  };
}

/** A task of a plan may be for the agent that follows the plan: it has that one's reach and no more. */
function asItself({ manifest, prompt }: Frame["agent"]): Frame["agent"] {
  const agents = [...new Set([...manifest.agents, manifest.name])];
  return { manifest: { ...manifest, agents }, prompt };
}

/** Of the conversation before a request an agent is given as many messages as it takes. */
export function windowAtFirst({ agent, facts, requestAt }: Frame): Window {
  const most = agent.manifest.limits.messages ?? facts.limits.messages ?? requestAt;
  return { ...WHOLE, past: Math.max(0, requestAt - most) };
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
