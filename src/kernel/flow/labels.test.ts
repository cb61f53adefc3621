import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Label } from "../../contracts/label.ts";
import { UNKNOWN_LABEL, joinLabels } from "../../gate/labels.ts";
import { replay } from "../drive/replay.ts";
import { begin } from "../runner.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { type Lab, lab } from "../testing/lab.ts";

/**
 * Random runs of tools that return all kinds of things, write and read files, fetch pages and hand
 * work on: what goes into an event is never worse than the event's own label says.
 */
const RETURNS = [
  {},
  { integrity: "directory" },
  { secrecy: "public" },
  { integrity: "directory", secrecy: "public" },
  { integrity: "directory", secrecy: "secret" },
] as const;
const LOOKS = RETURNS.map((returns, i): FunctionTool => ({
  name: `look${i}`,
  run: () => `look ${i}`,
  manifest: { returns, reads: true },
}));
const own = { returns: { integrity: "directory", secrecy: "public" } } as const;
const tools: readonly FunctionTool[] = [
  ...LOOKS,
  {
    name: "save",
    scopes: ["write:./notes"],
    manifest: own,
    run: (_, { write }) => (write("/ws/notes/a", "text"), "saved"),
  },
  { name: "load", scopes: ["read:./notes"], manifest: own, run: () => "text" },
  {
    name: "fetch",
    scopes: ["net:*"],
    manifest: own,
    run: async (_, { reach }) => {
      const url = "https://said.example/";
      const got = await reach({ kind: "fetch", method: "GET", url, headers: {}, body: null });
      return got.ok ? "page" : got.failure.code;
    },
  },
];
const NAMES = tools.map(({ name }) => name);

type Turn = readonly string[];
const turns = fc.array(
  fc.array(fc.constantFrom(...NAMES, "helper", "reader"), { minLength: 1, maxLength: 2 }),
  {
    ...{ minLength: 1, maxLength: 4 },
  },
);

function open(plan: readonly Turn[], inner: readonly Turn[]): Lab {
  return lab({
    tools,
    agents: [
      { manifest: { name: "oracle", agents: ["helper", "reader"] } },
      { manifest: { name: "helper", agents: [] } },
      { manifest: { name: "reader", agents: [], skills: LOOKS.map(({ name }) => name) } },
    ],
    fetch: (url) => ({ status: 200, headers: {}, body: "page", url, host: "said.example:443" }),
    model: {
      name: "follower",
      host: null,
      price: { input: 0, output: 0 },
      async *stream({ agent, messages, tools: offered }) {
        const own = agent === "oracle" ? plan : inner;
        const spoken = messages.slice(messages.findLastIndex(({ role }) => role === "user"));
        const turn = own[spoken.filter(({ role }) => role === "assistant").length] ?? [];
        const names = turn.filter((name) => agent === "oracle" || NAMES.includes(name));
        const calls = names.map(
          (name, i) => ({ type: "call", id: `c${i}`, ...callOf(name) }) as const,
        );
        const text = { type: "text", text: '{"n":1}' } as const;
        const parts = calls.length > 0 && offered.length > 0 ? calls : [text];
        const finish = parts[0]?.type === "call" ? "calls" : "stop";
        yield { type: "end", finish, message: { role: "assistant", parts: [...parts] } };
      },
    },
  });
}

function callOf(name: string): {
  readonly name: string;
  readonly args: { readonly [key: string]: never };
} {
  const schema = { type: "object", properties: { n: { type: "integer" } } };
  if (name === "reader")
    return { name: "delegate", args: { agent: name, request: "look", schema } as never };
  if (name === "helper")
    return { name: "delegate", args: { agent: name, request: "look" } as never };
  return { name, args: {} };
}

const SINKS = ["operator", "directory", "untrusted"];
const SECRETS = ["public", "private", "secret"];

/** True when `label` is at least as bad as `input`. */
function holds(label: Label, input: Label): boolean {
  return (
    SINKS.indexOf(label.integrity) >= SINKS.indexOf(input.integrity) &&
    SECRETS.indexOf(label.secrecy) >= SECRETS.indexOf(input.secrecy)
  );
}

/** Follows one chain and fails where an event is cleaner than what went into it. */
function inspect(made: Lab, run: string, files: Map<string, Label>): void {
  let joined: Label | null = null;
  let turn: Label[] = [];
  const proposed = new Map<string, Label>();
  for (const { event, body } of made.journal.chain(run)) {
    if (body?.kind === "run.started") joined = event.label;
    if (body?.kind === "action.proposed" && event.step) {
      if (body.action.kind === "model") {
        joined = joinLabels(joined ?? UNKNOWN_LABEL, ...turn);
        turn = [];
      }
      expect([event.step, holds(body.action.label, joined ?? UNKNOWN_LABEL)]).toEqual([
        event.step,
        true,
      ]);
      proposed.set(event.step, body.action.label);
    }
    if (body?.kind !== "action.settled" || !event.step || !event.label) continue;
    const name = event.actor.replace(/^tool:/u, "");
    const returns = tools.find((tool) => tool.name === name)?.manifest?.returns;
    const about = proposed.get(event.step) ?? UNKNOWN_LABEL;
    const inputs: Label[] = [about];
    if (event.actor !== "kernel") inputs.push({ ...UNKNOWN_LABEL, ...returns } as Label);
    if (name === "load") inputs.push(files.get("/ws/notes/a") ?? about);
    for (const input of inputs)
      expect([event.step, holds(event.label, input)]).toEqual([event.step, true]);
    const { outcome } = body;
    if (outcome.status === "done")
      for (const { path } of outcome.files ?? []) files.set(path, event.label);
    const isData = outcome.status === "done" && outcome.released === true;
    if (!event.step.slice(run.length + 1).includes(".")) {
      turn.push(isData ? { ...event.label, integrity: "operator" } : event.label);
    }
    if (body.outcome.status === "done" && body.outcome.child) {
      expect(made.journal.head(body.outcome.child.run)?.label).not.toBeNull();
      expect(
        holds(event.label, made.journal.head(body.outcome.child.run)?.label ?? UNKNOWN_LABEL),
      ).toBe(true);
      inspect(made, body.outcome.child.run, files);
    }
  }
}

test("no event is cleaner than what went into it, over random runs", async () => {
  await fc.assert(
    fc.asyncProperty(turns, turns, async (plan, inner) => {
      const made = open(plan, inner);
      const files = new Map<string, Label>();
      const text = "Work with https://said.example/";
      const first = await begin(made.world, { text });
      await first.done;
      inspect(made, first.run, files);
      const next = await begin(made.world, { text, after: [first.run] });
      await next.done;
      inspect(made, next.run, files);
      const end = made.journal.head(first.run)?.label;
      const start = [...made.journal.chain(next.run)][0]?.event.label;
      if (end && start) expect(holds(start, end)).toBe(true);
      // What its calls came to is in the next turn's conversation, whatever the answer was worth.
      for (const { event, body } of made.journal.chain(first.run)) {
        if (body?.kind !== "action.settled" || event.step?.split(".").length !== 2) continue;
        const { outcome } = body;
        const isData = outcome.status === "done" && outcome.released === true;
        if (start && event.label && event.actor !== "kernel" && !isData)
          expect(holds(start, event.label)).toBe(true);
      }
      expect(await replay(made.journal, made.world.recall, next.run)).toMatchObject({ ok: true });
    }),
    { numRuns: 150 },
  );
}, 60_000);
