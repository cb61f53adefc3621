import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tier } from "../contracts/isolation.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Clock } from "../std/clock.ts";
import { codeOf, messageOf, NanosError } from "../std/error.ts";
import type { Watched } from "./process/boxed.ts";
import { watchOver } from "./process/boxed.ts";
import { planContainer } from "./container/plan.ts";
import type { Podman } from "./container/podman.ts";
import { findPodman, noContainerNet, noPodman, podmanEnv } from "./container/podman.ts";
import { bwrapArgv } from "./bwrap.ts";
import type { LockSpec } from "./lock.ts";
import type { Child, Command } from "./process/child.ts";
import { startChild } from "./process/child.ts";
import type { Guardian } from "./process/guardian.ts";
import { openGuardian } from "./process/guardian.ts";
import type { SocketUse } from "./linux/seccomp.ts";
import { seccompProgram } from "./linux/seccomp.ts";
import type { Plan, Shared, StagePlan } from "./plan.ts";
import { outerStage, planBox, planRelay } from "./plan.ts";
import { noStage } from "./refusals.ts";
import { runtimeArgv } from "./runtime.ts";
import type { Box, Boxed, Process, ProcessSpec, Sandbox } from "./sandbox.ts";
import { stageHandle } from "./stage/handle.ts";
import { relayTo } from "./relay/relay.ts";
import { planSeatbelt } from "./seatbelt/plan.ts";
import type { Holding, Machine } from "./tiers.ts";
import type { Census } from "./process/watch.ts";
import { chainOf, openCensus } from "./process/watch.ts";
import { lookAtMachine, noTier, strongestTier } from "./tiers.ts";

/**
 * How a process is started:
 *
 *   the machine is looked at, once     tiers.ts     bwrap, Landlock or WASM; or nothing is started
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
  /** Folders no process sees, whatever it was granted. Those that are there when it starts. */
  readonly hidden?: readonly string[];
  /** What is known of this machine; looked for where nothing is said. */
  readonly machine?: Machine;
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
    ...{ containers: 0, started: 0 },
    hidden: options.hidden ?? [],
    shared: new Map(),
  };
  let known: Machine | null = options.machine ?? null;
  const machine = (): Machine => (known ??= lookAtMachine(forbid, options.landlockAtMost));
  let found: Podman | Failure | null = null;
  const podman = (): Podman | Failure =>
    (found ??= forbid.includes("container") ? noPodman() : findPodman());
  return {
    tier: (kind, net, starts = false) => {
      if (kind !== "container") return strongestTier(machine(), { kind, net, starts });
      if ("code" in podman()) return null;
      return !net || canLend(machine()) ? "container" : null;
    },
    start: async (spec) => {
      if (spec.beside && !house.shared.has(spec.beside)) return noStage();
      if (isContainer(spec)) return contain(house, spec, podman(), machine);
      if (spec.run.kind === "server") return bare(house, spec);
      const wanted = wantedBy(spec);
      const tier = strongestTier(machine(), wanted);
      if (tier === null && spec.unconfined && spec.run.kind !== "attack") return bare(house, spec);
      if (tier === null) return noTier(machine(), wanted);
      const boxed = await begin(house, spec, tier, machine());
      if ("code" in boxed) removeStage(spec.stage);
      return boxed;
    },
    started: () => house.started,
    close: async () => {
      await Promise.all([...running].map((boxed) => boxed.stop()));
      house.guardian.close();
      for (const filter of Object.values(house.filters)) filter.close();
    },
  };
}

function wantedBy({ run, box }: ProcessSpec): Process {
  const itself = run.kind === "program" ? run.argv[0] : undefined;
  return {
    kind: kindOf(run),
    net: box.net.kind === "proxy",
    starts: box.exec.some((path) => path !== itself),
  };
}

function kindOf(run: ProcessSpec["run"]): "pure" | "host" | "program" {
  if (run.kind === "program") return "program";
  return run.kind === "host" && run.pure ? "pure" : "host";
}

