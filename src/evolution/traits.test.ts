import { describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { HOME_CHAIN } from "../contracts/chain.ts";
import type { EventBody } from "../contracts/event.ts";
import { type StageName, STAGES, TRAITS } from "../contracts/stage.ts";
import { openConfig } from "../home/config.ts";
import { withLock } from "../home/store.ts";
import type { Journal } from "../journal/journal.ts";
import { inFolder, open } from "../journal/testing/sample.ts";
import { fakeClock, systemClock } from "../std/clock.ts";
import type { NanosError } from "../std/error.ts";
import { type TraitDesk, traitDesk } from "./desk.ts";
import { evolutionIn } from "./journal.ts";
import { keptIn } from "./kept.ts";
import { THRESHOLDS } from "./stage.ts";
import { bodiesOf, fill, ONE } from "./testing/fill.ts";
import { traitsAt } from "./traits.ts";

const GOOD = await bodiesOf({ tasks: [ONE] });
const BAD = await bodiesOf({ tasks: [{ id: "b", tool: "fail", args: {} }] });
const sign = (text: string): string => `signed ${text}`;

interface Home {
  readonly journal: Journal;
  readonly desk: TraitDesk;
  readonly config: ReturnType<typeof openConfig>;
  /** What was noted and switched, oldest first. */
  said(): readonly EventBody[];
}

function homeIn(dir: string): Home {
  const journal = open(dir);
  const config = openConfig(join(dir, "config.yaml"), fakeClock());
  const alone = <T>(task: () => Promise<T>): Promise<T> =>
    withLock(join(dir, "traits"), systemClock, task);
  const desk = traitDesk({
    world: { journal, alone },
    config,
    kept: keptIn(join(dir, "evolution"), sign),
  });
  const said = (): readonly EventBody[] =>
    [...journal.chain(HOME_CHAIN)].flatMap(({ body }) =>
      body && /^(?:stage|trait)\./u.test(body.kind) ? [body] : [],
    );
  return { journal, desk, config, said };
}

async function inHome(act: (home: Home, dir: string) => Promise<void>): Promise<void> {
  await inFolder(async (dir) => {
    const home = homeIn(dir);
    await act(home, dir);
    home.journal.close();
  });
}

async function refused(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "nothing",
    (error: NanosError) => `${error.code}: ${error.message}`,
  );
}

test("what is not reached is refused with what is missing, and so is what is no switch", () =>
  inHome(async ({ journal, desk, said }) => {
    expect(await refused(desk.desk.set("recall", true))).toBe(
      "trait.not_reached: RECALL needs AWAKENING: 1 proven mission: 0 so far.",
    );
    await fill(journal, GOOD, 4);
    await fill(journal, BAD, 12);
    expect(await refused(desk.desk.set("analyze", true))).toBe(
      "trait.not_reached: ANALYZE needs FORGING: 10 proven missions, 30% of those that count: 4 so far, 25%.",
    );
    expect(await refused(desk.desk.set("recal", true))).toContain("trait.unknown");
    expect(await refused(desk.desk.set("OBSERVE", false))).toContain("trait.fixed");
    expect(await refused(desk.need("RECALL"))).toContain("trait.off");
    expect(await refused(desk.need("ANALYZE"))).toContain("trait.not_reached");
    expect(await refused(desk.desk.numbers("r1"))).toContain("trait.not_reached");
    // A stage was noticed on the way, and nothing was switched.
    expect(said().map(({ kind }): string => kind)).toEqual([
      ...["stage.changed", "trait.unlocked", "trait.unlocked"],
    ]);
    expect(await desk.traits()).toEqual([]);
  }));

