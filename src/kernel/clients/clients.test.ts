import { expect, test } from "bun:test";
import type { Wish } from "../../contracts/http/wish.ts";
import type { Message } from "../../contracts/message.ts";
import type { ModelRequest } from "../../contracts/model.ts";
import type { RunRequest } from "../../contracts/nanos.ts";
import type { RunEnd } from "../../contracts/run.ts";
import type { ScriptTurn } from "../../contracts/script.ts";
import type { Model } from "../../models/model.ts";
import { scriptModel } from "../../models/script.ts";
import { NanosError } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import { fakeClock } from "../../std/clock.ts";
import { replay } from "../drive/replay.ts";
import { begin } from "../runner.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { type Lab, type LabSetup, lab } from "../testing/lab.ts";

/** What a client brings to its run: tools it carries out, a form for the answer, how it is written. */

const WEATHER = {
  name: "get_weather",
  description: "What the weather is",
  input: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const weather = (city: Json): ScriptTurn => ({ calls: [{ name: "get_weather", args: { city } }] });
const BRINGS: Wish = { tools: [WEATHER] };
const notes: FunctionTool = { name: "notes", scopes: [], run: () => "noted" };

async function ask(made: Lab, wish: Wish, more: Partial<RunRequest> = {}): Promise<RunEnd> {
  const { run, done } = await begin(made.world, { text: "hello", client: "key:k1", wish, ...more });
  const came = await done;
  expect(await replay(made.journal, made.world.recall, run)).toMatchObject({ ok: true });
  if (came.state !== "ended") throw new Error(`it ${came.state}`);
  return came.ended;
}

function home(turns: readonly ScriptTurn[], more: Partial<LabSetup> = {}): Lab {
  const keys = [{ id: "k1", agent: "oracle", rate: 60, budget: {}, at: 0 }];
  return lab({ script: { turns: [...turns] }, keys, ...more });
}

/** Remembers what it is asked. */
function heard(turns: readonly ScriptTurn[]): { model: Model; asked: ModelRequest[] } {
  const asked: ModelRequest[] = [];
  const inner = scriptModel("test", { turns: [...turns] }, fakeClock());
  const stream: Model["stream"] = (request, signal) => {
    asked.push(request);
    return inner.stream(request, signal);
  };
  return { model: { ...inner, stream }, asked };
}

test("a call of a client's tool passes the gate, ends the run, and goes to the client", async () => {
  const made = home([{ say: "Let me look.", ...weather("Ulm") }]);
  const end = await ask(made, BRINGS);
  const id = `${end.run}.2`;
  expect(end).toMatchObject({
    outcome: "succeeded",
    text: "Let me look.",
    calls: [{ type: "call", id, name: "get_weather", args: { city: "Ulm" } }],
  });
  const judged = [...made.journal.chain(end.run)].flatMap(({ body }) =>
    body?.kind === "action.judged" ? [[body.decision.verdict, body.decision.rank]] : [],
  );
  expect(judged).toEqual([
    ["allow", "E"],
    ["allow", "E"],
  ]);
});

test("a key's ceiling, a rule and what the tool takes hold such a call", async () => {
  const none = { kind: "tool" as const, agent: "oracle", scopes: [], args: {} };
  const deny = {
    id: "no-weather",
    when: { kind: "tool" as const, name: "get_weather" },
    then: "deny" as const,
    mode: "enforce" as const,
    example: { ...none, name: "get_weather" },
    counter: { ...none, name: "notes" },
  };
  const cases: readonly [Partial<LabSetup>, Partial<RunRequest>, Json, string][] = [
    [{}, { within: ["read:/tmp"] }, "Ulm", "deny:scope_missing"],
    [{}, { within: ["client:other"] }, "Ulm", "deny:scope_missing"],
    [{ rules: [deny] }, {}, "Ulm", "deny:by_rule"],
    [{}, {}, 7, "call.bad_arguments"],
  ];
  for (const [setup, more, city, code] of cases) {
    const made = home([weather(city), { say: "I could not." }], setup);
    const end = await ask(made, BRINGS, more);
    expect(end.calls).toBeUndefined();
    const settled = [...made.journal.chain(end.run)].flatMap(({ body }) =>
      body?.kind === "action.settled" && body.outcome.status !== "done"
        ? [body.outcome.failure.code]
        : [],
    );
    expect(settled).toEqual([code]);
  }
  for (const within of [["client:*"], ["client:get_weather"]]) {
    const end = await ask(home([weather("Ulm")]), BRINGS, { within });
    expect(end.calls).toHaveLength(1);
  }
});

test("what came of it is the client's word, and what the agent did itself is not forgotten", async () => {
  const agents = [{ manifest: { name: "oracle", tools: ["notes"] } }];
  const both: ScriptTurn = {
    calls: [
      { name: "notes", args: {} },
      { name: "get_weather", args: { city: "Ulm" } },
    ],
  };
  // A script counts answers: what the agent did itself and what it handed over stand as two.
  const { model, asked } = heard([both, { say: "" }, { say: "It rains." }]);
  const made = home([], { tools: [notes], agents, model });
  const first = await ask(made, BRINGS);
  const since: Message[] = [
    { role: "assistant", parts: [...(first.calls ?? [])] },
    {
      role: "tool",
      parts: [
        {
          ...{ type: "result", id: first.calls?.[0]?.id ?? "", name: "get_weather" },
          ...{ text: "rain", error: false },
        },
      ],
    },
  ];
  const second = await ask(made, BRINGS, { since });
  expect(second.text).toBe("It rains.");
  const told = asked[1]?.messages.map(({ role, parts }) => [
    role,
    parts.map((part) => ("name" in part ? part.name : part.type)),
  ]);
  expect(told).toEqual([
    ["user", ["text"]],
    ["assistant", ["notes"]],
    ["tool", ["notes"]],
    ["assistant", ["get_weather"]],
    ["tool", ["get_weather"]],
  ]);
  const started = [...made.journal.chain(second.run)][0];
  expect(started?.event.label).toMatchObject({ integrity: "untrusted" });

  // The turn after it is given all of that from the record.
  await ask(made, {}, { after: [second.run], text: "And now?" });
  const roles = asked[2]?.messages.map(({ role }) => role).join(" ");
  expect(roles).toBe("user assistant tool assistant user");
});

test("another client's run lends nothing to a conversation that names it", async () => {
  const agents = [{ manifest: { name: "oracle", tools: ["notes"] } }];
  const own: ScriptTurn = {
    calls: [
      { name: "notes", args: {} },
      { name: "get_weather", args: { city: "Ulm" } },
    ],
  };
  const { model, asked } = heard([own, { say: "ok" }]);
  const made = home([], { tools: [notes], agents, model });
  const { calls = [] } = await ask(made, BRINGS);
  const since: Message[] = [{ role: "assistant", parts: [...calls] }];
  await ask(made, BRINGS, { since, client: "mcp" });
  expect(asked[1]?.messages).toHaveLength(2);
});

test("it may have to call one, one at a time", async () => {
  const must = { ...BRINGS, must: true } as const;
  expect((await ask(home([{ say: "no" }]), must)).failure).toMatchObject({ code: "run.no_call" });
  const two: ScriptTurn = {
    calls: [
      { name: "get_weather", args: { city: "Ulm" } },
      { name: "get_weather", args: { city: "Bonn" } },
    ],
  };
  expect((await ask(home([two]), BRINGS)).calls).toHaveLength(2);
  expect((await ask(home([two]), { ...BRINGS, single: true })).calls).toHaveLength(1);
  const { model, asked } = heard([weather("Ulm")]);
  await ask(home([], { model }), { ...BRINGS, must: "get_weather" });
  expect(asked[0]?.choice).toEqual({ name: "get_weather" });
});

test("an answer fits the form or is mended once; else there is none", async () => {
  const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
  const cases: readonly [Wish["form"], readonly string[], string][] = [
    [{ schema }, ['{"n": 1}'], '{"n":1}'],
    [{ schema }, ['```json\n{"n": 1}\n```'], '{"n":1}'],
    [{ schema }, ["one", '{"n": 2}'], '{"n":2}'],
    [{ schema: null }, ["[1]", "{}"], "{}"],
    [{ schema }, ["one", '{"n": "two"}', '{"n": 3}'], "run.unfit"],
  ];
  for (const [form, says, came] of cases) {
    const end = await ask(home(says.map((say) => ({ say }))), form ? { form } : {});
    expect(end.failure?.code ?? end.text).toBe(came);
  }
});

test("how it is to be written reaches the model, or is refused before anything is begun", async () => {
  const sampling = { temperature: 0.5, topP: 0.1, seed: 7, maxTokens: 2, stop: ["!"] };
  const { model, asked } = heard([{ say: "hello world! more" }]);
  const end = await ask(home([], { model }), { sampling, instructions: "Be short." });
  expect(asked[0]).toMatchObject(sampling);
  expect(asked[0]?.messages[0]?.parts[0]).toMatchObject({
    text: "The client says first: Be short.",
  });
  expect(end).toMatchObject({ text: "hello wo", failure: { code: "run.cut" } });
  expect((await ask(home([{ say: "a! b" }]), { sampling: { stop: ["!"] } })).text).toBe("a");

  const bare: Model = { ...model, takes: ["maxTokens"] };
  const refusals: readonly [Wish, Partial<LabSetup>, string][] = [
    [{ sampling: { seed: 1 } }, { model: bare }, "client.no_seed"],
    [{ tools: [{ ...WEATHER, name: "notes" }] }, { tools: [notes] }, "client.tool_taken"],
    [{ tools: [{ ...WEATHER, name: "delegate" }] }, {}, "client.tool_taken"],
    [{ tools: [{ ...WEATHER, input: { type: "nothing" } }] }, {}, "client.bad_tool"],
    [{ form: { schema: { type: "nothing" } } }, {}, "client.bad_form"],
    [BRINGS, { modelTools: false }, "client.no_tools"],
  ];
  for (const [wish, setup, code] of refusals) {
    const refused = await ask(home([{ say: "a" }], setup), wish).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(NanosError);
    expect(refused).toMatchObject({ code });
  }
});
