import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { membersOf } from "../../process/watch.ts";
import type { Boxed } from "../../sandbox.ts";
import { LIMITS } from "../../../std/limits.ts";
import { THREADS_EACH } from "../../user.ts";
import type { Ground } from "../ground.ts";
import type { Attack, Seen } from "./attack.ts";
import { either, claimed, endedBy, leaked } from "./attack.ts";

/** Starting programs, and doing something to other processes. */
export const STARTS: readonly Attack[] = [
  {
    name: "start a program that was not named",
    aim: "exec",
    moves: (g) => ["spawn", TOUCH, join(g.staged, "started")],
    verdict: started,
  },
  {
    name: "become another program",
    aim: "exec",
    moves: (g) => ["become", TOUCH, join(g.staged, "started")],
    verdict: started,
  },
  {
    name: "start a program by its loader",
    aim: "exec",
    moves: (g) => ["by-loader", TOUCH, join(g.staged, "started")],
    verdict: started,
  },
  {
    name: "start a program from memory",
    aim: "exec",
    moves: (g) => ["by-memory", TOUCH, join(g.staged, "started")],
    verdict: started,
  },
  {
    name: "start what it wrote",
    aim: "exec",
    moves: (g) => ["by-copy", g.staged, TOUCH, join(g.staged, "started")],
    verdict: started,
  },
  {
    name: "start processes at all",
    aim: "exec",
    moves: () => ["fork"],
    kinds: ["host"],
    verdict: claimed,
  },
  {
    name: "become root again",
    aim: "exec",
    moves: () => ["become-root"],
    verdict: claimed,
    residual: {
      tiers: ["container"],
      says: "The user of a container has root's number, and none of root's rights.",
    },
  },
];

const TOUCH = "/usr/bin/touch";

export function started({ ground }: Seen): string | null {
  return existsSync(join(ground.staged, "started")) ? "A program was started." : null;
}

export const OTHERS: readonly Attack[] = [
  {
    name: "kill another process",
    aim: "signal",
    moves: (g) => ["kill", g.victim.pid],
    verdict: hurt,
  },
  {
    name: "signal everybody",
    aim: "signal",
    moves: (g) => ["signal-all", g.victim.pid],
    verdict: hurt,
    boxedOnly: "it would signal everybody",
  },
  {
    name: "signal through a file",
    aim: "signal",
    moves: (g) => ["signal-by-file", g.victim.pid],
    verdict: hurt,
  },
  {
    name: "change another process",
    aim: "signal",
    moves: (g) => ["change", g.victim.pid],
    verdict: altered,
  },
  {
    name: "read another's memory",
    aim: "read",
    moves: (g) => ["trace", g.victim.pid, g.victim.address],
    during: ({ victim }) => {
      const status = readFileSync(`/proc/${victim.pid}/status`, "utf8");
      return /^TracerPid:\s*0$/mu.test(status) ? null : "It traced another process.";
    },
    verdict: leaked,
  },
  {
    name: "read our environment and another's",
    aim: "read",
    moves: (g) => ["environment", g.victim.pid, String(process.pid)],
    verdict: either(leaked, environmentLeak),
  },
  {
    name: "see other processes",
    aim: "read",
    moves: () => ["list"],
    verdict: ({ output }) =>
      output.split(/\s/u).includes(String(process.pid)) ? "It sees our process." : null,
  },
  {
    name: "tell which processes there are",
    aim: "look",
    moves: (g) => ["ask-about", g.victim.pid],
    verdict: claimed,
    residual: {
      tiers: ["landlock"],
      says: "Which process numbers are in use, and not what they are.",
    },
  },
  {
    name: "tell this machine's name",
    aim: "look",
    moves: () => ["host-name"],
    verdict: ({ output }) => (output.includes(hostname()) ? "It knows the machine's name." : null),
    residual: { tiers: ["landlock"], says: "The machine's name and system." },
  },
  {
    name: "untie itself from us",
    aim: "outlive",
    moves: () => ["untie"],
    verdict: claimed,
    residual: {
      tiers: ["container"],
      says: "A container does not die with its parent: it is ended by its name.",
    },
  },
  {
    name: "outlive the call",
    aim: "outlive",
    script: (g) => `(setsid sleep ${nap(g)} & sleep ${nap(g)} &) ; sleep 0.2`,
    kinds: ["program"],
    verdict: ({ ground }) => survivor(nap(ground)),
    boxedOnly: "it would",
  },
  {
    name: "outlive the call, deaf to signals",
    aim: "outlive",
    script: (g) => `trap '' HUP TERM INT; (trap '' HUP TERM; sleep ${nap(g)}) & sleep ${nap(g)}`,
    kinds: ["program"],
    limits: { ms: 400 },
    verdict: either(endedBy("time"), ({ ground }) => survivor(nap(ground))),
    boxedOnly: "it would",
  },
];

/** A number of seconds no other process sleeps. */
function nap({ id }: Ground): string {
  return `86399.${Buffer.from(id.slice(-6)).reduce((sum, byte) => sum * 7 + byte, 1)}`;
}

function survivor(argument: string): string | null {
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/u.test(entry))) {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      if (command.includes(argument)) return "A process of it is still there.";
    } catch {
      // It ended between the list and the look.
    }
  }
  return null;
}

export function hurt({ ground }: Seen): string | null {
  const { process: victim, signalled } = ground.victim;
  if ((victim.exitCode ?? victim.signalCode) !== null) return "It was killed.";
  return signalled() ? "It was signalled." : null;
}

