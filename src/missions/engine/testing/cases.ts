import { expect } from "bun:test";
import { systemClock } from "../../../std/clock.ts";
import { NanosError } from "../../../std/error.ts";
import type { Recorded } from "../../../contracts/drive.ts";
import type { Mission, Standing } from "../../../contracts/engine.ts";
import type { Journal } from "../../../journal/journal.ts";
import type { Engine } from "../engine.ts";
import { decisionDigest } from "../record.ts";
import { type PlainStep, linesIn, plainDriver, type Told } from "./driver.ts";

/**
 * What every engine must do, as one suite: `Contract:` of `Engine`, line by line. A case gets a
 * place that is its own, and opens the engine in it as often as processes would.
 */
export interface Ground {
  /** Where drivers write, absolute. */
  readonly folder: string;
  /** Longer than it takes this engine to notice that a process hangs, in milliseconds. */
  readonly longMs: number;
  /** The engine as one more process has it; gone when the case ends. */
  open(queues?: Readonly<Record<string, number>>): Promise<Opened>;
  /** A process of its own that carries missions. */
  worker(): Promise<Worker>;
}

export interface Opened {
  readonly engine: Engine;
  readonly journal: Journal;
  /** As when the process ends. */
  close(): Promise<void>;
}

export interface Worker {
  /** Resolves once it has printed this line. */
  said(line: string): Promise<void>;
  signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
}

export interface Case {
  readonly name: string;
  readonly run: (ground: Ground) => Promise<void>;
}

const write = (name: string, ms?: number): PlainStep => ({
  ...{ does: "write", name, once: false },
  ...(ms === undefined ? {} : { ms }),
});
export const once = (name: string, ms?: number): PlainStep =>
  ({ ...write(name, ms), once: true }) as PlainStep;
const hear = (name: string): PlainStep => ({ does: "hear", name });
const sleep = (ms: number): PlainStep => ({ does: "sleep", name: "nap", ms });

/** Two lines, a question, one more line. */
export const STEPS = [write("plan"), write("build"), hear("ship it"), once("publish")];
export const LINES = ["plan", "build", "publish"];

