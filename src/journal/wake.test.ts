import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fakeClock, systemClock } from "../std/clock.ts";
import { LIMITS } from "../std/limits.ts";
import { systemRandom } from "../std/random.ts";
import { memoryJournal } from "./open.ts";
import { inFolder, open } from "./testing/sample.ts";

const HOLDER = join(import.meta.dirname, "testing", "holder.ts");

/** Waits until `is` holds; the test's own time limit is the bound. */
async function until(is: () => boolean): Promise<void> {
  while (!is()) await systemClock.sleep(2);
}

function sockets(dir: string): readonly string[] {
  return fs.readdirSync(join(dir, "wake")).filter((name) => name.endsWith(".sock"));
}

describe("wake", () => {
  test("reaches every listener of every process, and itself", () =>
    inFolder(async (dir) => {
      const one = open(dir);
      const two = open(dir);
      const heard: string[] = [];
      one.onWake((topic) => heard.push(`one ${topic}`));
      two.onWake((topic) => heard.push(`two ${topic}`));
      two.onWake((topic) => heard.push(`also two ${topic}`));
      await one.wake("answer:a1");
      await until(() => heard.length === 3);
      expect(heard.toSorted()).toEqual(["also two answer:a1", "one answer:a1", "two answer:a1"]);
      one.close();
      two.close();
    }));

  test("crosses processes both ways and does not keep one alive", () =>
    inFolder(async (dir) => {
      const child = spawn(process.execPath, [HOLDER, dir, "r1"], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      let out = "";
      child.stdout.on("data", (data) => (out += String(data)));
      const ended = new Promise((resolve) => child.on("close", resolve));
      await until(() => out.includes("taken"));
      const journal = open(dir);
      await journal.wake("cancel:r1");
      await until(() => out.includes("heard cancel:r1\n"));
      await journal.wake("end");
      expect(await ended).toBe(0);
      expect(sockets(dir)).toEqual([]);
      journal.close();
    }));

  test("stops at a listener that was taken away", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      const heard: string[] = [];
      const forget = journal.onWake((topic) => heard.push(`gone ${topic}`));
      journal.onWake((topic) => heard.push(topic));
      forget();
      await journal.wake("x");
      await until(() => heard.length > 0);
      expect(heard).toEqual(["x"]);
      journal.close();
    }));

  test("without a listener nothing listens and no folder is made", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      await journal.wake("nobody");
      expect(fs.existsSync(join(dir, "wake"))).toBe(false);
      journal.onWake(() => undefined);
      expect(sockets(dir).length).toBe(1);
      journal.close();
      expect(sockets(dir)).toEqual([]);
    }));

  test("removes what a dead process left and goes on", () =>
    inFolder(async (dir) => {
      const child = spawn(process.execPath, [HOLDER, dir, "r1"], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      await new Promise((resolve) => child.stdout.once("data", resolve));
      const ended = new Promise((resolve) => child.on("close", resolve));
      child.kill("SIGKILL");
      await ended;
      expect(sockets(dir).length).toBe(1);
      const one = open(dir);
      const two = open(dir);
      const heard: string[] = [];
      two.onWake((topic) => heard.push(topic));
      await one.wake("x");
      await until(() => heard.length === 1);
      expect(sockets(dir).length).toBe(1);
      one.close();
      two.close();
    }));

  test("a process that hangs does not hold up the others", () =>
    inFolder(async (dir) => {
      const child = spawn(process.execPath, [HOLDER, dir, "r1"], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      await new Promise((resolve) => child.stdout.once("data", resolve));
      child.kill("SIGSTOP");
      const journal = open(dir);
      for (let i = 0; i < 5; i++) await journal.wake(`x${i}`);
      journal.close();
      const ended = new Promise((resolve) => child.on("close", resolve));
      child.kill("SIGKILL");
      await ended;
    }));

  test("takes one short line from a caller, and nothing else", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      const heard: string[] = [];
      journal.onWake((topic) => heard.push(topic));
      const path = join(dir, "wake", sockets(dir)[0]!);
      const say = (text: string): Promise<void> =>
        new Promise((resolve) => {
          const socket = connect(path, () => socket.end(text));
          socket.on("error", () => undefined);
          socket.on("close", () => resolve());
        });
      await say("x".repeat(LIMITS.wakeTopicChars + 10));
      await say(`${"x".repeat(LIMITS.wakeTopicChars + 10)}\n`);
      await say("no end of line");
      await say("one\ntwo\n");
      await until(() => heard.length > 0);
      expect(heard).toEqual(["one"]);
      expect(journal.wake("two\nlines")).rejects.toThrow("one short line");
      expect(journal.wake("x".repeat(LIMITS.wakeTopicChars + 1))).rejects.toThrow("one short line");
      journal.close();
    }));

  test("works where the home's path is too long for a socket", () =>
    inFolder(async (dir) => {
      if (process.platform !== "linux") {
        process.stdout.write("not available: sockets under long paths (run on Linux)\n");
        return;
      }
      const long = join(dir, "d".repeat(120));
      const one = open(long);
      const two = open(long);
      const heard: string[] = [];
      one.onWake((topic) => heard.push(topic));
      await two.wake("far");
      await until(() => heard.length === 1);
      expect(sockets(long).length).toBe(1);
      one.close();
      two.close();
      expect(sockets(long)).toEqual([]);
    }));

  test("in memory reaches its own listeners", async () => {
    const journal = memoryJournal({ clock: fakeClock(), random: systemRandom });
    const heard: string[] = [];
    journal.onWake((topic) => heard.push(topic));
    await journal.wake("x");
    await until(() => heard.length === 1);
    journal.close();
  });
});
