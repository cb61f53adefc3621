import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../std/clock.ts";
import { messageOf } from "../std/error.ts";
import { membersOf } from "./watch.ts";
import type { Box, Boxed, Ended, ProcessSpec, Sandbox } from "./sandbox.ts";

/** One escape attempt and what came of it. */
export interface ProbeResult {
  /** `read outside`, `kill another process`. */
  readonly name: string;
  readonly held: boolean;
  /** What was seen from outside, one sentence. */
  readonly detail: string;
}

/**
 * Tries to escape from this machine's sandbox, live. Verdicts come from outside: files that must
 * not change, servers that must not be reached, a process that must not be hurt. Takes a few
 * seconds; leaves nothing behind. `only` picks some by name.
 */
export async function probeSandbox(
  sandbox: Sandbox,
  only: (name: string) => boolean = () => true,
): Promise<ProbeResult[]> {
  const tier = sandbox.tier("host", false);
  if (tier === null) {
    return [{ name: "tier", held: false, detail: "No tier of the sandbox works on this machine." }];
  }
  const ground = await prepareGround();
  const results: ProbeResult[] = [];
  try {
    for (const probe of PROBES.filter(({ name }) => only(name)))
      results.push(await runProbe(sandbox, ground, probe));
  } finally {
    await ground.clear();
  }
  return results;
}

/** What is around the box, to be looked at after each attempt. */
interface Ground {
  readonly folder: string;
  /** Granted to read. */
  readonly granted: string;
  /** Granted to write, through the stage. */
  readonly writable: string;
  /** Outside, with `CANARY` in it; a link to it lies in `granted`. */
  readonly secret: string;
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly socket: string;
  readonly socketInside: string;
  readonly victim: ChildProcess;
  /** How often a server of ours was reached. */
  reached(): number;
  clear(): Promise<void>;
}

interface Probe {
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

const CANARY = "canary-5b1f0a";
const NAP = "86399.5";

const PROBES: readonly Probe[] = [
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

async function runProbe(sandbox: Sandbox, ground: Ground, probe: Probe): Promise<ProbeResult> {
  const stage = mkdtempSync(join(ground.folder, "stage-"));
  const staged = join(stage, "root", ground.writable);
  const boxed = await sandbox.start(specOf(ground, probe, stage, staged));
  if ("code" in boxed) {
    // What no tier can hold is not started, which holds it; any other failure proves nothing.
    return { name: probe.name, held: boxed.code === "sandbox.no_tier", detail: boxed.message };
  }
  boxed.endInput();
  const [output, during, ended] = await Promise.all([
    textOf(boxed.stdout),
    probe.during?.(ground, boxed) ?? null,
    boxed.ended,
  ]);
  const through = during ?? probe.verdict(ground, output, ended) ?? notRun(probe, output, ended);
  await boxed.discard();
  return { name: probe.name, held: through === null, detail: through ?? heldText(ended) };
}

/** An attempt that never came to be made proves nothing. */
function notRun(probe: Probe, output: string, ended: Ended): string | null {
  const ran = probe.program || output !== "" || ended.kind !== "exited";
  return ran ? null : "The attempt could not be made.";
}

function specOf(ground: Ground, probe: Probe, stage: string, staged: string): ProcessSpec {
  const args = probe.attempt(ground, staged);
  const programs = probe.program ? ["/bin/sh", "/bin/sleep", "/usr/bin/setsid"] : [];
  return {
    run: probe.program
      ? { kind: "program", argv: args }
      : { kind: "attack", name: args[0] ?? "", args: args.slice(1) },
    cwd: ground.granted,
    stage,
    box: {
      reads: [ground.granted],
      writes: [ground.writable],
      net: { kind: "none" },
      exec: programs.filter((path) => existsSync(path)),
      env: probe.program ? { PATH: "/usr/bin:/bin" } : {},
      limits: { ...PROBE_LIMITS, ...probe.limits },
    },
  };
}

const PROBE_LIMITS: Box["limits"] = {
  ms: 15_000,
  memoryBytes: 512 * 1024 ** 2,
  processes: 64,
  cpuSeconds: 20,
  outputBytes: 1024 ** 2,
  stageBytes: 64 * 1024 ** 2,
};

async function prepareGround(): Promise<Ground> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nanos-probe-")));
  const [granted, writable, outside] = ["granted", "writable", "outside"].map((name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  }) as [string, string, string];
  const secret = join(outside, "secret");
  for (const file of [secret, join(granted, "given")]) writeFileSync(file, CANARY, { mode: 0o644 });
  symlinkSync("../outside/secret", join(granted, "link"));
  const servers = await openServers(folder, granted);
  const victim = spawn("/bin/sleep", ["600"], { stdio: "ignore", env: {} });
  return {
    folder,
    granted,
    writable,
    secret,
    victim,
    ...servers,
    clear: async () => {
      victim.kill("SIGKILL");
      await servers.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function openServers(folder: string, granted: string) {
  let count = 0;
  const hit = (): void => void (count += 1);
  const socket = join(folder, "socket");
  const socketInside = join(granted, "socket");
  const servers = await Promise.all([0, socket, socketInside].map((at) => listen(at, hit)));
  const tcp = servers[0]?.address() as AddressInfo;
  const udp = createSocket("udp4", hit);
  await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
  return {
    tcpPort: tcp.port,
    udpPort: udp.address().port,
    socket,
    socketInside,
    reached: () => count,
    close: async () => {
      udp.close();
      for (const server of servers) server.close();
    },
  };
}

function listen(at: number | string, hit: () => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      hit();
      socket.destroy();
    });
    server.on("error", reject);
    if (typeof at === "number") server.listen(at, "127.0.0.1", () => resolve(server));
    else server.listen(at, () => resolve(server));
  });
}

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

function heldText(ended: Ended): string {
  return ended.kind === "stopped" ? endedText(ended) : "Every attempt was refused.";
}

function endedText(ended: Ended): string {
  if (ended.kind === "exited") return `It ended with exit code ${ended.code}.`;
  if (ended.kind === "signalled") return `It ended by ${ended.signal}.`;
  return `It was stopped by the ${ended.by} limit.`;
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of stream) parts.push(part);
  } catch (error) {
    return messageOf(error);
  }
  return Buffer.concat(parts).toString("utf8");
}
