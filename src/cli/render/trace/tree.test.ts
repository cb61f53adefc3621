import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Action, Rank } from "../../../contracts/action.ts";
import type { Trace, TraceStep } from "../../../contracts/trace.ts";
import type { AskView } from "../../../contracts/question.ts";
import { whyLines } from "../../commands/why.ts";
import { action, askOf, decision, END, questionFor } from "../../testing/samples.ts";
import { askCard, askKeys, askLine } from "../ask.ts";
import { type Line, paint } from "../line.ts";
import { summary } from "../summary.ts";
import { traceTree } from "./tree.ts";
import { cellsOf } from "../width.ts";
import { clockTime } from "../words.ts";

/** What lines read on a screen without colours. */
function check(lines: readonly Line[], screen: string): void {
  const shown = lines.map((line) => paint(line, false).trimEnd());
  expect(shown.join("\n")).toBe(screen);
}

function step(
  given: Partial<TraceStep> & { readonly step: string; readonly name: string },
): TraceStep {
  return {
    kind: "tool",
    agent: "oracle",
    args: {},
    decision: decision("allow"),
    status: "done",
    outcome: { status: "done", output: null },
    isolation: "landlock",
    ms: 100,
    usage: null,
    asks: [],
    answers: [],
    child: null,
    ...given,
  };
}

const MODEL = {
  kind: "model",
  name: "local",
  isolation: null,
  usage: { input: 800, output: 140, cost: 0.0123 },
} as const;

const CHILD: Trace = {
  run: "r2",
  agent: "research",
  request: "look",
  model: "local",
  tools: true,
  at: 0,
  state: "ended",
  end: null,
  steps: [
    step({ step: "r2.1", name: "web_fetch", args: { url: "http://127.0.0.1:4321/react-19" } }),
    step({
      step: "r2.1.1",
      kind: "fetch",
      name: "web_fetch",
      args: { method: "GET", url: "http://127.0.0.1:4321/" },
      isolation: "host",
      ms: 31,
    }),
    step({
      step: "r2.2",
      name: "web_fetch",
      args: { url: "http://10.0.0.1/" },
      status: "denied",
      ms: null,
      isolation: null,
      decision: {
        ...decision("deny"),
        reason: "deny:scope_missing",
        rank: "B",
        missing: "net:10.0.0.1:80",
      },
      outcome: { status: "denied", failure: { code: "gate.denied", message: "no" } },
    }),
  ],
  head: "",
  events: 9,
};

const TRACE: Trace = {
  run: "r1k3f9x2ab7qz0m",
  agent: "oracle",
  request: "What's new in the React 19 RC, and update the dashboard notes",
  model: "local",
  tools: true,
  at: 0,
  state: "ended",
  end: {
    ...END,
    run: "r1k3f9x2ab7qz0m",
    hosts: ["127.0.0.1:4321"],
    files: [{ path: "/w/notes/dashboard.md", kind: "modified" }],
    usage: { ...END.usage, input: 12_000, output: 345, cost: 0.0123, calls: 3, ms: 2_400 },
  },
  steps: [
    step({ step: "r1.1", ...MODEL }),
    step({
      step: "r1.2",
      kind: "agent",
      name: "research",
      isolation: null,
      ms: 1_200,
      child: CHILD,
    }),
    step({ step: "r1.3", name: "notes_append", args: { file: "notes/dashboard.md" }, ms: 80 }),
    step({
      step: "r1.4",
      name: "notes_tag",
      status: "failed",
      outcome: {
        status: "failed",
        failure: { code: "tool.failed", message: "There is no such tag." },
      },
    }),
  ],
  head: "0123456789abcdef0123456789abcdef",
  events: 42,
};

test("a trace is drawn as a tree at 80 columns", () => {
  check(
    traceTree(TRACE, 80, "/w"),
    `r1k3f9x2ab7qz0m  ${clockTime(0)}  oracle on local  succeeded
  What's new in the React 19 RC, and update the dashboard notes

                                     time    tokens  cost     verdict  isolation
├─ ✓ 1 model local                   0.1 s   940     $0.01    allow D
├─ ✓ 2 agent research r2             1.2 s                    allow D
│  ├─ ✓ 1 web_fetch http://127.0.0…  0.1 s                    allow D  landlock
│  │  └─ ✓ 1.1 fetch http://127.0.…  31 ms                    allow D  host
│  └─ ⊘ 2 web_fetch http://10.0.0.…                           deny B
│       deny: the tool did not declare this reach (missing net:10.0.0.1:80)
├─ ✓ 3 notes_append notes/dashboar…  80 ms                    allow D  landlock
└─ ✗ 4 notes_tag                     0.1 s                    allow D  landlock
     There is no such tag.

notes/dashboard.md modified · 127.0.0.1:4321 · 3 tool calls · 12.3k tokens · $0.01 · 2.4 s · nanos trace show r1k3f9x2ab7qz0m
42 events, newest 0123456789abcdef · nanos why RUN.N explains a step`,
  );
});

