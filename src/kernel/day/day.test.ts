import { expect, test } from "bun:test";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dayStart, fakeClock, localZone, systemClock } from "../../std/clock.ts";
import { systemRandom } from "../../std/random.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { DayLimit } from "../../contracts/usage.ts";
import type { Model } from "../../models/model.ts";
import { scriptModel } from "../../models/script.ts";
import { withLock } from "../../home/store.ts";
import type { Journal } from "../../journal/journal.ts";
import { openJournal } from "../../journal/open.ts";
import { dayChecks } from "../desk/doctor.ts";
import { dayIn } from "../facts.ts";
import type { World } from "../world.ts";
import { replay } from "../drive/replay.ts";
import { begin } from "../runner.ts";
import { type Lab, lab, type LabSetup } from "../testing/lab.ts";
import { usedToday } from "./view.ts";

/** What all runs of a home use in a day, counted from the journal and judged like any budget. */

const text = (at: number): string => new Date(at).toISOString().slice(0, 16);

test.each([
  ["a day like others", "2026-06-01T12:00Z", "Europe/Berlin", "2026-05-31T22:00"],
  ["its first moment", "2026-05-31T22:00Z", "Europe/Berlin", "2026-05-31T22:00"],
  ["the moment before", "2026-05-31T21:59Z", "Europe/Berlin", "2026-05-30T22:00"],
  ["the day of 23 hours", "2026-03-29T21:30Z", "Europe/Berlin", "2026-03-28T23:00"],
  ["the day of 25 hours", "2026-10-25T22:45Z", "Europe/Berlin", "2026-10-24T22:00"],
  ["a zone of three quarters", "2026-06-01T12:00Z", "Asia/Kathmandu", "2026-05-31T18:15"],
  ["a day without a midnight", "2026-09-06T12:00Z", "America/Santiago", "2026-09-06T04:00"],
])("%s", (_, at, zone, start) => {
  expect(text(dayStart(Date.parse(at), zone))).toBe(start);
});

/** A model whose every answer counts so many tokens, and how many it may give. */
function counting(
  tokens: number,
  price: Model["price"] = { input: 1, output: 1 },
): Model & { asked: number[] } {
  const turns = [{ say: "done", once: false }];
  const inner = scriptModel("m", { turns }, fakeClock());
  const asked: number[] = [];
  return {
    ...inner,
    asked,
    price,
    stream: async function* (request, signal) {
      asked.push(request.maxTokens ?? 0);
      for await (const event of inner.stream(request, signal)) {
        const usage = { input: tokens, output: 0 };
        yield event.type === "end" ? { ...event, usage } : event;
      }
    },
  };
}

function home(day: DayLimit, more: Partial<LabSetup> = {}, journal?: Journal): Lab {
  const setup = { day: { zone: "UTC", ...day }, model: counting(100), ...more };
  return lab(setup, journal === undefined ? {} : { journal });
}

async function ask(made: Lab, times: number): Promise<readonly string[]> {
  const codes: string[] = [];
  for (let i = 0; i < times; i++) {
    const handle = await begin(made.world, { text: "hello" });
    const state = await handle.done;
    const report = await replay(made.journal, made.world.recall, handle.run);
    expect(report.ok).toBe(true);
    codes.push(state.state === "ended" ? (state.ended.failure?.code ?? "ok") : "waiting");
  }
  return codes;
}

function reasons(made: Lab): readonly string[] {
  const bodies = [...made.journal.since(0, { bodies: true })].flatMap(({ body }) => body ?? []);
  return bodies.flatMap((body: EventBody) =>
    body.kind === "action.judged" && body.decision.verdict === "deny" ? [body.decision.reason] : [],
  );
}

test.each<[string, DayLimit, number]>([
  ["calls", { calls: 3 }, 3],
  ["tokens: what an answer left is there for the next", { tokens: 1_000 }, 9],
  ["money", { cost: 0.001 }, 9],
])("%s end with the day's, over all runs, and come back with the next", async (_, day, most) => {
  const made = home(day);
  const codes = await ask(made, 12);
  const done = codes.filter((code) => code === "ok").length;
  expect(done).toBeLessThanOrEqual(most);
  expect(done).toBeGreaterThan(1);
  expect(codes.at(-1)).toBe("run.denied");
  expect(new Set(reasons(made))).toEqual(new Set(["deny:budget_day"]));
  const used = usedToday(made.journal, made.clock.now(), "UTC");
  expect(used).toEqual({ calls: done, tokens: done * 100, cost: (done * 100) / 1e6 });
  made.clock.advance(24 * 3_600_000);
  expect(await ask(made, 1)).toEqual(["ok"]);
});

test("an answer may have no more tokens than are set aside for it; without a limit nothing is said of it", async () => {
  const model = counting(100);
  await ask(home({ tokens: 1_000 }, { model }), 1);
  expect(model.asked[0]).toBeGreaterThan(0);
  expect(model.asked[0]).toBeLessThan(1_000);
  const free = counting(100);
  await ask(lab({ model: free }), 1);
  expect(free.asked).toEqual([0]);
});

test("a price that is not known is nothing a limit in money lets pass", async () => {
  const made = home({ cost: 1 }, { model: counting(100, null) });
  expect(await ask(made, 1)).toEqual(["run.denied"]);
  expect(reasons(made)).toEqual(["deny:unknown_price"]);
});

/** An agent that is a program, which is one call of its own tool. */
function program(price: number | "free" | undefined): Partial<LabSetup> {
  const manifest = { name: "oracle", kind: "process" as const, command: ["oracle"] };
  return {
    agents: [{ manifest: { ...manifest, ...(price !== undefined && { price }) } }],
    tools: [{ name: "oracle", agent: "oracle", run: () => "done" }],
  };
}

