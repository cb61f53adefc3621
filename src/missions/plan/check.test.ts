import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Plan } from "../../contracts/plan.ts";
import { planFaults } from "./check.ts";
import { cycleIn, inOrder } from "./order.ts";

const KNOWN = {
  ...{ by: "oracle", tools: ["say", "look"], agents: ["writer"] },
  models: ["small"],
};

function plan(tasks: readonly object[], more: object = {}): Plan {
  return Plan.parse({ name: "demo", description: "A demo.", tasks, ...more });
}

const say = (id: string, more: object = {}): object => ({ id, tool: "say", args: {}, ...more });

describe("a plan's faults, each where it stands", () => {
  const cases: readonly (readonly [Plan, readonly string[]])[] = [
    [plan([say("a"), say("b", { needs: ["a"] })]), []],
    [plan([say("a"), say("a")]), ["tasks.1.id: the id 'a' is used twice"]],
    [
      plan([say("one", { needs: ["fetc"] }), say("fetch")]),
      ["tasks.0.needs.0: there is no task 'fetc'; did you mean 'fetch'?"],
    ],
    [plan([say("a", { needs: ["a"] })]), ["tasks.0.needs.0: 'a' would wait for itself"]],
    [
      plan([say("a", { needs: ["c"] }), say("b", { needs: ["a"] }), say("c", { needs: ["b"] })]),
      ["tasks.0.needs: tasks wait for each other: a needs c needs b needs a"],
    ],
    [
      plan([say("a", { args: { text: "{{ inputs.x }}", other: ["{{ tasks.b.output }}"] } })]),
      [
        "tasks.0.args.text: there is no input 'x'",
        "tasks.0.args.other.0: 'a' looks at 'b' and does not need it",
      ],
    ],
    [
      plan([say("a"), say("b", { needs: ["a"], when: "tasks.a.out == 1 or thing" })]),
      [
        "tasks.1.when: of a task there is tasks.a.output and tasks.a.status",
        "tasks.1.when: 'thing' is none of inputs, tasks",
      ],
    ],
    [plan([say("a", { when: "1 +" })]), ["tasks.0.when: '1 +' cannot be read from '+' on"]],
    [
      plan([
        say("a", { checks: [{ matches: "(a+)+" }, { that: "thing" }, { evidence: "steps" }] }),
      ]),
      [
        expect.stringMatching(/^tasks\.0\.checks\.0\.matches: it /u) as unknown as string,
        "tasks.0.checks.1.that: 'thing' is none of inputs, tasks, output",
        "tasks.0.checks.2.evidence: only an agent's record shows evidence",
      ],
    ],
    [
      plan([say("a", { checks: [{ contains: "x" }, { contains: "y" }] })]),
      ["tasks.0.checks.1: two checks are called 'contains'; give one an id"],
    ],
    [
      plan([say("a", { recover: [{ fallback: { agent: "writer" } }] })]),
      ["tasks.0.recover.0.fallback: a tool has no other model or agent"],
    ],
    [
      plan([say("a", { recover: [{ fallback: { task: "c" } }] }), say("b")]),
      ["tasks.0.recover.0.fallback.task: there is no task 'c'; did you mean 'a'?"],
    ],
    [
      plan([
        say("a", { recover: [{ fallback: { task: "b" } }] }),
        say("b"),
        say("c", { needs: ["b"] }),
      ]),
      ["tasks.0.recover.0.fallback.task: others need 'b', which begins only in place of 'a'"],
    ],
    [
      plan([
        say("a", { recover: [{ fallback: { task: "b" } }] }),
        say("b", { needs: ["c"] }),
        say("c"),
      ]),
      ["tasks.0.recover.0.fallback.task: 'b' needs 'c', and 'a' does not"],
    ],
    [
      plan([say("a", { recover: [{ fallback: { task: "b" } }] }), say("b", { when: "true" })]),
      [
        "tasks.0.recover.0.fallback.task: 'b' stands in for another, and has no recover, when and profiles of its own",
      ],
    ],
    [
      plan([say("a", { profiles: ["carful"] })], {
        profiles: {
          careful: {
            rules: [
              { id: "x", when: {}, then: "ask", example: { name: "a" }, counter: { name: "b" } },
            ],
          },
        },
      }),
      ["tasks.0.profiles.0: there is no profile 'carful'; did you mean 'careful'?"],
    ],
    [
      plan([
        { id: "a", tool: "sya" },
        {
          ...{ id: "b", agent: "writr", prompt: "go" },
          recover: [{ fallback: { agent: "x" } }, { fallback: { model: "smal" } }],
        },
      ]),
      [
        "tasks.0.tool: oracle has no tool 'sya'",
        "tasks.1.agent: oracle has no agent 'writr'; did you mean 'writer'?",
        "tasks.1.recover.0.fallback.agent: oracle has no agent 'x'",
        "tasks.1.recover.1.fallback.model: there is no model 'smal'; did you mean 'small'?",
      ],
    ],
    [
      plan([say("a")], {
        inputs: {
          n: { type: "number", default: "x" },
          c: { type: "choice", choices: ["a"], default: "b" },
        },
      }),
      ["inputs.n.default: is no number", "inputs.c.default: is no choice of this input"],
    ],
  ];
  for (const [given, expected] of cases) {
    test(expected[0] === undefined ? "none" : String(expected[0]), () => {
      const found = planFaults(given, KNOWN).map(({ path, text }) => `${path.join(".")}: ${text}`);
      expect(found).toEqual([...expected]);
    });
  }
});

