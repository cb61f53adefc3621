import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { fakeClock } from "../std/clock.ts";
import { systemRandom } from "../std/random.ts";
import { Superseded } from "../contracts/drive.ts";
import { memoryJournal } from "./open.ts";
import { codeOfFailure, draft, inFolder, open } from "./testing/sample.ts";

const HOLDER = join(import.meta.dirname, "testing", "holder.ts");

/** A process that takes the run's lease, says so, and does nothing more. */
async function holder(dir: string, run: string): Promise<{ kill(): Promise<void>; stop(): void }> {
  const child = spawn(process.execPath, [HOLDER, dir, run], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const said = await new Promise((resolve) =>
    child.stdout.once("data", (data) => resolve(String(data))),
  );
  expect(said).toBe("taken 1\n");
  return {
    stop: () => void child.kill("SIGSTOP"),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

describe("a lease", () => {
  test("is one process's at a time, and its epoch rises with every holder", () =>
    inFolder(async (dir) => {
      const one = open(dir);
      const two = open(dir);
      const first = one.lease("r1");
      expect(first).toMatchObject({ run: "r1", epoch: 1 });
      expect(one.lease("r1")).toBeNull();
      expect(two.lease("r1")).toBeNull();
      expect(two.lease("r2")).toMatchObject({ epoch: 1 });
      expect([one.carried("r1"), two.carried("r1"), one.carried("r2"), one.carried("r3")]).toEqual([
        true,
        true,
        true,
        false,
      ]);
      first!.release();
      first!.release();
      expect(two.carried("r1")).toBe(false);
      expect(two.lease("r1")).toMatchObject({ epoch: 2 });
      first!.release();
      expect(one.carried("r1")).toBe(true);
      one.close();
      two.close();
    }));

  test("lets whoever has read before another stored the heads append after them", () =>
    inFolder(async (dir) => {
      const one = open(dir);
      await one.append([draft("r1")]);
      const two = open(dir);
      expect([...two.since(0)]).toHaveLength(1);
      await one.append([draft("r1")]);
      one.close();
      await two.append([draft("r1")]);
      expect(two.verify()).toMatchObject({ ok: true });
      two.close();
    }));

  test("lets its holder append and nobody else; without one everybody may", () =>
    inFolder(async (dir) => {
      const one = open(dir);
      const two = open(dir);
      await two.append([draft("r1")]);
      const lease = one.lease("r1")!;
      await one.append([draft("r1")]);
      expect(await codeOfFailure(() => two.append([draft("r1")]))).toBe(Superseded.name);
      expect(await codeOfFailure(() => two.append([draft("r2"), draft("r1")]))).toBe(
        Superseded.name,
      );
      await two.append([draft("home"), draft("r2")]);
      lease.release();
      await two.append([draft("r1")]);
      expect(two.verify()).toMatchObject({ ok: true, events: 5 });
      one.close();
      two.close();
    }));

  test("fails only its own append when several share a commit", () =>
    inFolder(async (dir) => {
      const one = open(dir);
      const two = open(dir);
      one.lease("r1");
      const results = await Promise.allSettled([
        two.append([draft("r2")]),
        two.append([draft("r1")]),
        two.append([draft("r3")]),
      ]);
      expect(results.map(({ status }) => status[0])).toEqual(["f", "r", "f"]);
      one.close();
      two.close();
    }));

  test("that was taken over stops its former holder at the next append", () =>
    inFolder(async (dir) => {
      const one = open(dir);
      const two = open(dir);
      one.lease("r1");
      await one.append([draft("r1")]);
      // The file by which others see that the holder lives is gone: it counts as dead.
      for (const name of fs.readdirSync(join(dir, "wake"))) fs.rmSync(join(dir, "wake", name));
      const second = two.lease("r1");
      expect(second).toMatchObject({ epoch: 2 });
      expect(await codeOfFailure(() => one.append([draft("r1")]))).toBe(Superseded.name);
      await two.append([draft("r1")]);
      second!.release();
      // Free again, and still not the former holder's.
      expect(await codeOfFailure(() => one.append([draft("r1")]))).toBe(Superseded.name);
      expect(one.size()).toBe(2);
      one.close();
      two.close();
      expect(open(dir).lease("r1")).toMatchObject({ epoch: 3 });
    }));

  test("of a process that was killed is free at once", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      const other = await holder(dir, "r1");
      expect(journal.lease("r1")).toBeNull();
      expect(journal.carried("r1")).toBe(true);
      expect(await codeOfFailure(() => journal.append([draft("r1")]))).toBe(Superseded.name);
      await other.kill();
      expect(journal.carried("r1")).toBe(false);
      expect(journal.lease("r1")).toMatchObject({ epoch: 2 });
      await journal.append([draft("r1")]);
      // What the dead left behind is gone.
      expect(locks(dir).length).toBe(1);
      journal.close();
      expect(locks(dir)).toEqual([]);
    }));

  test("is given back when the journal closes", () =>
    inFolder((dir) => {
      const one = open(dir);
      one.lease("r1");
      one.close();
      const two = open(dir);
      expect(two.carried("r1")).toBe(false);
      expect(two.lease("r1")).toMatchObject({ epoch: 2 });
      two.close();
    }));

  test("of a run without events is no damage", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      journal.lease("r1");
      expect(journal.head("r1")).toBeNull();
      expect(journal.verify()).toMatchObject({ ok: true, events: 0, chains: 0 });
      await journal.append([draft("r1")]);
      expect(journal.verify()).toMatchObject({ ok: true, events: 1, chains: 1 });
      journal.close();
    }));

  test("in memory is held and given back the same way", async () => {
    const journal = memoryJournal({ clock: fakeClock(), random: systemRandom });
    const lease = journal.lease("r1");
    expect(lease?.epoch).toBe(1);
    expect(journal.lease("r1")).toBeNull();
    await journal.append([draft("r1")]);
    lease!.release();
    expect(journal.carried("r1")).toBe(false);
    expect(journal.lease("r1")?.epoch).toBe(2);
    journal.close();
  });

  test("the home chain has none", () => {
    const journal = memoryJournal({ clock: fakeClock(), random: systemRandom });
    expect(() => journal.lease("home")).toThrow("the home chain has no lease");
    journal.close();
  });
});