export const CASES: readonly Case[] = [
  {
    name: "carries a mission to where it waits, and with the answer to its end",
    run: async (ground) => {
      const { engine } = await working(ground);
      await engine.submit(mission(ground, "r1", STEPS));
      await comesTo(engine, "r1", { state: "waiting", signals: ["ship it"], until: null });
      await engine.signal("r1", answer("ship it"));
      await comesTo(engine, "r1", ENDED);
      expect(linesIn(ground.folder)).toEqual(LINES);
      expect(decisionDigest(await engine.read("r1"))).toBe(DIGEST);
    },
  },
  {
    name: "keeps a signal that comes before anybody waits, and the first of two",
    run: async (ground) => {
      const { engine } = await ground.open();
      await engine.submit(mission(ground, "r1", STEPS));
      await engine.signal("r1", answer("ship it", "yes"));
      await engine.signal("r1", answer("ship it", "no"));
      await engine.work(plainDriver(systemClock));
      await comesTo(engine, "r1", ENDED);
      expect(heardIn(await engine.read("r1"))).toEqual(["yes"]);
    },
  },
  {
    name: "takes a mission once, however often it is submitted",
    run: async (ground) => {
      const { engine } = await ground.open();
      const { engine: other } = await ground.open();
      await engine.submit(mission(ground, "r1", [write("one")]));
      await other.submit(mission(ground, "r1", [write("two")]));
      await engine.work(plainDriver(systemClock));
      await comesTo(engine, "r1", ENDED);
      await other.submit(mission(ground, "r1", [write("three")]));
      expect(await other.status("r1")).toEqual(ENDED);
      expect(linesIn(ground.folder)).toEqual(["one"]);
    },
  },
  {
    name: "knows no mission that was never given to it",
    run: async (ground) => {
      const { engine } = await working(ground);
      for (const asked of [
        () => engine.status("r9"),
        () => engine.read("r9"),
        () => engine.cancel("r9", "operator"),
        () => engine.signal("r9", answer("x")),
      ]) {
        expect(await codeOf(asked)).toBe("engine.unknown");
      }
    },
  },
  {
    name: "cancels one that waits, one that is under way, and one not begun",
    run: async (ground) => {
      const { engine } = await ground.open();
      await engine.submit(mission(ground, "r1", [write("one")]));
      await engine.cancel("r1", "operator");
      await engine.work(plainDriver(systemClock));
      await comesTo(engine, "r1", CANCELLED);
      await engine.submit(mission(ground, "r2", STEPS));
      await comesTo(engine, "r2", { state: "waiting", signals: ["ship it"], until: null });
      const { engine: other } = await ground.open();
      await other.cancel("r2", "operator");
      await comesTo(engine, "r2", CANCELLED);
      await engine.submit(mission(ground, "r3", [write("begun"), write("long", 600_000)]));
      while (!linesIn(ground.folder).includes("begun")) await systemClock.sleep(5);
      await other.cancel("r3", "operator");
      await comesTo(engine, "r3", CANCELLED);
      expect(linesIn(ground.folder)).not.toContain("one");
    },
  },
  {
    name: "blocks a mission whose code changed, runs nothing of it again, and says the way out",
    run: async (ground) => {
      const first = await working(ground);
      await first.engine.submit(mission(ground, "r1", STEPS));
      await comesTo(first.engine, "r1", { state: "waiting", signals: ["ship it"], until: null });
      await first.close();
      const changed = await ground.open();
      await changed.engine.signal("r1", answer("ship it"));
      await changed.engine.work(plainDriver(systemClock, "2"));
      const blocked = await comesTo(changed.engine, "r1", { state: "blocked" });
      expect(blocked).toMatchObject({ why: { code: "mission.code_changed" } });
      expect(blocked.state === "blocked" && blocked.why.next).toContain("fork r1");
      expect(linesIn(ground.folder)).toEqual(["plan", "build"]);
      await changed.close();
      const { engine } = await working(ground);
      while ((await engine.status("r1")).state === "blocked") await systemClock.sleep(5);
      await comesTo(engine, "r1", ENDED);
      expect(linesIn(ground.folder)).toEqual(LINES);
    },
  },
  {
    name: "blocks a mission whose driver stops in the middle, and goes on with the next one",
    run: async (ground) => {
      const { engine } = await ground.open();
      await engine.submit(mission(ground, "r1", STEPS));
      await engine.submit(mission(ground, "r2", [write("two")]));
      const plain = plainDriver(systemClock);
      await engine.work((held) => (held.mission.run === "r1" ? Promise.resolve() : plain(held)));
      await comesTo(engine, "r2", ENDED);
      const blocked = await comesTo(engine, "r1", { state: "blocked" });
      expect(blocked).toMatchObject({ why: { code: "mission.stopped" } });
    },
  },
  {
    name: "wakes a mission when its time comes, though no process was there meanwhile",
    run: async (ground) => {
      const first = await working(ground);
      await first.engine.submit(mission(ground, "r1", [write("one"), sleep(400), write("two")]));
      const waits = await comesTo(first.engine, "r1", { state: "waiting" });
      expect(waits.state === "waiting" && waits.until).toBeGreaterThan(0);
      await first.close();
      const { engine } = await working(ground);
      await comesTo(engine, "r1", ENDED);
      expect(linesIn(ground.folder)).toEqual(["one", "two"]);
    },
  },
  {
    name: "carries at most so many of a queue at once, and those of another queue beside them",
    run: async (ground) => {
      const [one, two] = [await ground.open({ two: 2 }), await ground.open({ two: 2 })];
      let [now, most] = [0, 0];
      const counting: Told = (what) => {
        now += what === "begun" ? 1 : -1;
        most = Math.max(most, now);
      };
      const all = Array.from({ length: 8 }, (_, n) => `r${n}`);
      for (const run of all) {
        await one.engine.submit({ ...mission(ground, run, [write(run, 20)]), queue: "two" });
      }
      for (const { engine } of [one, two])
        await engine.work(plainDriver(systemClock, "1", counting));
      for (const run of all) await comesTo(one.engine, run, ENDED);
      expect(most).toBe(2);
      expect(linesIn(ground.folder).toSorted()).toEqual(all);
    },
  },
  {
    name: "lets a step take longer than it takes a dead process to be noticed",
    run: async (ground) => {
      const [one, two] = [await working(ground), await working(ground)];
      await one.engine.submit(
        mission(ground, "r1", [write("long", ground.longMs), write("short")]),
      );
      await comesTo(two.engine, "r1", ENDED);
      expect(linesIn(ground.folder)).toEqual(["long", "short"]);
    },
  },
  {
    name: "begins a fork from what is recorded of another, and runs nothing of it again",
    run: async (ground) => {
      const { engine } = await working(ground);
      await engine.submit(mission(ground, "r1", STEPS));
      await comesTo(engine, "r1", { state: "waiting", signals: ["ship it"], until: null });
      const record = (await engine.read("r1")).map((one) => renamed(one, "r1", "r2"));
      await engine.submit(mission(ground, "r2", STEPS), record);
      await comesTo(engine, "r2", { state: "waiting", signals: ["ship it"], until: null });
      await engine.signal("r2", answer("ship it"));
      await comesTo(engine, "r2", ENDED);
      expect(linesIn(ground.folder)).toEqual(LINES);
      expect(decisionDigest(await engine.read("r2"))).toBe(DIGEST);
      expect(await engine.status("r1")).toMatchObject({ state: "waiting" });
    },
  },
  {
    name: "stops when what is under way is over, and leaves the rest to others",
    run: async (ground) => {
      const first = await working(ground);
      await first.engine.submit(mission(ground, "r1", [write("one", 50), write("two")]));
      while ((await first.engine.status("r1")).state === "queued") await systemClock.sleep(5);
      await first.engine.stop(60_000);
      expect(await first.engine.status("r1")).toMatchObject(ENDED);
      await first.engine.submit(mission(ground, "r2", [write("three")]));
      expect(await first.engine.status("r2")).toMatchObject({ state: "queued" });
      const { engine } = await working(ground);
      await comesTo(engine, "r2", ENDED);
    },
  },
  {
    name: "a process killed in a step: another one carries on, and no finished step runs again",
    run: async (ground) => {
      const { engine } = await ground.open();
      await engine.submit(mission(ground, "r1", [write("plan"), write("build", 600_000)]));
      const killed = await ground.worker();
      await killed.said("begun build");
      // Somebody else is there already, and hears of it at once.
      const { engine: other } = await ground.open();
      await other.work(quick());
      killed.signal("SIGKILL");
      await comesTo(other, "r1", ENDED);
      expect(linesIn(ground.folder)).toEqual(["plan", "build"]);
    },
  },
  {
    name: "a process killed while a mission waits: the answer finds another one",
    run: async (ground) => {
      const { engine } = await ground.open();
      await engine.submit(mission(ground, "r1", STEPS));
      const killed = await ground.worker();
      await comesTo(engine, "r1", { state: "waiting", signals: ["ship it"], until: null });
      killed.signal("SIGKILL");
      await engine.signal("r1", answer("ship it"));
      await ground.worker();
      await comesTo(engine, "r1", ENDED);
      expect(linesIn(ground.folder)).toEqual(LINES);
      expect(decisionDigest(await engine.read("r1"))).toBe(DIGEST);
    },
  },
  {
    name: "a process that hangs: another one takes over, and what the first still says is refused",
    run: async (ground) => {
      const { engine, journal } = await ground.open();
      await engine.submit(
        mission(ground, "r1", [write("plan"), once("build", 1_000), write("end")]),
      );
      const hangs = await ground.worker();
      await hangs.said("begun build");
      hangs.signal("SIGSTOP");
      const { engine: other } = await ground.open();
      await other.work(quick());
      await comesTo(engine, "r1", ENDED);
      const record = await engine.read("r1");
      hangs.signal("SIGCONT");
      await hangs.said("lost Superseded");
      expect(await engine.read("r1")).toEqual(record);
      expect(linesIn(ground.folder)).toEqual(["plan", "build", "end"]);
      expect(journal.verify()).toMatchObject({ ok: true });
    },
  },
];