test("switched on and off by the operator, in config and on the record", () =>
  inHome(async ({ journal, desk, config, said }) => {
    await fill(journal, GOOD, 1);
    const switched = (): readonly EventBody[] =>
      said().filter(({ kind }) => kind === "trait.switched");
    expect(await desk.desk.set("recall", true)).toMatchObject({ trait: "RECALL", on: true });
    await desk.desk.set("RECALL", true);
    expect([(await config.read()).traits, await desk.traits()]).toEqual([["RECALL"], ["RECALL"]]);
    await desk.need("RECALL");
    expect(await desk.desk.set("RECALL", false)).toMatchObject({ on: false, reached: true });
    expect([(await config.read()).traits, await desk.traits()]).toEqual([[], []]);
    expect(switched()).toEqual([
      { kind: "trait.switched", trait: "RECALL", on: true },
      { kind: "trait.switched", trait: "RECALL", on: false },
    ]);
    // By hand in the file: it counts, and is noticed.
    await config.change((now) => ({ ...now, traits: ["RECALL"] }));
    expect(await desk.traits()).toEqual(["RECALL"]);
    expect(switched().at(-1)).toEqual({
      ...{ kind: "trait.switched", trait: "RECALL", on: true, why: "config" },
    });
  }));

test("where the stage falls a trait goes off by itself, and does not come back by itself", () =>
  inHome(async ({ journal, desk, config, said }) => {
    await fill(journal, GOOD, 10);
    await desk.desk.set("ANALYZE", true);
    await desk.desk.set("RECALL", true);
    await fill(journal, BAD, 30);
    expect(await desk.traits()).toEqual(["RECALL"]);
    expect((await config.read()).traits).toEqual(["RECALL"]);
    expect(said().slice(-2)).toEqual([
      {
        ...{ kind: "stage.changed", from: "FORGING", to: "AWAKENING" },
        ...{ proven: 10, failed: 30, xp: 100 },
      },
      { kind: "trait.switched", trait: "ANALYZE", on: false, why: "stage" },
    ]);
    const before = said().length;
    await fill(journal, GOOD, 10, 10);
    expect(await desk.traits()).toEqual(["RECALL"]);
    expect(
      said()
        .slice(before)
        .map(({ kind }): string => kind),
    ).toEqual([...["stage.changed", "trait.unlocked", "trait.unlocked", "trait.unlocked"]]);
  }));

test("cut off between the record and the file, it is finished and written once", () =>
  inHome(async ({ journal, desk, config, said }) => {
    await fill(journal, GOOD, 10);
    await desk.desk.set("ANALYZE", true);
    await fill(journal, BAD, 30);
    await desk.notice();
    await config.change((now) => ({ ...now, traits: ["ANALYZE"] }));
    const before = said().length;
    expect(await desk.traits()).toEqual([]);
    expect([(await config.read()).traits, said().length]).toEqual([[], before]);
  }));

test("whoever notices first writes it down, and only once", () =>
  inFolder(async (dir) => {
    const homes = Array.from({ length: 4 }, () => homeIn(dir));
    const [first] = homes;
    if (!first) throw new Error("there are four");
    await fill(first.journal, GOOD, 10);
    await Promise.all(homes.map(({ desk }) => desk.notice()));
    expect(first.said().filter(({ kind }) => kind === "stage.changed")).toHaveLength(1);
    expect(first.said().filter(({ kind }) => kind === "trait.unlocked")).toHaveLength(5);
    for (const { journal } of homes) journal.close();
  }));

test("an event that says another stage, or that a trait is on, makes neither so", () =>
  inHome(async ({ journal, desk, said }) => {
    await fill(journal, GOOD, 1);
    await desk.notice();
    const common = { run: HOME_CHAIN, step: null, actor: "kernel", policy: null } as const;
    const forged: readonly EventBody[] = [
      {
        ...{ kind: "stage.changed", from: "AWAKENING", to: "APEX" },
        ...{ proven: 900, failed: 0, xp: 9_000 },
      },
      { kind: "trait.switched", trait: "SELF_MODIFY", on: true },
      { kind: "trait.switched", trait: "RECALL", on: true },
    ];
    await journal.append(forged.map((body) => ({ ...common, isolation: null, label: null, body })));
    expect((await desk.notice()).evolution).toMatchObject({ stage: "AWAKENING", xp: 10 });
    expect(await desk.traits()).toEqual([]);
    expect((await desk.desk.list()).filter(({ on }) => on).map(({ trait }) => trait)).toEqual([
      "OBSERVE",
    ]);
    expect(said().at(-1)).toMatchObject({ on: false, why: "config" });
  }));

