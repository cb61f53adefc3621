import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tier } from "../contracts/isolation.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Clock } from "../std/clock.ts";
import { messageOf } from "../std/error.ts";
import { watchOver } from "./boxed.ts";
import { bwrapArgv } from "./bwrap.ts";
import { startChild } from "./child.ts";
import { openGuardian } from "./guardian.ts";
import { seccompProgram } from "./linux/seccomp.ts";
import type { Plan } from "./plan.ts";
import { planBox } from "./plan.ts";
import type { Boxed, ProcessSpec, Sandbox } from "./sandbox.ts";
import { stageHandle } from "./stage/handle.ts";
import type { Machine } from "./tiers.ts";
import { lookAtMachine, noTier, strongestTier } from "./tiers.ts";

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
  const guardian = openGuardian();
  const filter = outerFilter();
  let known: Machine | null = null;
  const machine = (): Machine => (known ??= lookAtMachine(forbid, options.landlockAtMost));

  async function start(spec: ProcessSpec): Promise<Boxed | Failure> {
    const net = spec.box.net.kind === "proxy";
    const tier = strongestTier(machine(), net);
    if (tier === null) return noTier(machine(), net);
    const plan = await planBox(spec, tier, machine());
    if ("code" in plan) return plan;
    const boxed = await launch(spec, plan).catch((error: unknown) => startFailure(error));
    if ("code" in boxed) return boxed;
    running.add(boxed);
    return boxed;
  }

  async function launch(spec: ProcessSpec, plan: Plan): Promise<Boxed> {
    const { bwrap } = machine();
    const descriptor3 = plan.view ? filter.open() : null;
    const startedAt = clock.now();
    try {
      const argv = plan.view ? bwrapArgv(bwrap ?? "", plan.view, plan.argv) : plan.argv;
      const child = await startChild({ argv, env: plan.env, descriptor3 });
      // Nobody else would end the children of a program if nanos is killed.
      if (plan.tier === "landlock" && plan.fork) guardian.watch(child.pid);
      const boxed: Boxed = watchOver({
        child,
        tier: plan.tier,
        limits: spec.box.limits,
        family: plan.fork || plan.tier === "bwrap",
        stage: plan.stage && stageHandle(plan.stage.folder, plan.stage.roots, spec.box.limits.stageBytes, startedAt),
        mapping: plan.stage?.mapping ?? [],
        cwd: plan.cwd,
        clock,
        onGone: () => {
          guardian.forget(child.pid);
          running.delete(boxed);
        },
      });
      return boxed;
    } finally {
      if (descriptor3 !== null) closeSync(descriptor3);
    }
  }

  return {
    tier: (_, net) => strongestTier(machine(), net),
    start,
    close: async () => {
      await Promise.all([...running].map((boxed) => boxed.stop()));
      guardian.close();
      filter.close();
    },
  };
}

function startFailure(error: unknown): Failure {
  return {
    code: "sandbox.start_failed",
    message: `The process could not be started: ${messageOf(error)}.`,
    next: "Run nanos doctor --sandbox.",
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
function outerFilter(): OuterFilter {
  let fd: number | null = null;
  return {
    open: () => {
      fd ??= writeFilter();
      // Opened anew, as descriptors made from one another share their place in the file.
      return openSync(`/proc/self/fd/${fd}`, "r");
    },
    close: () => {
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}

function writeFilter(): number {
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  const { program } = seccompProgram({ arch, exec: true, fork: true, bare: null });
  const folder = mkdtempSync(join(tmpdir(), "nanos-box-"));
  const file = join(folder, "filter");
  writeFileSync(file, program, { mode: 0o600 });
  const fd = openSync(file, "r");
  rmSync(folder, { recursive: true });
  return fd;
}