test("a trace that has not ended says what to do", () => {
  const last = (state: Trace["state"]): string => {
    const lines = traceTree({ ...TRACE, state, end: null, steps: [] }, 80, "/w");
    return paint(lines.at(-2) ?? "", false);
  };
  expect(last("running")).toBe("still running; nanos cancel r1k3f9x2ab7qz0m stops it");
  expect(last("waiting")).toContain("nanos approvals list, then nanos resume r1k3f9x2ab7qz0m");
  expect(last("interrupted")).toContain("nanos resume r1k3f9x2ab7qz0m goes on");
});

test("no line of a tree is wider than the screen, whatever is in it", () => {
  const evil = "\x1b[2J日本\n\u202e".repeat(40);
  const steps = [step({ step: "r1.1", name: evil, args: { a: evil } }), ...TRACE.steps];
  const lines = traceTree(
    { ...TRACE, request: evil, model: evil, agent: evil, end: null, steps },
    60,
    "/w",
  );
  for (const line of lines.slice(0, -1))
    expect(cellsOf(paint(line, false))).toBeLessThanOrEqual(60);
});

test("why says the decision, what every layer said, and the exact arguments", () => {
  const denied = CHILD.steps[2]!;
  check(
    whyLines(
      { ...denied, explanation: ["scope: deny, net:10.0.0.1:80 is not declared"], line: null },
      80,
    ),
    `⊘ web_fetch  tool by oracle
  step     r2.2
  verdict  deny, rank B
  because  the tool did not declare this reach
  reason   deny:scope_missing
  missing  net:10.0.0.1:80

scope: deny, net:10.0.0.1:80 is not declared

exact arguments
  {
    "url": "http://10.0.0.1/"
  }`,
  );
});

const PROPOSED = action({
  name: "web_fetch",
  agent: "research",
  args: { url: "http://127.0.0.1:4321/\x1b[2J", body: "two\nlines" },
  destinations: ["net:127.0.0.1:4321"],
});

function asked(proposed: Action = PROPOSED, rank: Rank = "B"): AskView {
  const question = questionFor(proposed, rank);
  return { ...askOf("r1", "r1.2", proposed), action: question.args, question };
}

test("an ask shows who, what exactly, where to, why, what it costs, how to say never, the keys", () => {
  check(
    [...askCard(asked(), 80), askKeys(asked())],
    `? research wants web_fetch
  │ {"url":"http://127.0.0.1:4321/\\u001b[2J","body":"two\\nlines"}
  where  127.0.0.1:4321
  why    it would send something to a destination nobody endorsed
  cost   rank B: what is asked for leaves this machine
  never  deny web_fetch to 127.0.0.1:4321: nanos rules suggest a7f3
  y once  a this destination, this run  n no  l later  ? all of it`,
  );
  check(
    askCard(asked(), 80, true).slice(-5),
    `    - id: never-web-fetch
      when: {"name":"web_fetch","scope":["net:127.0.0.1:4321"]}
      then: deny
      example: {"name":"web_fetch","agent":"research"}
      counter: {"name":"other","agent":"research"}`,
  );
  check([askKeys(asked(PROPOSED, "S"))], "  y yes, by its name  n no  l later  ? all of it");
});

test("no line of a card is wider than the screen, whatever is in it", () => {
  const word = fc.string({ maxLength: 200 });
  fc.assert(
    fc.property(fc.constantFrom(40, 80), word, word, fc.boolean(), (width, name, text, all) => {
      const given = { name, args: { [text]: text }, destinations: [`net:${text}`] };
      for (const covers of [
        "this destination, until outside text",
        "these files, this run",
        null,
      ]) {
        const ask = asked(action(given));
        const question = ask.question && { ...ask.question, covers };
        const lines = askCard({ ...ask, reason: `Asked because ${text}.`, question }, width, all);
        for (const line of lines) expect(cellsOf(paint(line, false))).toBeLessThanOrEqual(width);
        expect(cellsOf(paint(askKeys({ ...ask, question }), false))).toBeLessThanOrEqual(80);
      }
    }),
  );
});

test("an ask whose words were erased still shows its own sentence", () => {
  const bare = { ...asked(), action: null, question: null };
  check(
    [...askCard(bare, 80), askKeys(bare), askLine(bare, "r1")],
    `? research wants web_fetch
  │ web_fetch would send a request.
  where  web_fetch
  why    it would send something to a destination nobody endorsed
  y once  a exactly this again, this run  n no  l later  ? all of it
waits: research wants web_fetch → web_fetch: it would send something to a destination nobody endorsed. nanos approvals approve a7f3 then nanos resume r1`,
  );
});