describe("what was read once is kept", () => {
  test("and gives the same, whatever becomes of the file", () =>
    inHome(async ({ journal }, dir) => {
      const file = join(dir, "evolution");
      const kept = keptIn(file, sign);
      await fill(journal, GOOD, 12);
      await fill(journal, BAD, 2);
      const truth = evolutionIn(journal);
      expect(evolutionIn(journal, kept)).toEqual(truth);
      const whole = readFileSync(file);
      const runs: string[] = [];
      const watched: Journal = {
        ...journal,
        head: (run) => journal.head(run),
        view: (spec, read) => journal.view(spec, read),
        chain: (run, from) => (runs.push(run), journal.chain(run, from)),
      };
      expect(evolutionIn(watched, kept)).toEqual(truth);
      expect(runs.filter((run) => run !== HOME_CHAIN)).toEqual([]);
      fc.assert(
        fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
          const bent = Buffer.from(whole);
          bent[at] = (bent[at] ?? 0) ^ by;
          writeFileSync(file, bent);
          expect(evolutionIn(journal, kept)).toEqual(truth);
        }),
        { numRuns: 40 },
      );
      // With another key it is nobody's word, and gone it is made anew.
      expect(
        evolutionIn(
          journal,
          keptIn(file, (text) => `other ${text}`),
        ),
      ).toEqual(truth);
      rmSync(file);
      expect(evolutionIn(journal, kept)).toEqual(truth);
      await fill(journal, GOOD, 1, 12);
      expect(evolutionIn(journal, kept)).toEqual(evolutionIn(journal));
    }));

  test("but not what was erased, and not the operator's word of before", () =>
    inHome(async ({ journal }, dir) => {
      const kept = keptIn(join(dir, "evolution"), sign);
      await fill(journal, GOOD, 3);
      expect(evolutionIn(journal, kept)).toMatchObject({ proven: 3 });
      const chain = [...journal.chain(`m${GOOD.length}x0`)];
      const ended = chain.find(({ body }) => body?.kind === "task.ended")?.body;
      if (ended?.kind !== "task.ended") throw new Error("it has a task");
      const review = { verdict: "rejected", by: "operator@terminal" } as const;
      const common = { run: HOME_CHAIN, step: null, actor: "operator", policy: null } as const;
      const { from, output } = ended;
      await journal.append([
        {
          ...{ ...common, isolation: null, label: null },
          body: {
            ...{ kind: "artifact.reviewed", artifact: from ?? "", hash: output ?? "", review },
          },
        },
      ]);
      // All three have the same step in their record.
      expect(evolutionIn(journal, kept)).toMatchObject({ proven: 0, uncounted: { unproven: 3 } });
      const end = chain.at(-1)?.event.hash ?? "";
      await journal.erase(end, "no longer wanted");
      expect(evolutionIn(journal, kept)).toEqual(evolutionIn(journal));
      expect(evolutionIn(journal, kept)).toMatchObject({ failed: 1 });
    }));
});

test("every trait says what it does, from a stage there is", () => {
  const at = (stage: StageName): ReturnType<typeof traitsAt> =>
    traitsAt({ stage, proven: 500, rate: 1 }, TRAITS);
  for (const { does, where, on } of at("APEX")) {
    expect([on, does.startsWith("Nothing "), where === "-"]).toEqual([true, false, false]);
  }
  for (const { from, needs } of at("DORMANT")) {
    const takes = THRESHOLDS.find(({ stage }) => stage === from);
    expect(needs).toEqual(
      takes ? expect.stringContaining(`needs ${from}: ${takes.missions} `) : null,
    );
    expect(STAGES).toContain(from);
  }
});