/** What all boxes of one sandbox share. */
interface House {
  readonly clock: Clock;
  readonly running: Set<Boxed>;
  readonly guardian: Guardian;
  readonly census: Census;
  /** Containers, and all processes, started so far. */
  containers: number;
  started: number;
  readonly filters: Readonly<Record<"none" | "relay", OuterFilter>>;
  readonly hidden: readonly string[];
  /** What those that run and write have, for others to work beside them. */
  readonly shared: Map<Boxed, Shared>;
}

async function begin(
  house: House,
  spec: ProcessSpec,
  tier: Holding,
  machine: Machine,
): Promise<Boxed | Failure> {
  try {
    if (tier === "seatbelt") return await belt(house, spec, machine.seatbelt ?? "");
    const shared = (spec.beside && house.shared.get(spec.beside)) ?? null;
    const plan = await planBox(spec, tier, machine, { hidden: house.hidden, shared });
    return "code" in plan ? plan : await launch(house, spec, plan, machine.bwrap ?? "");
  } catch (error) {
    return startFailure(error);
  }
}

/** Starts it under a profile; what reaches the network does so by a relay that lives as long as it. */
async function belt(house: House, spec: ProcessSpec, wrapper: string): Promise<Boxed | Failure> {
  const { net } = spec.box;
  const relay = net.kind === "proxy" ? await relayTo(net.socket, 0) : null;
  let boxed: Boxed | null = null;
  try {
    const plan = await planSeatbelt(spec, wrapper, relay?.port ?? null, house.hidden);
    if ("code" in plan) return plan;
    const { argv, env, cwd, stage } = plan;
    const child = await startChild({ argv, env, cwd, descriptor3: null });
    const mapping = stage?.mapping ?? [];
    boxed = keep(house, spec, {
      ...{ child, tier: "seatbelt", fork: false, stage, mapping, cwd },
      onGone: () => void relay?.server.close(),
    });
    return boxed;
  } finally {
    if (boxed === null) relay?.server.close();
  }
}

/** Starts it in no box at all, with its own environment and a stage all the same. */
async function bare(house: House, spec: ProcessSpec): Promise<Boxed | Failure> {
  try {
    const { run, box, cwd } = spec;
    const given = { reads: box.reads, hidden: house.hidden, cwd };
    const stage = spec.stage === null ? null : await outerStage(spec, spec.stage, given);
    if (stage !== null && "code" in stage) {
      removeStage(spec.stage);
      return stage;
    }
    const place = stage?.cwd ?? cwd;
    const child = await startChild({ ...bareStart(run, box.env), descriptor3: null, cwd: place });
    const mapping = stage?.mapping ?? [];
    return keep(house, spec, { child, tier: "none", fork: true, stage, mapping, cwd: place });
  } catch (error) {
    removeStage(spec.stage);
    return startFailure(error);
  }
}

/** A host is told that it has no lock; a program is not asked. */
function bareStart(run: ProcessSpec["run"], env: Box["env"]): Pick<Command, "argv" | "env"> {
  if (run.kind !== "host") return { argv: "argv" in run ? run.argv : [], env };
  const lock: Pick<LockSpec, "v" | "tier" | "env"> = { v: 1, tier: "none", env };
  const argv = [...runtimeArgv("host"), run.file];
  return { argv, env: { NANOS_BOX: JSON.stringify(lock) } };
}

type Contained = ProcessSpec & { readonly run: { readonly kind: "container" } };

function isContainer(spec: ProcessSpec): spec is Contained {
  return spec.run.kind === "container";
}

async function contain(
  house: House,
  spec: Contained,
  podman: Podman | Failure,
  machine: () => Machine,
): Promise<Boxed | Failure> {
  if ("code" in podman) return podman;
  let way: Way | null = null;
  let boxed: Boxed | Failure | null = null;
  try {
    const lent = spec.box.net.kind === "proxy" ? await lendNetwork(house, spec, machine()) : null;
    if (lent !== null && "code" in lent) return (boxed = lent);
    way = lent;
    const name = `nanos-${process.pid}-${house.clock.now()}-${(house.containers += 1)}`;
    const given = { name, network: way?.network ?? null, never: house.hidden };
    const plan = await planContainer(spec, podman, given);
    if ("code" in plan) return (boxed = plan);
    const child = await startChild({ argv: plan.argv, env: podmanEnv(), descriptor3: null });
    const end = way?.relay;
    return (boxed = keep(house, spec, {
      ...{ child, tier: "container", fork: false, stage: plan.stage, mapping: [], cwd: "/" },
      remove: plan.remove,
      onGone: () => {
        plan.tidy();
        void end?.stop();
      },
    }));
  } catch (error) {
    return (boxed = startFailure(error));
  } finally {
    if (boxed === null || "code" in boxed) {
      removeStage(spec.stage);
      void way?.relay.stop();
    }
  }
}