describe("the shape of a plan", () => {
  const cases: readonly (readonly [object, string])[] = [
    [{ id: "a" }, "needs exactly one of agent, tool"],
    [{ id: "a", tool: "x", agent: "y", prompt: "z" }, "needs exactly one of agent, tool"],
    [{ id: "a", agent: "y" }, "needs a prompt beside it"],
    [{ id: "a", tool: "x", prompt: "z" }, "is for an agent"],
    [{ id: "a", agent: "y", prompt: "z", args: {} }, "is for a tool"],
    [
      { id: "a", tool: "x", checks: [{ contains: "x", words: 3 }] },
      "needs exactly one of contains",
    ],
    [{ id: "a", tool: "x", recover: [{}] }, "needs exactly one of retry"],
    [{ id: "a", tool: "x", recover: [{ fallback: {} }] }, "needs exactly one of model"],
    [{ id: "a", tool: "x", recover: [{ retry: { times: 11 } }] }, "<=10"],
    [{ id: "a", tool: "x", recover: [{ retry: { wait: "soon" } }] }, "Invalid input"],
    [{ id: "a", tool: "x", wen: "y" }, "wen"],
  ];
  for (const [task, expected] of cases) {
    test(JSON.stringify(task), () => {
      const parsed = Plan.safeParse({ name: "demo", description: "", tasks: [task] });
      expect(parsed.success ? "" : parsed.error.message).toContain(expected);
    });
  }

  test("a time is kept as milliseconds, and read again as it is kept", () => {
    const made = plan([say("a", { budget: { time: "90s" } })], { deadline: "2h" });
    expect([made.deadline, made.tasks[0]?.budget?.time]).toEqual([7_200_000, 90_000]);
    expect(Plan.parse(made)).toEqual(made);
  });
});

test("tasks are ordered after what they need, or the circle they are in is named", () => {
  const graphs = fc.array(fc.array(fc.nat(7), { maxLength: 3 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(graphs, (edges) => {
      const tasks = plan(
        edges.map((needs, i) =>
          say(`t${i}`, { needs: needs.filter((n) => n < edges.length).map((n) => `t${n}`) }),
        ),
      ).tasks;
      const circle = cycleIn(tasks);
      if (circle === null) {
        const order = inOrder(tasks).map(({ id }) => id);
        expect(order.toSorted()).toEqual(tasks.map(({ id }) => id).toSorted());
        for (const { id, needs } of tasks) {
          for (const need of needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(id));
        }
        return;
      }
      expect(circle.at(0)).toBe(circle.at(-1) ?? "");
      for (const [i, id] of circle.slice(0, -1).entries()) {
        expect(tasks.find((task) => task.id === id)?.needs).toContain(circle[i + 1] ?? "");
      }
    }),
    { numRuns: Number(process.env["NANOS_PLAN_RUNS"] ?? 300) },
  );
});