/** What others may set of a process, from how it was started: nothing of it is set. */
function altered({ ground }: Seen): string | null {
  const at = `/proc/${ground.victim.pid}`;
  const own = "/proc/self";
  for (const file of ["limits", "oom_score_adj"]) {
    if (readFileSync(`${at}/${file}`, "utf8") !== readFileSync(`${own}/${file}`, "utf8")) {
      return `Its ${file} were changed.`;
    }
  }
  const processors = (path: string): string | undefined =>
    /^Cpus_allowed:.*$/mu.exec(readFileSync(`${path}/status`, "utf8"))?.[0];
  if (processors(at) !== processors(own)) return "Its processors were changed.";
  const nice = (path: string): string | undefined =>
    readFileSync(`${path}/stat`, "latin1").split(") ")[1]?.split(" ")[16];
  return nice(at) === nice(own) ? null : "Its priority was changed.";
}

function environmentLeak({ output }: Seen): string | null {
  const seen = Object.entries(process.env).find(
    ([name, value = ""]) =>
      // Short values such as a `1` are in any text, and paths of programs are given.
      value.length > 3 &&
      name !== "PATH" &&
      (output.includes(`${name}=${value}`) || output.includes(`"${value}"`)),
  );
  return seen === undefined ? null : `It saw our ${seen[0]}.`;
}

/** Using up what all share. Each must be ended by its limit, or held by the kernel's. */
export const BOMBS: readonly Attack[] = [
  {
    name: "take all memory",
    aim: "exhaust",
    moves: () => ["memory"],
    limits: { memoryBytes: 256 * 1024 ** 2 },
    // The watch ends it, or the kernel gives no more: whichever comes first.
    verdict: (seen) => (seen.ended.kind === "exited" ? allItWanted(seen) : endedBy("memory")(seen)),
  },
  {
    name: "take all memory past the runtime",
    aim: "exhaust",
    moves: () => ["memory-native"],
    limits: { memoryBytes: 256 * 1024 ** 2 },
    verdict: allItWanted,
  },
  {
    name: "take memory as files",
    aim: "exhaust",
    moves: (_, kind) => ["memory-shared", kind === "host" ? "/dev/shm" : "/tmp"],
    limits: { memoryBytes: 256 * 1024 ** 2 },
    verdict: claimed,
  },
  {
    name: "print without end",
    aim: "exhaust",
    moves: () => ["flood"],
    verdict: endedBy("output"),
  },
  {
    name: "complain without end",
    aim: "exhaust",
    moves: () => ["flood-errors"],
    verdict: endedBy("output"),
  },
  {
    name: "run for ever, deaf to signals",
    aim: "exhaust",
    moves: () => ["hang"],
    limits: { ms: 700 },
    verdict: endedBy("time"),
  },
  {
    name: "use more processor time than it has",
    aim: "exhaust",
    moves: () => ["hang"],
    limits: { cpuSeconds: 1, ms: 10_000 },
    verdict: ({ ended }) => (ended.kind === "exited" ? "It had all it wanted." : null),
    alone: true,
  },
  {
    name: "wait for ever",
    aim: "exhaust",
    moves: () => ["rest"],
    limits: { ms: 500 },
    verdict: endedBy("time"),
  },
  {
    name: "fill the disk",
    aim: "exhaust",
    moves: (g) => ["fill", g.staged],
    limits: { stageBytes: 32 * 1024 ** 2 },
    verdict: endedBy("stage"),
  },
  {
    name: "fill the disk with one file",
    aim: "exhaust",
    moves: (g) => ["one-file", g.staged],
    limits: { stageBytes: 32 * 1024 ** 2 },
    verdict: ({ ground }) => {
      const path = join(ground.staged, "large");
      if (!existsSync(path)) return null;
      return readFileSync(path).length > 32 * 1024 ** 2 ? "It made a file of any size." : null;
    },
  },
  {
    name: "fill the disk with names",
    aim: "exhaust",
    moves: (g) => ["files", g.staged, String(LIMITS.stageFiles + 1)],
    verdict: async (seen) => {
      const changes = await seen.boxed.changes();
      return "code" in changes && changes.code === "sandbox.stage_too_large"
        ? null
        : endedBy("stage", "time")(seen);
    },
    alone: true,
  },
  {
    name: "open files without end",
    aim: "exhaust",
    moves: () => ["open"],
    verdict: ({ output }) =>
      Number(/open: (\d+)/u.exec(output)?.[1] ?? 0) <= 512 ? null : `It had them: ${output}`,
  },
  {
    name: "start threads without end",
    aim: "exhaust",
    moves: () => ["threads"],
    limits: { ms: 4_000 },
    alone: true,
    during: countThreads,
    verdict: allItWanted,
  },
  {
    name: "start processes without end",
    aim: "exhaust",
    script: () => "f() { f | f & }; f; sleep 20",
    kinds: ["program"],
    limits: { ms: 1_500 },
    alone: true,
    during: countProcesses,
    verdict: () => null,
  },
];

/** Otherwise something ended it, or the kernel gave no more. */
function allItWanted({ ended }: Seen): string | null {
  return ended.kind === "exited" && ended.code === 0 ? "It had all it wanted." : null;
}

/** The kernel counts threads and not processes, and a little late. */
const MOST_THREADS = 64 * (THREADS_EACH + 1);

function countProcesses(_: Ground, boxed: Boxed): string | null {
  const count = membersOf(boxed.pid).length;
  return count > MOST_THREADS ? `It had ${count} processes.` : null;
}

function countThreads(_: Ground, boxed: Boxed): string | null {
  const count = membersOf(boxed.pid).reduce((sum, { threads }) => sum + threads, 0);
  return count > MOST_THREADS ? `It had ${count} threads.` : null;
}
