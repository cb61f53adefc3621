import {
  type Constraint,
  NanocodeAnswer,
  NanocodeAsked,
  Ping,
} from "../../contracts/http/tools.ts";
import type { Checked } from "../../contracts/checked.ts";
import { type Check, Plan } from "../../contracts/plan.ts";
import type { Trace } from "../../contracts/trace.ts";
import { saidBy } from "../openai/chat.ts";
import { askerOf } from "../door/asker.ts";
import { agentsFor } from "../agents.ts";
import { waitedFor } from "../live.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/**
 * Nanocode's route: an input and the constraints its answer is looked at by. It is a mission of one
 * task, whose checks are observed: what they find is on record, and nothing is stopped by it.
 */
export const NANOCODE: readonly Route[] = [
  route({
    method: "POST",
    path: "/nanocode",
    summary: "asks the key's agent, and says how the answer stands to each constraint",
    needs: "key",
    takes: NanocodeAsked,
    gives: NanocodeAnswer,
    handle: nanocode,
  }),
  route({
    method: "GET",
    path: "/admin/ping",
    summary: "whether the operator's key is a good one",
    needs: "operator",
    takes: null,
    gives: Ping,
    handle: async () => ({ body: { status: "ok", pong: true } }),
  }),
];

async function nanocode(call: Call<NanocodeAsked>): Promise<Reply> {
  const { nanos, key, body } = call;
  const agent = key?.agent ?? (agentsFor(call).includes("oracle") ? "oracle" : agentsFor(call)[0]);
  const { client } = askerOf(key);
  const looked = body.constraints.map((constraint, i) => ({
    constraint,
    check: checkOf(constraint, i),
  }));
  const plan = planFor(
    agent ?? "oracle",
    looked.flatMap(({ check }) => check ?? []),
  );
  const held = body.constraints.map((one) => `- ${one}`).join("\n");
  const inputs = {
    input: body.input,
    constraints: held === "" ? "" : `\n\nHold to this:\n${held}`,
  };
  const from = client === undefined ? {} : { client };
  const asked = { plan, inputs, ...from };
  const handle = await waitedFor(call, (signal) => nanos.missions.begin(asked, { signal }));
  const state = await handle.done;
  const { headers } = saidBy(state, call);
  const trace = nanos.traces.show(handle.run);
  const { checks, output, model } = answerIn(trace);
  return {
    headers,
    body: {
      ...{ input: body.input, output },
      metadata: {
        ...{ run: handle.run, agent: agent ?? "oracle", model },
        outcome: trace.end?.outcome ?? null,
        constraints: looked.map(({ constraint, check }) => stands(constraint, check, checks)),
        usage: trace.end?.usage ?? null,
        approvals: state.state === "waiting" ? state.asks.map(({ id }) => id) : [],
      },
    },
  };
}

/** What the client wrote is an input, and never a part of the plan's own texts. */
function planFor(agent: string, checks: readonly Check[]): Plan {
  const task = {
    id: "answer",
    agent,
    prompt: "{{ inputs.input }}{{ inputs.constraints }}",
    checks,
  };
  return Plan.parse({
    ...{ name: "nanocode", description: "an input with constraints", agent },
    inputs: { input: {}, constraints: { default: "" } },
    tasks: [task],
  });
}

/** What can be looked at of a constraint in words; null for what only a reader can tell. */
function checkOf(constraint: string, i: number): Check | null {
  const of = (found: Partial<Check>): Check =>
    ({ id: `c${i + 1}`, observe: true, ...found }) as Check;
  const words = WORDS.map((one) => one.exec(constraint)?.[1]).find((found) => found !== undefined);
  if (words !== undefined) return of({ words: Math.max(1, Number(words)) });
  const [, no, quoted = ""] = QUOTED.exec(constraint) ?? [];
  if (quoted !== "") return of(no === undefined ? { contains: quoted } : { lacks: quoted });
  if (/\bbullet/iu.test(constraint)) return of({ matches: "(?:^|\\n)[ \\t]*[-*•] " });
  if (/\bjson\b/iu.test(constraint)) return of({ schema: {} });
  return null;
}

const WORDS = [
  /\b(?:max(?:imum)?|at most|no more than|up to|within)\s+(?:of\s+)?(\d{1,6})\s+words?\b/iu,
  /\b(\d{1,6})\s+words?\s+(?:or\s+(?:less|fewer)|at most|max(?:imum)?)\b/iu,
];

/** `mention "x"`, `no "x"`: words that are not quoted may be about anything. */
const QUOTED =
  /(?:^|\b)(?:(no|not|avoid|without|never)\b|(?:contain|include|mention|use|say)s?\b).{0,40}?["“]([^"”]{1,200})["”]/iu;

/** Of the task that answers: what its checks found, what it said, and who was asked. */
function answerIn({ steps, model }: Trace): {
  readonly checks: readonly Checked[] | null;
  readonly output: string;
  readonly model: string;
} {
  const ended = steps.find(({ task }) => task?.ended)?.task?.ended ?? null;
  const step = steps.find((one) => one.step === ended?.from);
  const { child } = step ?? {};
  const output = child?.end?.text ?? "";
  return { checks: ended?.checks ?? null, output, model: child?.model ?? model };
}

function stands(
  constraint: string,
  check: Check | null,
  checks: readonly Checked[] | null,
): Constraint {
  if (check === null) return { constraint, status: "uncertain", check: null, why: null };
  const { id: _, observe: __, ...looks } = check;
  const what = JSON.stringify(looks);
  const found = checks?.find(({ id }) => id === check.id);
  if (!found) return { constraint, status: "pending", check: what, why: null };
  const status = found.status === "unknown" ? "uncertain" : found.status;
  return { constraint, status, check: what, why: found.why ?? null };
}
