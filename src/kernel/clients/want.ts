import { ordered } from "../../std/canonical.ts";
import type { Json } from "../../std/json.ts";
import type { Action } from "../../contracts/action.ts";
import type { CallPart } from "../../contracts/message.ts";
import type { ModelRequest, ToolSpec } from "../../contracts/model.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import { narrow } from "../../gate/scopes.ts";
import { misfits } from "../../tools/schema.ts";
import { opened } from "../flow/flow.ts";
import type { Settled } from "../commit-all.ts";
import { type Frame, draft } from "../frame.ts";
import type { Want } from "../proposal.ts";

/**
 * Tools a client brings. A call of one is an action like any other, past the same gate, and its effect
 * is the client's to make: once it is let through, the run ends and says what it called for. What comes
 * of it is the client's word, in the run it asks for next.
 */

/** The client's tools as the model sees them. */
export function clientSpecs({ started }: Partial<Pick<Frame, "started">>): readonly ToolSpec[] {
  return started?.wish?.tools ?? NO_TOOLS;
}

const NO_TOOLS: readonly ToolSpec[] = [];

/** A call of such a tool, as what is wanted; null where the client has none of that name. */
export function clientWant(frame: Frame, { name, args: given }: CallPart): Want | null {
  const tool = clientSpecs(frame).find((one) => one.name === name);
  if (!tool) return null;
  const scope = `client:${name}`;
  const { args, label } = opened(frame, ordered(given));
  const action: Action = {
    ...{ gate: "call", kind: "tool", name, agent: frame.agent.manifest.name, args },
    ...{ scopes: [scope], destinations: [], label },
  };
  return {
    action,
    declared: frame.within === null ? [scope] : narrow(frame.within, [scope]),
    attached: true,
    // Handing it over again hands over the same.
    repeatable: true,
    inert: true,
    perform: async ({ step }) => {
      const outcome = await handed(tool, args);
      return { ...draft(frame, step, "kernel", { kind: "action.settled", outcome, ms: 0 }), label };
    },
  };
}

/** What does not fit what the client takes is the model's to mend, and does not reach it. */
async function handed({ name, input }: ToolSpec, args: Json): Promise<Outcome> {
  const wrong = await misfits(input, args);
  if (wrong.length === 0) return { status: "done", output: HANDED };
  const message = `What ${name} was called with does not fit: ${wrong.join("; ")}.`;
  // call.bad_arguments -> Nothing: the model is told so, and asks again in another way.
  return { status: "failed", failure: { code: "call.bad_arguments", message } };
}

const HANDED = "It goes to the client, who says what came of it.";

/** What goes back to the client of calls that were let through, each named by its step. */
export function handedOver(
  frame: Frame,
  calls: readonly CallPart[],
  settled: readonly Settled[],
): readonly CallPart[] {
  return calls.flatMap((call, i): CallPart[] => {
    const { step, outcome } = settled[i] as Settled;
    const want = clientWant(frame, call);
    if (!want || step === null || outcome.status !== "done") return [];
    const { name, args } = want.action;
    return [{ type: "call", id: step, name, args }];
  });
}

/** How the client wants a model's answer written, for the agent that answers it. */
export function askedOf(
  { started, depth }: Frame,
  tools: readonly ToolSpec[],
): Partial<ModelRequest> {
  const { sampling = {}, must } = depth > 0 ? {} : (started.wish ?? {});
  if (must === undefined || tools.length === 0) return sampling;
  return { ...sampling, choice: must === true ? "required" : { name: must } };
}