function locks(dir: string): readonly string[] {
  return fs.readdirSync(join(dir, "wake")).filter((name) => name.endsWith(".lock"));
}

describe("who waits for a run another process carries", () => {
  test("hears at once when that one lets go, ends, or hangs, and may then take it", () =>
    inFolder(async (dir) => {
      const mine = open(dir, { leaseMs: 100 });
      const theirs = open(dir);
      theirs.onWake(() => undefined);
      const lease = theirs.lease("r1");
      const closed = leftBy(mine, "r1");
      expect(mine.lease("r1")).toBeNull();
      theirs.close();
      lease!.release();
      expect(await closed).toBe("free");
      expect(await leftBy(mine, "r2")).toBe("free");
      const killed = await holder(dir, "r3");
      const gone = leftBy(mine, "r3");
      await killed.kill();
      expect(await gone).toBe("free");
      expect(mine.lease("r3")).toMatchObject({ epoch: 2 });
      const hanging = await holder(dir, "r4");
      hanging.stop();
      expect(await leftBy(mine, "r4")).toBe("hanging");
      expect(mine.lease("r4")).toBeNull();
      expect(mine.lease("r4", "hanging")).toMatchObject({ epoch: 2 });
      await mine.append([draft("r4")]);
      await hanging.kill();
      mine.close();
    }));

  test("hears nothing once it stops listening", () =>
    inFolder(async (dir) => {
      const [mine, theirs, others] = [open(dir), open(dir), open(dir)];
      theirs.onWake(() => undefined);
      theirs.lease("r1");
      let heard = 0;
      const count = (): void => void (heard += 1);
      mine.whenLeft("r1", count)();
      mine.whenLeft("r1", count);
      mine.close();
      const left = leftBy(others, "r1");
      theirs.close();
      expect(await left).toBe("free");
      expect(heard).toBe(0);
      others.close();
    }));
});

function leftBy(journal: ReturnType<typeof open>, run: string): Promise<string> {
  return new Promise((resolve) => journal.whenLeft(run, resolve));
}