/** A network with one way out, for a container to join. */
interface Way {
  readonly relay: Boxed;
  /** Path of the network. */
  readonly network: string;
}

/** A network belongs to whoever made it: root's can be joined by podman of root. */
function canLend({ bwrap }: Machine): boolean {
  return bwrap !== null && process.getuid?.() === 0;
}

/** Starts the relay to the proxy in a box of its own; once it listens, its network can be joined. */
async function lendNetwork(
  house: House,
  spec: ProcessSpec,
  machine: Machine,
): Promise<Way | Failure> {
  const { net } = spec.box;
  if (net.kind === "none" || !canLend(machine)) return noContainerNet();
  const own: ProcessSpec = { ...spec, stage: null, box: { ...spec.box, exec: [] } };
  const relay = await launch(house, own, planRelay(own, machine, net.socket), machine.bwrap ?? "");
  for await (const _ready of relay.stdout) {
    const inside = chainOf(relay.pid).at(-1)?.pid ?? relay.pid;
    return { relay, network: `/proc/${inside}/ns/net` };
  }
  const message = `The relay of a container did not start: ${relay.stderr().slice(0, 200)}`;
  return { code: "sandbox.start_failed", message, next: "Run nanos doctor --sandbox." };
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
  const { filters } = house;
  const { stage, view, tier, cwd, fork } = plan;
  const argv = view ? bwrapArgv(bwrap, view, plan.argv) : plan.argv;
  const descriptor3 = view ? filters[view.socket === null ? "none" : "relay"].open() : null;
  let child: Child;
  try {
    child = await startChild({ argv, env: plan.env, descriptor3 });
  } finally {
    if (descriptor3 !== null) closeSync(descriptor3);
  }
  const begun = { child, tier, cwd, fork, stage, mapping: stage?.mapping ?? [] };
  const boxed = keep(house, spec, { ...begun, onGone: () => house.shared.delete(boxed) });
  if (stage !== null && !spec.beside) house.shared.set(boxed, { stage, user: plan.user });
  return boxed;
}

/** What was started, and what it is watched by. */
interface Begun extends Pick<Watched, "child" | "tier" | "cwd" | "fork" | "mapping"> {
  readonly stage: StagePlan | null;
  /** Argv of what ends it, where ending its process does not. */
  readonly remove?: readonly string[];
  readonly onGone?: () => void;
}

/** Watches over it until nothing of it is left, also should nanos be killed. */
function keep(house: House, spec: ProcessSpec, begun: Begun): Boxed {
  const { clock, running, guardian, census } = house;
  const { stage, remove, onGone, ...watched } = begun;
  const { pid } = begun.child;
  const { limits, net } = spec.box;
  // Nobody else would end the children of a program, or a container.
  const outlives = begun.fork && (begun.tier === "landlock" || begun.tier === "none");
  if (remove ?? outlives) guardian.watch(pid, remove);
  const boxed: Boxed = watchOver({
    ...watched,
    net: net.kind,
    limits,
    census,
    clock,
    keeps: spec.keeps,
    stage: stage && stageHandle(stage.folder, stage.roots, limits.stageBytes, clock.now()),
    ...(remove && { remove: () => runToEnd(remove) }),
    onGone: () => {
      onGone?.();
      guardian.forget(pid);
      running.delete(boxed);
    },
  });
  running.add(boxed);
  house.started += 1;
  return boxed;
}

async function runToEnd(argv: readonly string[]): Promise<void> {
  const child = await startChild({ argv, env: podmanEnv(), descriptor3: null });
  await child.exit;
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