export const ENDED: Standing = { state: "ended", outcome: "succeeded" };
const CANCELLED: Standing = { state: "ended", outcome: "cancelled" };

/** Of `STEPS`, wherever and however they were carried. */
export const DIGEST = "5a9daaa1cb6be3923a61d776c3034c73446fb59ae83c5ba20f4d7c081219cce8";

export function mission(ground: Ground, run: string, steps: readonly PlainStep[]): Mission {
  const input = { folder: ground.folder, steps: steps.map((step) => ({ ...step })) };
  return { run, kind: "plain", input, queue: "main" };
}

/** An engine that works, with nothing more to it. */
export async function working(ground: Ground): Promise<Opened> {
  const opened = await ground.open();
  await opened.engine.work(plainDriver(systemClock));
  return opened;
}

/** A driver that waits for nothing, so that a step that took for ever elsewhere is over here. */
const quick = (): ReturnType<typeof plainDriver> =>
  plainDriver({ ...systemClock, sleep: async () => undefined });

export function answer(
  name: string,
  payload = "yes",
): { name: string; payload: string; by: string } {
  return { name, payload, by: "operator" };
}

/** Waits until it stands so with the mission. */
export async function comesTo(
  engine: Engine,
  run: string,
  wanted: Partial<Standing>,
): Promise<Standing> {
  for (;;) {
    const standing = await engine.status(run);
    const isThere = standing.state === wanted.state;
    const isOver = standing.state === "ended" || standing.state === "blocked";
    if (isThere || isOver) {
      expect({ run, ...standing }).toMatchObject({ run, ...wanted });
      return standing;
    }
    await systemClock.sleep(5);
  }
}

/** What steps that waited for a signal were given. */
function heardIn(record: readonly Recorded[]): readonly unknown[] {
  const hears = record.flatMap(({ event, body }) =>
    body?.kind === "action.proposed" && body.action.name === "ship it" ? [event.step] : [],
  );
  return record.flatMap(({ event, body }) =>
    body?.kind === "action.settled" && hears.includes(event.step) && "output" in body.outcome
      ? [body.outcome.output]
      : [],
  );
}

function renamed({ event, body }: Recorded, from: string, to: string): Recorded {
  const step = event.step?.replace(from, to) ?? null;
  return { event: { ...event, run: to, step }, body };
}

/** The code of what `act` fails with; `none` where it does not. */
export async function codeOf(act: () => Promise<unknown>): Promise<string> {
  const failure: unknown = await act().then(
    () => "none",
    (error: unknown) => error,
  );
  return failure instanceof NanosError ? failure.code : String(failure);
}
