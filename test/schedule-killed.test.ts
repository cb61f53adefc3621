import { expect, setDefaultTimeout, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventBody } from "../src/contracts/event.ts";
import type { Schedule } from "../src/contracts/schedule.ts";
import type { Fired } from "../src/contracts/skill.ts";
import type { Journal } from "../src/journal/journal.ts";
import { openJournal } from "../src/journal/open.ts";
import { note } from "../src/kernel/desk/note.ts";
import { begin } from "../src/kernel/runner.ts";
import { keepSchedules } from "../src/kernel/schedule/keep.ts";
import { lab } from "../src/kernel/testing/lab.ts";
import { type Hand, handClock } from "../src/kernel/testing/hand-clock.ts";
import { systemClock } from "../src/std/clock.ts";
import { LIMITS } from "../src/std/limits.ts";
import { systemRandom } from "../src/std/random.ts";

setDefaultTimeout(60_000);

/** A process is killed between the claim of a schedule's time and its run's start, while another watches. */

const START = Date.UTC(2026, 2, 1, 10);
const HOUR = 3_600_000;
const CHILD = join(import.meta.dirname, "support", "schedule-child.ts");

interface Home {
  readonly journal: Journal;
  readonly clock: Hand;
  /** Claimed the time, and begins nothing. */
  readonly child: ChildProcess;
}

async function inHome(
  missed: Schedule["missed"],
  act: (home: Home) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "nanos-killed-"));
  const journal = openJournal({ dir, clock: systemClock, random: systemRandom });
  const clock = handClock(START);
  const schedule: Schedule = {
    ...{ name: "hourly", workspace: "/ws", missed, budget: {}, seal: {}, at: START },
    when: { cron: "0 * * * *", zone: "UTC" },
    what: { agent: "oracle", text: "hello" },
    estimate: { calls: 1, tokens: 1, cost: 0 },
  };
  await note(journal, { kind: "schedule.saved", schedule });
  clock.set(START + HOUR);
  const child = spawn(process.execPath, [CHILD, dir, String(clock.now())]);
  try {
    await once(child.stdout, "data");
    await act({ journal, clock, child });
  } finally {
    child.kill("SIGKILL");
    journal.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Another process of the home, which keeps its schedules as well. */
function watching({ journal, clock }: Home): { told: Fired[]; stop(): Promise<void> } {
  const { world } = lab(
    { script: { turns: [{ say: "done", once: false }] } },
    { journal, clock: { ...clock, advance: () => undefined } },
  );
  const stop = new AbortController();
  const told: Fired[] = [];
  const open = async (): ReturnType<Parameters<typeof keepSchedules>[0]["open"]> => ({
    refused: async () => null,
    begin: (_, claim, run, hooks) =>
      begin(world, { ...hooks, text: "hello", schedule: claim, run }),
    close: async () => undefined,
  });
  const keeper = { journal, clock, random: systemRandom, workspace: "/ws", open };
  const over = keepSchedules(keeper, stop.signal, (one) => told.push(one));
  return {
    told,
    stop: async () => {
      stop.abort();
      await over;
    },
  };
}

function written(journal: Journal): readonly EventBody[] {
  const bodies = [...journal.chain("home")].flatMap(({ body }) => body ?? []);
  return bodies.filter(({ kind }) => kind === "schedule.fired" || kind === "schedule.missed");
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

async function killed({ child }: Home): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

test("the one that watches as well begins exactly the run that was claimed, once", () =>
  inHome("once", async (home) => {
    const { journal, clock } = home;
    const other = watching(home);
    const [claim] = written(journal);
    if (claim?.kind !== "schedule.fired") throw new Error("nothing was claimed");
    // While who claimed it lives, nobody else begins it.
    clock.set(clock.now() + LIMITS.scheduleRestMs + 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(journal.head(claim.run)).toBe(null);
    await killed(home);
    clock.set(clock.now() + LIMITS.scheduleRestMs + 1);
    await until(() => {
      clock.set(clock.now() + LIMITS.scheduleLookMs);
      return other.told.some(({ state }) => state === "ended");
    });
    await other.stop();
    const fired = written(journal).filter((one) => "due" in one && one.due === claim.due);
    expect(fired).toEqual([claim]);
    const began = other.told.filter(({ state }) => state === "begun");
    expect(began[0]).toMatchObject({ run: claim.run });
    const starts = [...journal.chain(claim.run)].filter(
      ({ event }) => event.kind === "run.started",
    );
    expect(starts).toHaveLength(1);
  }));

test("what is found too late and skips what it missed says so on the record", () =>
  inHome("skip", async (home) => {
    const { journal, clock } = home;
    await killed(home);
    clock.set(clock.now() + LIMITS.scheduleLateMs + HOUR / 2);
    const other = watching(home);
    await until(() => written(journal).some(({ kind }) => kind === "schedule.missed"));
    await other.stop();
    const [claim, missed] = written(journal);
    expect(missed).toMatchObject({ kind: "schedule.missed", name: "hourly", missed: 1 });
    expect(claim?.kind === "schedule.fired" && journal.head(claim.run)).toBe(null);
  }));
