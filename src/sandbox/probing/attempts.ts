import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { membersOf } from "../process/watch.ts";
import type { Box, Boxed, Ended } from "../sandbox.ts";
import type { Ground } from "./ground.ts";
import { CANARY } from "./ground.ts";

/** One attempt, and how it is judged. */
export interface Probe {
  readonly name: string;
  /** The attempt: its name in `attack.ts` and its arguments, or a program's argv. */
  readonly attempt: (ground: Ground, staged: string) => readonly string[];
  readonly program?: true;
  readonly limits?: Partial<Box["limits"]>;
  /** Called while it runs; a sentence when it got through. */
  readonly during?: (ground: Ground, boxed: Boxed) => Promise<string | null>;
  /** A sentence when it got through, null when it was held. */
  readonly verdict: (ground: Ground, output: string, ended: Ended) => string | null;
}

/** What each may use, unless it says otherwise. */
export const PROBE_LIMITS: Box["limits"] = {
  ms: 15_000,
  memoryBytes: 512 * 1024 ** 2,
  processes: 64,
  cpuSeconds: 20,
  outputBytes: 1024 ** 2,
  stageBytes: 64 * 1024 ** 2,
};

/** A number of seconds no other process sleeps. */
const NAP = "86399.5";

/** Every attempt, each in the ways `attack.ts` knows. */
export const PROBES: readonly Probe[] = [
  {
    name: "read outside",
    attempt: (g) => ["read", g.secret],
    verdict: leaked,
  },
  {
    name: "read through a link that was there",
    attempt: (g) => ["read", join(g.granted, "link")],
    verdict: leaked,
  },
  {
    name: "read through a link of its own",
    attempt: (g, staged) => ["link", g.secret, staged],
    verdict: leaked,
  },
  {
    name: "read through the parent's folders",
    attempt: (g) => ["read", `${g.granted}/../outside/secret`],
    verdict: leaked,
  },
  {
    name: "read the user's list of accounts",
    attempt: () => ["read", "/etc/passwd"],
    verdict: (_, output) => (output.includes("root:") ? "It read /etc/passwd." : null),
  },
  {
    name: "write outside",
    attempt: (g, staged) => ["write", g.secret, staged],
    verdict: touched,
  },
  {
    name: "write a file granted to read",
    attempt: (g, staged) => ["write", join(g.granted, "given"), staged],
    verdict: touched,
  },
  {
    name: "change mode, owner or times outside",
    attempt: (g) => ["metadata", g.secret],
    verdict: touched,
  },
  {
    name: "change mode, owner or times of a file granted to read",
    attempt: (g) => ["metadata", join(g.granted, "given")],
    verdict: touched,
  },
  { name: "connect to this machine", attempt: (g) => ["tcp", String(g.tcpPort)], verdict: reached },
  { name: "send a datagram", attempt: (g) => ["udp", String(g.udpPort)], verdict: reached },
  { name: "connect to a unix socket", attempt: (g) => ["unix", g.socket], verdict: reached },
  {
    name: "connect to a unix socket granted to read",
    attempt: (g) => ["unix", g.socketInside],
    verdict: reached,
  },
  {
    name: "start a program",
    attempt: (g, staged) => ["spawn", "/usr/bin/touch", join(staged, "started"), g.folder],
    verdict: (g, output) =>
      stagedFile(g, "started") || /: 0\b/u.test(output) ? "A program was started." : null,
  },
  {
    name: "kill another process",
    attempt: (g) => ["kill", String(g.victim.pid)],
    verdict: (g) => ((g.victim.exitCode ?? g.victim.signalCode) === null ? null : "It was killed."),
  },
  {
    name: "trace another process",
    attempt: (g) => ["trace", String(g.victim.pid)],
    during: watchTracer,
    verdict: (_, output) =>
      /native memory: 8\b/u.test(output) ? "It read another process's memory." : null,
  },
  {
    name: "read our environment",
    attempt: () => ["environment", String(process.pid)],
    verdict: environmentLeak,
  },
  {
    name: "see other processes",
    attempt: () => ["processes"],
    verdict: (_, output) =>
      output.split(/\s/u).includes(String(process.pid)) ? "It sees our process." : null,
  },
  {
    name: "make a namespace",
    attempt: () => ["namespaces"],
    verdict: (_, output) =>
      /unshare: 0\b|clone: [1-9]/u.test(output) ? "It has a namespace of its own." : null,
  },
  {
    name: "use the kernel's keyring",
    attempt: () => ["keyring"],
    verdict: (_, output) => (/add_key: [1-9]/u.test(output) ? "It stored a key." : null),
  },
  {
    name: "take all memory",
    attempt: () => ["memory"],
    limits: { memoryBytes: 256 * 1024 ** 2, ms: 20_000 },
    verdict: (_, __, ended) => endedBy(ended, "memory"),
  },
  {
    name: "print without end",
    attempt: () => ["flood"],
    verdict: (_, __, ended) => endedBy(ended, "output"),
  },
  {
    name: "run for ever, deaf to signals",
    attempt: () => ["hang"],
    limits: { ms: 700 },
    verdict: (_, __, ended) => endedBy(ended, "time"),
  },
  {
    name: "fill the disk",
    attempt: (_, staged) => ["fill", staged],
    limits: { stageBytes: 32 * 1024 ** 2 },
    verdict: (_, __, ended) => endedBy(ended, "stage"),
  },
  {
    name: "start processes without end",
    attempt: () => ["/bin/sh", "-c", "f() { f | f & }; f; sleep 20"],
    program: true,
    limits: { ms: 1_500 },
    during: countProcesses,
    verdict: () => null,
  },
  {
    name: "outlive the call",
    attempt: () => ["/bin/sh", "-c", `(setsid sleep ${NAP} & sleep ${NAP} &) ; sleep 0.2`],
    program: true,
    verdict: () => (processWith(NAP) === null ? null : "A process of it is still there."),
  },
];