test("long arguments are cut, say by how much, and are there whole when asked for", () => {
  const list = Array.from({ length: 40 }, (_, i) => i);
  const long = asked(action({ name: "x", args: { list }, destinations: ["net:a:1"] }));
  const some = askCard(long, 60).map((line) => paint(line, false));
  expect(some).toContain("  │ … 32 more lines, ? shows them");
  expect(askCard(long, 60, true).length).toBe(some.length + 31 + 5);
  expect(
    paint(askLine(asked(action({ name: "x", args: "y".repeat(2_000) })), "r1"), false),
  ).toContain("y… → ");
});

test("asks are counted with their answers and the time to answer", () => {
  const once = { id: "a1", at: 0, came: "allow", ms: 4_200, by: "operator@terminal" } as const;
  const asked = [
    once,
    { ...once, came: "expired", ms: null, by: null } as const,
    { ...once, came: "deny", ms: 800 } as const,
    { ...once, ms: null } as const,
    { ...once, came: null, ms: null, by: null } as const,
  ];
  const trace = { ...CHILD, end: { ...END, run: "r2", asks: 4 } };
  const [first, ...rest] = trace.steps;
  if (!first) throw new Error("no step");
  const lines = traceTree(
    { ...trace, steps: [{ ...first, asked }, ...rest], rehearsal: true },
    90,
    "/w",
  );
  const shown = lines.map((line) => paint(line, false).trim());
  expect(shown[0]).toContain("a rehearsal: nothing was done");
  for (const line of [
    "asked: allowed by operator@terminal after 4.2 s",
    "asked: the answer came too late or was void, and it was asked anew",
    "asked: denied by operator@terminal after 0.8 s",
    "allowed beforehand by operator@terminal",
    "asked: not answered yet",
  ]) {
    expect(shown.map((one) => one.replace(/^│\s*/u, ""))).toContain(line);
  }
  expect(shown.join("\n")).toContain("4 asks (1 yes, 1 no in 5.0 s)");
});

test("the summary names files and hosts, and counts the rest", () => {
  const many = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i));
  const files = many(5).map((name) => ({ path: `/w/${name}`, kind: "created" }));
  check(
    [
      summary({ ...END, run: "r1", files, hosts: many(5).map((name) => `h${name}:443`) }, "/w"),
      summary(
        { ...END, run: "r1", asks: 2, usage: { ...END.usage, input: 5, cost: null } },
        "/w",
        "/trace",
      ),
      summary({ ...END, run: "r1", outcome: "cancelled" }, "/w"),
    ],
    `0 created · 1 created · 2 created · 2 more files · h0:443 · h1:443 · h2:443 · 2 more hosts · 1 tool call · 0.2 s · nanos trace show r1
1 tool call · 2 asks · 5 tokens · cost unknown · 0.2 s · /trace
cancelled · 1 tool call · 0.2 s · nanos trace show r1`,
  );
});

test.each([
  ["undeclared", "the tool's scopes do not name it"],
  ["private_address", "its name leads to a private address, and no grant names it"],
  ["other_name", "the connection was opened for another host"],
  ["unreadable", "what was asked for could not be read"],
  ["limit", "more connections than one process may open"],
] as const)("a host refused to a program as %s is shown under its step", (why, says) => {
  const refused = [{ scope: "net:x.test:443", why }];
  const done = step({
    step: "r1.1",
    name: "curl",
    outcome: { status: "done", output: "", refused },
  });
  const lines = traceTree({ ...TRACE, steps: [done] }, 120, "/w").map((line) => paint(line, false));
  expect(lines.find((line) => line.includes("refused"))?.trim()).toBe(
    `refused net:x.test:443: ${says}`,
  );
});

test("what stands behind a delegated answer is said, also where that is nothing", () => {
  const child = { run: "r2", head: "h" };
  const line = (evidence: { steps: string[]; files: { path: string; hash: string }[] }): string => {
    const outcome = { status: "done", output: null, child: { ...child, evidence } } as const;
    const one = step({ step: "r1.1", kind: "agent", name: "coder", outcome });
    return traceTree({ ...CHILD, run: "r1", steps: [one] }, 80, "/ws")
      .map((text) => paint(text, false))
      .join("\n");
  };
  const files = [{ path: "/ws/a", hash: "1" }];
  expect(line({ steps: ["r2.1", "r2.3"], files })).toContain("evidence: 2 steps, 1 file");
  expect(line({ steps: [], files: [] })).toContain("no evidence that anything was done");
  const deep = {
    ...decision("allow"),
    layers: [{ layer: "budget", verdict: "allow", reason: "allow:deep" }],
  } as const;
  const one = step({
    step: "r1.1",
    kind: "agent",
    name: "coder",
    decision: { ...deep, layers: [...deep.layers] },
  });
  const shown = traceTree({ ...CHILD, run: "r1", steps: [one] }, 80, "/ws");
  expect(shown.map((text) => paint(text, false)).join("\n")).toContain("delegated deeper");
});
