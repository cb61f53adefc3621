import { describe, expect, test } from "bun:test";
import { type AddressInfo, createServer } from "node:net";
import { fakeClock, systemClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { countingRandom } from "../../std/random.ts";
import { GENESIS, HOME_CHAIN } from "../../contracts/chain.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Journal } from "../../journal/journal.ts";
import { memoryJournal } from "../../journal/open.ts";
import { localEngine } from "./local.ts";
import type { Engine } from "./engine.ts";
import { engineOf, put } from "./board.ts";
import { move } from "./move.ts";
import { batchHash } from "./restate/wire.ts";
import { restateEngine } from "./restate/restate.ts";
import { draftsOf } from "./restate/through.ts";
import { answer, codeOf } from "./testing/cases.ts";
import { plainDriver } from "./testing/driver.ts";

function setup(): { journal: Journal; clock: ReturnType<typeof fakeClock>; engine: Engine } {
  const clock = fakeClock();
  const journal = memoryJournal({ clock, random: countingRandom() });
  return { journal, clock, engine: localEngine({ journal, clock }) };
}

function mission(run: string): Parameters<Engine["submit"]>[0] {
  return { run, kind: "plain", input: { folder: "/nowhere", steps: [] }, queue: "main" };
}

describe("the board of missions", () => {
  test("takes no more than its limit, and those of before all the same", async () => {
    const { journal, engine } = setup();
    const all = Array.from({ length: LIMITS.missions }, (_, n) => submitted(`r${n}`));
    for (let i = 0; i < all.length; i += LIMITS.appendEvents) {
      await journal.append(all.slice(i, i + LIMITS.appendEvents));
    }
    expect(await codeOf(() => engine.submit(mission("more")))).toBe("engine.full");
    expect(await codeOf(() => engine.submit(mission("r1")))).toBe("none");
    await journal.append([{ ...submitted("r1"), run: "r1", body: ENDED }]);
    expect(await codeOf(() => engine.submit(mission("more")))).toBe("none");
  });

  test("knows an end that was erased, and refuses to go on from what was", async () => {
    const { journal, clock, engine } = setup();
    await engine.submit(mission("r1"));
    await engine.work(plainDriver(clock));
    while ((await engine.status("r1")).state !== "ended") await systemClock.sleep(1);
    const record = await engine.read("r1");
    const head = journal.head("r1");
    await journal.erase(head?.hash ?? "", "asked for");
    expect(await engine.status("r1")).toEqual({ state: "ended", outcome: "erased" });
    const [first] = record;
    const erased = first ? [{ ...first, body: null }] : [];
    expect(await codeOf(() => engine.submit(mission("r2"), erased))).toBe("engine.erased");
  });
});

describe("what Restate gave", () => {
  test("is taken only as it was written", () => {
    const drafts = [submitted("r1")];
    const hash = batchHash(drafts, GENESIS);
    expect(draftsOf("r1", [{ drafts, prev: GENESIS, hash }])).toEqual(drafts);
    const changed = [submitted("r2")];
    for (const bad of [
      [{ drafts: changed, prev: GENESIS, hash }],
      [{ drafts, prev: hash, hash }],
      [
        { drafts, prev: GENESIS, hash },
        { drafts, prev: GENESIS, hash },
      ],
    ]) {
      expect(() => draftsOf("r1", bad)).toThrow("is not what was written");
    }
  });

  test("is not asked for by two processes at one port, nor what somebody carries given to it", async () => {
    const { journal, clock, engine: local } = setup();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    const place = { url: "http://127.0.0.1:1", admin: "http://127.0.0.1:1", port };
    const engine = restateEngine({ journal, clock, place, space: "t" });
    expect(await codeOf(() => engine.work(async () => undefined))).toBe("engine.port_taken");
    taken.close();
    await local.submit(mission("r1"));
    journal.lease("r1");
    expect(await codeOf(() => move(journal, "r1", local, engine))).toBe("engine.busy");
  });

  test("is nothing where nobody answers, and the copy in the home is said to be one", async () => {
    const { journal, clock } = setup();
    const place = { url: "http://127.0.0.1:1", admin: "http://127.0.0.1:1", port: 0 };
    const engine = restateEngine({ journal, clock, place, space: "t" });
    expect(await codeOf(() => engine.submit(mission("r1")))).toBe("engine.unreachable");
    expect(await codeOf(() => engine.status("r1"))).toBe("engine.unreachable");
    await put(journal, mission("r1"), "restate");
    expect(await engine.status("r1")).toEqual({ state: "queued", copy: true });
    expect(await codeOf(() => engine.signal("r1", answer("x")))).toBe("engine.unreachable");
    // What was given away stays there, and is not said to have moved.
    const local = localEngine({ journal, clock });
    expect(await codeOf(() => move(journal, "r1", engine, local))).toBe("engine.one_way");
    expect(engineOf(journal, "r1")).toBe("restate");
  });
});

const ENDED = { kind: "run.ended", end: { outcome: "succeeded" } } as unknown as Draft["body"];

function submitted(run: string): Draft {
  const common = { step: null, actor: "operator", policy: null, isolation: null, label: null };
  return { ...common, run: HOME_CHAIN, body: { kind: "engine.submitted", mission: mission(run) } };
}
