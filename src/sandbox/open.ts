import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tier } from "../contracts/isolation.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Clock } from "../std/clock.ts";
import { codeOf, messageOf, NanosError } from "../std/error.ts";
import { watchOver } from "./process/boxed.ts";
import { bwrapArgv } from "./bwrap.ts";
import type { Child } from "./process/child.ts";
import { startChild } from "./process/child.ts";
import type { Guardian } from "./process/guardian.ts";
import { openGuardian } from "./process/guardian.ts";
import type { SocketUse } from "./linux/seccomp.ts";
import { seccompProgram } from "./linux/seccomp.ts";
import type { Plan } from "./plan.ts";
import { planBox } from "./plan.ts";
import type { Boxed, ProcessSpec, Sandbox } from "./sandbox.ts";
import { stageHandle } from "./stage/handle.ts";
import type { Machine } from "./tiers.ts";
import type { Census } from "./process/watch.ts";
import { openCensus } from "./process/watch.ts";
import { lookAtMachine, noTier, strongestTier } from "./tiers.ts";

/**
 * How a process is started:
 *
 *   the machine is looked at, once     tiers.ts     bwrap, else Landlock, else nothing is started
 *   -> its box is planned              plan.ts      real paths, the lock, the stage's copies
 *   -> it is started                   process/     session, environment and descriptors of its own
 *   -> it locks itself                 lock.ts      before anything of a stranger's is loaded
 *   -> it is watched until it is gone  process/     time, memory, processes, output, disk
 *   -> what it wrote is put in place   stage/       when somebody says so
 */
export interface SandboxOptions {
  readonly clock: Clock;
  /** Tiers not to be used, as if this machine lacked them. */
  readonly forbid?: readonly Tier[];
  /** Landlock as an older kernel has it: at most this version. */
  readonly landlockAtMost?: number;
}

/** The sandbox of this machine. Nothing is started or looked at before the first process. */
export function openSandbox(options: SandboxOptions): Sandbox {
  const { clock, forbid = [] } = options;
  const running = new Set<Boxed>();
  const house: House = {
    clock,
    running,
    guardian: openGuardian(),
    census: openCensus(clock),
    filters: { none: outerFilter("none"), relay: outerFilter("relay") },
  };
  let known: Machine | null = null;
  const machine = (): Machine => (known ??= lookAtMachine(forbid, options.landlockAtMost));
  return {
    tier: (kind, net) => strongestTier(machine(), { kind, net }),
    start: async (spec) => {
      const kind = spec.run.kind === "program" ? "program" : "host";
      const wanted = { kind, net: spec.box.net.kind === "proxy" } as const;
      const tier = strongestTier(machine(), wanted);
      if (tier === null) return noTier(machine(), wanted);
      const boxed = await begin(house, spec, tier, machine());
      if ("code" in boxed) removeStage(spec.stage);
      return boxed;
    },
    close: async () => {
      await Promise.all([...running].map((boxed) => boxed.stop()));
      house.guardian.close();
      for (const filter of Object.values(house.filters)) filter.close();
    },
  };
}

/** What all boxes of one sandbox share. */
interface House {
  readonly clock: Clock;
  readonly running: Set<Boxed>;
  readonly guardian: Guardian;
  readonly census: Census;
  readonly filters: Readonly<Record<"none" | "relay", OuterFilter>>;
}

async function begin(
  house: House,
  spec: ProcessSpec,
  tier: "bwrap" | "landlock",
  machine: Machine,
): Promise<Boxed | Failure> {
  try {
    const plan = await planBox(spec, tier, machine);
    return "code" in plan ? plan : await launch(house, spec, plan, machine.bwrap ?? "");
  } catch (error) {
    return startFailure(error);
  }
}

/** What was copied before it failed. What cannot be removed was not made. */
function removeStage(stage: string | null): void {
  try {
    if (stage !== null) rmSync(stage, { recursive: true, force: true });
  } catch {
    // The failure to start says why.
  }
}

async function launch(house: House, spec: ProcessSpec, plan: Plan, bwrap: string): Promise<Boxed> {
  const { clock, running, guardian, filters } = house;
  const { stage, view, tier, cwd } = plan;
  const { limits } = spec.box;
  const argv = view ? bwrapArgv(bwrap, view, plan.argv) : plan.argv;
  const descriptor3 = view ? filters[view.socket === null ? "none" : "relay"].open() : null;
  const startedAt = clock.now();
  let child: Child;
  try {
    child = await startChild({ argv, env: plan.env, descriptor3 });
  } finally {
    if (descriptor3 !== null) closeSync(descriptor3);
  }
  // Nobody else would end the children of a program if nanos is killed.
  if (tier === "landlock" && plan.fork) guardian.watch(child.pid);
  const boxed: Boxed = watchOver({
    child,
    tier,
    net: spec.box.net.kind,
    limits,
    fork: plan.fork,
    census: house.census,
    stage: stage && stageHandle(stage.folder, stage.roots, limits.stageBytes, startedAt),
    mapping: stage?.mapping ?? [],
    cwd,
    clock,
    onGone: () => {
      guardian.forget(child.pid);
      running.delete(boxed);
    },
  });
  running.add(boxed);
  return boxed;
}

/** A system that says no is a failure: a full disk, a file that may not be read. A bug stays one. */
function startFailure(error: unknown): Failure {
  if (error instanceof NanosError) {
    return { code: error.code, message: error.message, next: error.next };
  }
  const code = codeOf(error);
  if (code === "") throw error;
  return {
    code: "sandbox.start_failed",
    message: `The process could not be started: ${messageOf(error)}.`,
    next: code === "ENOSPC" ? "Free some space, then try again." : "Run nanos doctor --sandbox.",
  };
}

interface OuterFilter {
  /** A descriptor at the start of the program, for one bwrap to read. */
  open(): number;
  close(): void;
}

/**
 * The filter bwrap installs before anything inside runs; the process adds a narrower one. It lies
 * in a file without a name, made at first use.
 */
function outerFilter(net: SocketUse): OuterFilter {
  let fd: number | null = null;
  return {
    open: () => {
      fd ??= writeFilter(net);
      // Opened anew, as descriptors made from one another share their place in the file.
      return openSync(`/proc/self/fd/${fd}`, "r");
    },
    close: () => {
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}

function writeFilter(net: SocketUse): number {
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  const { program } = seccompProgram({ arch, exec: true, fork: true, net, bare: null });
  const folder = mkdtempSync(join(tmpdir(), "nanos-box-"));
  const file = join(folder, "filter");
  writeFileSync(file, program, { mode: 0o600 });
  const fd = openSync(file, "r");
  rmSync(folder, { recursive: true });
  return fd;
}
