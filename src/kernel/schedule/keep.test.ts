import { expect, test } from "bun:test";
import type { Clock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { Schedule } from "../../contracts/schedule.ts";
import type { Fired } from "../../contracts/skill.ts";
import { note } from "../desk/note.ts";
import { begin } from "../runner.ts";
import { type Hand, handClock } from "../testing/hand-clock.ts";
import { type Lab, lab } from "../testing/lab.ts";
import { isLost, keepSchedules, SCHEDULES_TOPIC, type Starter } from "./keep.ts";
import { scheduleIn, schedulesIn } from "./view.ts";

/** Schedules that are kept by processes of one home, over a clock that is set by hand. */

const START = Date.UTC(2026, 2, 1, 10);
const HOUR = 3_600_000;

const HOURLY: Schedule = {
  ...{ name: "hourly", workspace: "/ws", missed: "once", budget: {}, seal: {}, at: START },
  when: { cron: "0 * * * *", zone: "UTC" },
  what: { agent: "oracle", text: "hello" },
  estimate: { calls: 1, tokens: 1, cost: 0 },
};

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

interface Process {
  readonly told: readonly Fired[];
  stop(): Promise<void>;
}

/** A process that keeps this home's schedules. */
function keeps(made: Lab, clock: Clock, starter: Partial<Starter> = {}): Process {
  const { world } = made;
  const stop = new AbortController();
  const told: Fired[] = [];
  const whole: Starter = {
    refused: async () => null,
    begin: (schedule, claim, run, hooks) =>
      begin(world, {
        ...hooks,
        text: "text" in schedule.what ? schedule.what.text : "",
        schedule: claim,
        run,
      }),
    close: async () => undefined,
    ...starter,
  };
  const keeper = { ...world, clock, workspace: "/ws", open: async () => whole };
  const going = keepSchedules(keeper, stop.signal, (one) => told.push(one));
  return {
    told,
    stop: async () => {
      stop.abort();
      await going;
    },
  };
}

async function home(...schedules: readonly Schedule[]): Promise<{ made: Lab; clock: Hand }> {
  const made = lab({ script: { turns: [{ say: "done", once: false }] } });
  for (const schedule of schedules) await note(made.journal, { kind: "schedule.saved", schedule });
  return { made, clock: handClock(START) };
}

function written(made: Lab): readonly EventBody[] {
  const bodies = [...made.journal.chain("home")].flatMap(({ body }) => body ?? []);
  return bodies.filter(({ kind }) => kind.startsWith("schedule.") && kind !== "schedule.saved");
}

const states = ({ told }: Process): readonly string[] => told.map(({ state }) => state);
const ends = (one: Process): number => states(one).filter((state) => state === "ended").length;
const listens = (one: Process): boolean => states(one).includes("listening");

test("it begins at its time, and says on the record what began the run", async () => {
  const { made, clock } = await home(HOURLY);
  const one = keeps(made, clock);
  await until(() => listens(one));
  clock.set(START + HOUR);
  await until(() => ends(one) === 1);
  await one.stop();
  const [fired] = written(made);
  expect(fired).toMatchObject({ kind: "schedule.fired", due: START + HOUR, missed: 0 });
  const run = fired?.kind === "schedule.fired" ? fired.run : "";
  const [started] = [...made.journal.chain(run)];
  expect(started?.body).toMatchObject({
    ...{ kind: "run.started", request: "hello" },
    schedule: { name: "hourly", due: START + HOUR },
  });
});

test("a year of sleep is one run, or none where it skips; both are written down", async () => {
  const skips: Schedule = { ...HOURLY, name: "skips", missed: "skip" };
  const { made, clock } = await home(HOURLY, skips);
  clock.set(START + 365 * 24 * HOUR + HOUR / 2);
  const one = keeps(made, clock);
  await until(() => ends(one) === 1 && states(one).includes("dropped"));
  await until(() => one.told.filter(({ state }) => state === "listening").length === 2);
  await one.stop();
  const all = written(made).toSorted((a, b) => a.kind.localeCompare(b.kind));
  expect(all).toMatchObject([
    { kind: "schedule.fired", name: "hourly", missed: LIMITS.missedCounted - 1 },
    { kind: "schedule.missed", name: "skips", missed: LIMITS.missedCounted },
  ]);
});

test("of two processes one begins it, at each of its times", async () => {
  const { made, clock } = await home(HOURLY);
  const [one, two] = [keeps(made, clock), keeps(made, clock)];
  await until(() => listens(one) && listens(two));
  for (let i = 1; i <= 5; i++) {
    clock.set(START + i * HOUR);
    await until(() => ends(one) + ends(two) === i);
  }
  await Promise.all([one.stop(), two.stop()]);
  const dues = written(made).map((body) => (body.kind === "schedule.fired" ? body.due : 0));
  expect(dues).toEqual([1, 2, 3, 4, 5].map((i) => START + i * HOUR));
});

test("killed between claim and run, the next process begins exactly that run, once", async () => {
  const { made, clock } = await home(HOURLY);
  const dead = keeps(made, clock, {
    begin: async () => {
      throw new Error("killed");
    },
  });
  await until(() => listens(dead));
  clock.set(START + HOUR);
  await until(() => states(dead).includes("dropped"));
  await dead.stop();
  const kept = scheduleIn(made.journal, "hourly");
  expect(kept && isLost(made.journal, kept)).toBe(true);
  const next = made.again();
  const one = keeps(next, clock);
  await until(() => ends(one) === 1);
  await one.stop();
  expect(written(made)).toMatchObject([{ kind: "schedule.fired", run: kept?.run ?? "" }]);
  expect(made.journal.head(kept?.run ?? "")?.kind).toBe("run.ended");
});

test("one that skips what it missed does not begin a claim that is long past", async () => {
  const { made, clock } = await home({ ...HOURLY, missed: "skip" });
  const claim = { name: "hourly", due: START + HOUR, run: "r1", until: START + HOUR, missed: 0 };
  await note(made.journal, { kind: "schedule.fired", ...claim });
  clock.set(START + HOUR + HOUR / 2);
  const one = keeps(made.again(), clock);
  await until(() => states(one).includes("dropped") && listens(one));
  await one.stop();
  expect(written(made).at(-1)).toMatchObject({ kind: "schedule.missed", missed: 1 });
  expect(made.journal.head("r1")).toBeNull();
});

test("what changed is held: told and written once, and begun once it is saved again", async () => {
  const { made, clock } = await home(HOURLY);
  let asked = 0;
  const why = { code: "schedule.changed", message: "Changed since it was saved: rules." };
  const one = keeps(made, clock, {
    refused: async ({ seal }) => {
      asked += 1;
      return seal["rules"] === "new" ? null : why;
    },
  });
  await until(() => listens(one));
  clock.set(START + HOUR);
  await until(() => states(one).includes("dropped"));
  // Looked at again, and not told again.
  clock.set(START + HOUR + LIMITS.scheduleRestMs);
  await until(() => asked >= 2);
  expect(written(made)).toMatchObject([{ kind: "schedule.held", due: START + HOUR, why }]);
  const again = { ...HOURLY, seal: { rules: "new" }, at: clock.now() };
  await note(made.journal, { kind: "schedule.saved", schedule: again });
  await made.journal.wake(SCHEDULES_TOPIC);
  await until(() => one.told.filter(({ state }) => state === "listening").length === 2);
  clock.set(START + 2 * HOUR);
  await until(() => ends(one) === 1);
  await one.stop();
  expect(states(one).filter((state) => state === "dropped")).toEqual(["dropped"]);
});

test("a run that waits keeps its schedule from beginning another", async () => {
  const made = lab({
    script: { turns: [{ calls: [{ name: "post", args: { to: "x" } }] }, { say: "done" }] },
    tools: [{ name: "post", scopes: ["net:example.org:443"], run: () => "sent" }],
  });
  const clock = handClock(START);
  await note(made.journal, { kind: "schedule.saved", schedule: HOURLY });
  const one = keeps(made, clock);
  await until(() => listens(one));
  clock.set(START + HOUR);
  await until(() => states(one).includes("waiting"));
  for (let i = 2; i <= 4; i++) {
    clock.set(START + i * HOUR);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await one.stop();
  expect(written(made).map(({ kind }) => kind)).toEqual(["schedule.fired"]);
});

test("saved somewhere else it begins nothing here; removed it is gone, and saved anew it begins afresh", async () => {
  const { made, clock } = await home({ ...HOURLY, workspace: "/other" });
  clock.set(START + HOUR);
  const one = keeps(made, clock);
  await note(made.journal, { kind: "schedule.removed", name: "hourly" });
  await made.journal.wake(SCHEDULES_TOPIC);
  expect(schedulesIn(made.journal)).toEqual([]);
  await note(made.journal, { kind: "schedule.saved", schedule: { ...HOURLY, at: clock.now() } });
  await made.journal.wake(SCHEDULES_TOPIC);
  await until(() => listens(one));
  await one.stop();
  expect(written(made).map(({ kind }) => kind)).toEqual(["schedule.removed"]);
});
