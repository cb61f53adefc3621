import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Message } from "../../contracts/message.ts";
import type { ModelEvent, ModelRequest } from "../../contracts/model.ts";
import type { Model } from "../../models/model.ts";
import { LIMITS } from "../../std/limits.ts";
import { replay } from "../drive/replay.ts";
import { begin } from "../runner.ts";
import { ended, lab } from "../testing/lab.ts";
import { type Sent, WHOLE, fit, sizeOf, within } from "./window.ts";

const words = fc.string({ maxLength: 400 });
const user = (text: string): Message => ({ role: "user", parts: [{ type: "text", text }] });
const said = (text: string): Message => ({ role: "assistant", parts: [{ type: "text", text }] });

/** A turn: what the model called, and the results in one message or several. */
const turn = fc
  .record({ calls: fc.integer({ min: 1, max: 3 }), apart: fc.boolean(), text: words })
  .map(({ calls, apart, text }): Message[] => {
    const ids = Array.from({ length: calls }, (_, i) => `${text.length}.${i}`);
    const results = ids.map((id) => ({
      ...{ type: "result" as const, id, name: "read", text, error: false },
    }));
    return [
      {
        role: "assistant",
        parts: ids.map((id) => ({ type: "call" as const, id, name: "read", args: { text } })),
      },
      ...(apart
        ? results.map((one): Message => ({ role: "tool", parts: [one] }))
        : [{ role: "tool" as const, parts: results }]),
    ];
  });

const sent: fc.Arbitrary<Sent> = fc
  .record({
    past: fc.array(fc.tuple(words, fc.option(turn), words), { maxLength: 6 }),
    request: words,
    turns: fc.array(turn, { maxLength: 12 }),
    fixed: fc.nat(200),
  })
  .map(({ past, request, turns, fixed }) => {
    const before = past.flatMap(([asked, calls, answer]) => [
      user(asked),
      ...(calls ?? []),
      said(answer),
    ]);
    const messages = [...before, user(request), ...turns.flat()];
    const total = messages.reduce(
      (sum, one) => sum + Math.ceil(Buffer.byteLength(JSON.stringify(one)) / 4),
      0,
    );
    return { messages, request: before.length, total, fixed };
  });

const ids = (messages: readonly Message[], type: "call" | "result"): string[] =>
  messages.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === type ? [(part as { id: string }).id] : [])),
  );

test("whatever is cut, the request and the newest turn stay, and no result stands without its call", () => {
  fc.assert(
    fc.property(sent, fc.integer({ min: 1, max: 2_000 }), (one, size) => {
      const window = fit(one, WHOLE, size);
      const kept = within(one, window);
      const newest = one.messages.at(-1) as Message;
      expect(kept.at(-1)?.parts.slice(0, 1)).toEqual(newest.parts.slice(0, 1));
      const asked = one.messages[one.request] as Message;
      expect(kept.some(({ parts }) => parts[0] === asked.parts[0])).toBe(true);
      expect(ids(kept, "result").toSorted()).toEqual(ids(kept, "call").toSorted());
      if (sizeOf(one, window) > size * LIMITS.windowShare) {
        expect(window.past).toBe(one.request);
        expect(kept.filter(({ role }) => role === "assistant").length).toBeLessThanOrEqual(1);
      }
      // Cut once, it stays as it is while it fits: the prefix is what a provider caches.
      if (sizeOf(one, window) <= size * LIMITS.windowShare) {
        expect(fit(one, window, size)).toBe(window);
      }
    }),
    { numRuns: 2_000 },
  );
});

/** Reads for ever, and refuses what is longer than it can read. */
function reader(limit: number, seen: ModelRequest[], turns: number): Model {
  return {
    name: "reader",
    host: null,
    price: { input: 0, output: 0 },
    async *stream(request): AsyncIterable<ModelEvent> {
      seen.push(request);
      const n = seen.length;
      const tooLong = JSON.stringify(request.messages).length / 4 > limit;
      const call = { type: "call" as const, id: `c${n}`, name: "read", args: { n } };
      const text = { type: "text" as const, text: "read it all" };
      const done = n > turns;
      yield tooLong
        ? {
            type: "end",
            finish: "failed",
            message: { role: "assistant", parts: [] },
            failure: { code: "model.context_full", message: "Too long." },
          }
        : {
            type: "end",
            finish: done ? "stop" : "calls",
            message: { role: "assistant", parts: [done ? text : call] },
            usage: { input: 1, output: 1 },
          };
    },
  };
}

test("every request of a run begins with the one before, to the letter", async () => {
  const seen: ModelRequest[] = [];
  const read = { name: "read", run: () => "x".repeat(90) };
  const made = lab({ tools: [read], model: reader(100_000, seen, 6), context: 100_000 });
  await ended(begin(made.world, { text: "go" }));
  expect(seen.length).toBeGreaterThan(5);
  for (const [i, { system, tools, messages }] of seen.entries()) {
    const before = seen[i - 1];
    if (before === undefined) continue;
    expect([system, tools]).toEqual([before.system, before.tools]);
    expect(messages.slice(0, before.messages.length)).toEqual([...before.messages]);
  }
});

const cases: [says: string, window: number, real: number][] = [
  ["as the window is known", 2_000, 100_000],
  ["as the model says so, whatever the config says", 100_000, 2_000],
];
for (const [says, context, real] of cases) {
  test(`a long run goes on past the window, ${says}`, async () => {
    const seen: ModelRequest[] = [];
    const read = { name: "read", run: () => "x".repeat(900) };
    const made = lab({ tools: [read], model: reader(real, seen, 30), context });
    const state = await ended(begin(made.world, { text: "go" }));
    expect(state).toMatchObject({ ended: { outcome: "succeeded", text: "read it all" } });
    const cuts = [...made.journal.chain(state.run)].flatMap(({ body }) =>
      body?.kind === "context.cut" ? [body] : [],
    );
    expect(cuts.length).toBeGreaterThan(1);
    // Far fewer cuts than calls: in between the prefix stays.
    expect(cuts.length).toBeLessThan(seen.length / 2);
    const last = JSON.stringify(seen.at(-1)?.messages);
    expect(last).toContain("go");
    expect(last).toMatch(/\d+ earlier messages of this conversation are left out/u);
    expect(seen.every((request) => request.context === context)).toBe(true);
    expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
  });
}

test("what is too long with nothing left to leave out fails, and says why", async () => {
  const seen: ModelRequest[] = [];
  const made = lab({ model: reader(10, seen, 1), context: 1_000 });
  const state = await ended(begin(made.world, { text: "go ".repeat(100) }));
  expect(state).toMatchObject({
    ended: { outcome: "failed", failure: { code: "model.context_full" } },
  });
  expect(seen.length).toBeLessThanOrEqual(LIMITS.windowTries + 1);
});