test.each<[string, number | "free" | undefined, readonly string[], readonly string[], number]>([
  ["what it costs a request", 0.4, ["ok", "ok", "run.denied"], ["deny:budget_day"], 0.8],
  ["nothing, where it is free", "free", ["ok", "ok", "ok"], [], 0],
  [
    "an unknown price, which no limit in money lets pass",
    undefined,
    Array.from({ length: 3 }, () => "run.denied"),
    ["deny:unknown_price"],
    0,
  ],
])("a program that thinks for itself counts: %s", async (_, price, codes, denied, cost) => {
  const made = home({ cost: 1 }, program(price));
  expect(await ask(made, 3)).toEqual([...codes]);
  expect(new Set(reasons(made))).toEqual(new Set(denied));
  expect(usedToday(made.journal, made.clock.now(), "UTC").cost).toBeCloseTo(cost);
});

/** An answer that breaks off in the middle, before anybody counted. */
function breaking(parts: readonly string[]): Model {
  const failure = { code: "model.cut", message: "The answer broke off." };
  return {
    ...{ name: "m", host: "api.example:443", price: { input: 1, output: 1 } },
    async *stream() {
      const message = {
        role: "assistant" as const,
        parts: parts.map((text) => ({ type: "text" as const, text })),
      };
      yield { type: "end", finish: "failed", message, failure };
    },
  };
}

test("an answer that broke off before it was counted may have used all that was set aside", async () => {
  for (const [parts, isUsed] of [
    [["Half an"], true],
    [[], false],
  ] as const) {
    const made = home({ tokens: 100_000 }, { model: breaking(parts) });
    expect(await ask(made, 1)).toEqual(["model.cut"]);
    expect(usedToday(made.journal, made.clock.now(), "UTC").tokens > 0).toBe(isUsed);
  }
});

test("what was used before there was a limit counts", async () => {
  const made = lab({ model: counting(100) });
  expect(await ask(made, 2)).toEqual(["ok", "ok"]);
  expect(usedToday(made.journal, made.clock.now(), "UTC")).toMatchObject({ calls: 2, tokens: 200 });
});

test("two processes of one home use no more together than one would", async () => {
  const dir = mkdtempSync(join(tmpdir(), "nanos-day-"));
  try {
    const made = [1, 2].map(() => {
      const clock = fakeClock();
      const journal = openJournal({ dir: join(dir, "journal"), clock, random: systemRandom });
      const one = home({ calls: 7, tokens: 100_000 }, {}, journal);
      const alone: World["alone"] = (act, what = "commit") =>
        withLock(join(dir, what), systemClock, act);
      return { ...one, world: { ...one.world, random: systemRandom, alone } };
    });
    const runs = Array.from({ length: 12 }, (_, i) => made[i % 2] as Lab);
    const handles = await Promise.all(runs.map(({ world }) => begin(world, { text: "hello" })));
    const states = await Promise.all(handles.map(({ done }) => done));
    const done = states.filter((one) => one.state === "ended" && one.ended.outcome === "succeeded");
    expect(done).toHaveLength(7);
    for (const { journal, clock } of made) {
      expect(usedToday(journal, clock.now(), "UTC")).toMatchObject({ calls: 7, tokens: 700 });
    }
    for (const { journal } of made) journal.close();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test("doctor says when a day is used up", () => {
  const used = { calls: 3, tokens: 10, cost: 0.5 };
  expect(dayChecks(null)).toEqual([]);
  expect(dayChecks({ limit: { calls: 4, cost: 1 }, used })).toMatchObject([{ state: "ok" }]);
  expect(dayChecks({ limit: { calls: 3, cost: 1 }, used })).toMatchObject([
    { state: "warn", says: expect.stringContaining("calls are used up") },
  ]);
});

test("the least of what arrangement and operator say holds, where the operator is", () => {
  expect(dayIn({ calls: 5, cost: 2, zone: "UTC" }, { cost: 1, zone: "Asia/Tokyo" })).toEqual({
    day: { calls: 5, cost: 1, zone: "Asia/Tokyo" },
  });
  expect(dayIn(undefined, { tokens: 5 }).day?.zone).toBe(localZone());
  expect(dayIn()).toEqual({});
});

test("however many runs go on at once, they set aside no more than there is", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        runs: fc.integer({ min: 2, max: 8 }),
        calls: fc.integer({ min: 1, max: 6 }),
        tokens: fc.integer({ min: 500, max: 4_000 }),
      }),
      async ({ runs, calls, tokens }) => {
        const made = home({ calls, tokens });
        const handles = await Promise.all(
          Array.from({ length: runs }, () => begin(made.world, { text: "hello" })),
        );
        await Promise.all(handles.map(({ done }) => done));
        const used = usedToday(made.journal, made.clock.now(), "UTC");
        expect(used.calls).toBeLessThanOrEqual(calls);
        expect(used.tokens).toBeLessThanOrEqual(tokens);
        for (const { event, body } of made.journal.since(0, { bodies: true })) {
          if (body?.kind !== "action.judged" || body.decision.verdict !== "allow") continue;
          const proposed = [...made.journal.chain(event.run)].find(
            (one) => one.event.step === event.step && one.body?.kind === "action.proposed",
          )?.body;
          const day = proposed?.kind === "action.proposed" ? proposed.day : undefined;
          if (!day) continue;
          expect(day.used.tokens + day.takes.tokens).toBeLessThanOrEqual(tokens);
          expect(day.used.calls + day.takes.calls).toBeLessThanOrEqual(calls);
        }
      },
    ),
    { numRuns: 20 },
  );
});