function leaked(_: Ground, output: string): string | null {
  return output.includes(CANARY) ? "It read a file outside what it was granted." : null;
}

/** The files must be as they were made: content, mode, owner, times, and nothing beside them. */
function touched(ground: Ground): string | null {
  for (const file of [ground.secret, join(ground.granted, "given")]) {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return `${file} is gone.`;
    if (readFileSync(file, "utf8") !== CANARY) return `${file} was written.`;
    if ((stat.mode & 0o777) !== 0o644) return `The mode of ${file} was changed.`;
    if (stat.uid !== process.getuid?.()) return `The owner of ${file} was changed.`;
    if (stat.mtimeMs < 1_000_000) return `The times of ${file} were changed.`;
  }
  const outside = readdirSync(join(ground.folder, "outside"));
  return outside.length === 1 ? null : `It made ${outside.join(", ")} outside.`;
}

function reached(ground: Ground): string | null {
  return ground.reached() === 0 ? null : "It reached a server of ours.";
}

function environmentLeak(_: Ground, output: string): string | null {
  const seen = Object.entries(process.env).find(
    ([name, value = ""]) =>
      // Short values such as a `1` are in any text.
      value.length > 3 && (output.includes(`${name}=${value}`) || output.includes(`"${value}"`)),
  );
  return seen === undefined ? null : `It saw our ${seen[0]}.`;
}

function watchTracer(ground: Ground, boxed: Boxed): Promise<string | null> {
  return whileRunning(boxed, () => {
    const status = readFileSync(`/proc/${ground.victim.pid}/status`, "utf8");
    return /^TracerPid:\s*0$/mu.test(status) ? null : "It traced another process.";
  });
}

function countProcesses(_: Ground, boxed: Boxed): Promise<string | null> {
  // The kernel counts threads too, so its limit is a multiple; beyond that nothing held it.
  const most = PROBE_LIMITS.processes * 5;
  return whileRunning(boxed, () => {
    const count = membersOf(boxed.pid).length;
    return count > most ? `It had ${count} processes.` : null;
  });
}

/** Looks every 20 ms; the first sentence ends it. */
async function whileRunning(boxed: Boxed, look: () => string | null): Promise<string | null> {
  let over = false;
  void boxed.ended.then(() => (over = true));
  while (!over) {
    const seen = look();
    if (seen !== null) return seen;
    await systemClock.sleep(20);
  }
  return null;
}

function stagedFile(ground: Ground, name: string): boolean {
  return readdirSync(ground.folder)
    .filter((entry) => entry.startsWith("stage-"))
    .some((stage) => existsSync(join(ground.folder, stage, "root", ground.writable, name)));
}

function processWith(argument: string): number | null {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/u.test(name)) continue;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      if (command[0]?.endsWith("sleep") && command.includes(argument)) return Number(name);
    } catch {
      // It ended between the list and the look.
    }
  }
  return null;
}

function endedBy(ended: Ended, by: Extract<Ended, { kind: "stopped" }>["by"]): string | null {
  return ended.kind === "stopped" && ended.by === by
    ? null
    : `It was not stopped: ${endedText(ended)}`;
}

/** How it ended, in a sentence. */
export function endedText(ended: Ended): string {
  if (ended.kind === "exited") return `It ended with exit code ${ended.code}.`;
  if (ended.kind === "signalled") return `It ended by ${ended.signal}.`;
  return `It was stopped by the ${ended.by} limit.`;
}
