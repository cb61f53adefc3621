import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute } from "node:path";
import type { Failure } from "../contracts/outcome.ts";
import { badPath, badProgram, stageInside, uncounted } from "./refusals.ts";
import { LIMITS } from "../std/limits.ts";
import type { View } from "./bwrap.ts";
import { PROXY_SOCKET } from "./bwrap.ts";
import type { FilterOptions } from "./linux/seccomp.ts";
import { seccompProgram } from "./linux/seccomp.ts";
import type { LockSpec } from "./lock.ts";
import {
  CERTIFICATES,
  DEVICES,
  executables,
  linksTo,
  real,
  SYSTEM_FOLDERS,
  systemReads,
} from "./programs.ts";
import { proxyEnv, RELAY_PORT } from "./relay/place.ts";
import { carve, seen } from "./hidden.ts";
import { giveKept, makeScratch } from "./keeps.ts";
import { runtimeArgv, runtimeFile, runtimeReads } from "./runtime.ts";
import type { Box, ProcessSpec } from "./sandbox.ts";
import type { PreparedStage, StageWants } from "./stage/copy.ts";
import { prepareStage, within } from "./stage/copy.ts";
import type { Machine } from "./tiers.ts";
import { boxUser, ownId, THREADS_EACH, threadsOfUser } from "./user.ts";

/** All that is decided before a process starts. */
export interface Plan {
  readonly tier: "bwrap" | "landlock" | "wasm";
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What namespaces show; null where Landlock holds the process. */
  readonly view: View | null;
  readonly cwd: string;
  readonly fork: boolean;
  readonly stage: StagePlan | null;
  readonly user: LockSpec["user"];
}

/** Address space of a program that is not our runtime, at least: runtimes reserve a lot. */
const PROGRAM_ADDRESS_BYTES = 3 * 1024 ** 3;
const TMP_BYTES = 64 * 1024 ** 2;
/** Helpers that live in the same namespaces and count with the box's processes. */
const OWN_PROCESSES = 2;

/** Paths are resolved here, once: what a link points to later is another path. */
export async function planBox(
  spec: ProcessSpec,
  tier: "bwrap" | "landlock" | "wasm",
  machine: Machine,
  { hidden: never = [], shared = null }: Around = {},
): Promise<Plan | Failure> {
  const { box, run } = spec;
  const cwd = shared ? spec.cwd : real(spec.cwd);
  if (cwd === null) return badPath(spec.cwd);
  const hidden = resolved(never);
  const reads = seen(resolved(box.reads), hidden);
  const who = boxUser();
  if (who.kind === "uncounted" && box.exec.length > 0) return uncounted();
  const user = shared ? shared.user : who.kind === "own" ? { id: ownId(), keep: who.keep } : null;
  const stage = await stageFor(spec, { reads, hidden, cwd, owner: user?.id ?? null }, shared);
  if (stage !== null && "code" in stage) return stage;
  const [program, path] = [run.kind === "program", box.env["PATH"] ?? ""];
  const starts = run.kind === "program" ? [run.argv[0] ?? "", ...box.exec] : box.exec;
  const execs = executables(starts, path);
  if (program && !execs.includes(real(starts[0] ?? "") ?? "")) return badProgram(starts[0] ?? "");
  const kept = giveKept(spec, user);
  const scratch = tier === "landlock" && execs.length > 0 ? scratchOf(stage, kept, user) : [];
  const staged = stage?.roots.map((root) => root.staged) ?? [];
  const shadow = stage ? [`${stage.folder}/root`] : [];
  const socket = box.net.kind === "proxy" ? box.net.socket : null;
  const libraries = execs.length > 0 || run.kind === "model";
  const system = libraries ? systemReads() : [];
  const beside = resolved([...system, ...(socket === null ? [] : CERTIFICATES)]);
  const carved = carve(reads, tier === "bwrap" ? [] : hidden);
  // Where nothing holds paths, they are what the process may load before it is sealed.
  const more = tier === "wasm" ? [] : [...runtimeReads(), ...shadow, ...beside, ...execs];
  const lock = lockOf(spec, {
    tier,
    abi: machine.abi,
    cwd: stage?.cwd ?? cwd,
    reads: [...new Set([...carved.reads, ...more])],
    lists: [...carved.lists, ...(run.kind === "model" ? foldersAbove(run.file) : [])],
    writes: [...staged, ...kept, ...scratch],
    execs,
    user,
    env: envOf(box, { execs, user, scratch: scratch[0] ?? null }),
  });
  const shown = { hidden, system: libraries, socket, links: linksTo(starts, path) };
  return {
    tier,
    ...startOf(run, lock, socket !== null),
    view: tier === "bwrap" ? viewOf(lock, shown) : null,
    ...{ cwd: lock.cwd, fork: lock.fork, stage, user },
  };
}

/** What lies around a process that is to start. */
interface Around {
  /** Folders no process sees. */
  readonly hidden?: readonly string[];
  /** The stage it shares with one that runs, and that one's user. */
  readonly shared?: Shared | null;
}

/** What a process that writes has, for another to work in. */
export interface Shared {
  readonly stage: StagePlan;
  readonly user: LockSpec["user"];
}

/** What is started inside, and what it is told: its lock, and that of the relay beside it. */
function startOf(
  run: ProcessSpec["run"],
  lock: LockSpec,
  relayed: boolean,
): Pick<Plan, "argv" | "env"> {
  const engine = run.kind === "model" ? NO_HOME : lock.tier === "wasm" ? ENGINE_ENV : {};
  const env = { NANOS_BOX: JSON.stringify(lock), ...RUNTIME_ENV, ...engine };
  if (!relayed) return { argv: innerArgv(run), env };
  const relay = { NANOS_RELAY: JSON.stringify(relayLock(lock)) };
  return { argv: [...runtimeArgv("box"), "relayed"], env: { ...env, ...relay } };
}

/**
 * One thread until the lock is on (compiling in the background is a thread), no cache files, and
 * no other setting: what the process sees as its environment comes with the lock.
 */
export const RUNTIME_ENV = {
  BUN_JSC_useConcurrentJIT: "0",
  BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
};

/** Asked for its user's home, the runtime looks here, or into a file that no box shows. */
const NO_HOME = { HOME: "/" };

/** Optimizing the engine takes longer than what most tools compute in it. */
const ENGINE_ENV = { BUN_JSC_useOMGJIT: "0" };

/** The stage of a process, and where it lies. */
export type StagePlan = PreparedStage & { readonly folder: string };

/** The stage of what runs outside our own boxes: the copies are this user's, at the real places. */
export function outerStage(
  spec: ProcessSpec,
  folder: string,
  given: {
    readonly reads: readonly string[];
    readonly hidden: readonly string[];
    readonly cwd?: string;
  },
): Promise<StagePlan | Failure> {
  return stageOf(spec, folder, { cwd: "/", ...given, owner: null });
}

/** Its own, none, or that of the one it works beside. */
async function stageFor(
  spec: ProcessSpec,
  given: Parameters<typeof stageOf>[2] & { readonly cwd: string },
  shared: Shared | null,
): Promise<StagePlan | Failure | null> {
  if (shared) return { ...shared.stage, cwd: given.cwd };
  return spec.stage === null ? null : stageOf(spec, spec.stage, given);
}

async function stageOf(
  spec: ProcessSpec,
  folder: string,
  given: Pick<StageWants, "reads" | "hidden" | "cwd" | "owner">,
): Promise<StagePlan | Failure> {
  const named = spec.box.writes.map((path) => realOrParent(path));
  const writes = outermost(seen(named, given.hidden ?? []));
  const around = writes.find((root) => within(realOrParent(folder), root));
  if (around !== undefined) return stageInside(folder, around);
  const prepared = await prepareStage({
    stage: folder,
    writes,
    bytes: spec.box.limits.stageBytes,
    ...given,
  });
  return "code" in prepared ? prepared : { ...prepared, folder };
}

function envOf(
  { env, net }: Box,
  given: Pick<LockSpec, "execs" | "user"> & { readonly scratch: string | null },
): Box["env"] {
  return {
    ...(given.scratch && { TMPDIR: given.scratch }),
    ...(given.user && gitEnv(given.execs)),
    ...env,
    // Last, as no variable of the operator's may lead past the relay.
    ...(net.kind === "proxy" && proxyEnv()),
  };
}

/** Programs need a place for temporary files: where there is no `/tmp` of its own, what it writes. */
function scratchOf(
  stage: StagePlan | null,
  kept: readonly string[],
  user: LockSpec["user"],
): string[] {
  const folder = stage?.folder ?? kept[0];
  return folder === undefined ? [] : [makeScratch(folder, user)];
}

/** A user of its own owns no repository, and git works in those of its user only, unless told to. */
function gitEnv(execs: readonly string[]): Box["env"] {
  if (!execs.some((path) => basename(path) === "git")) return {};
  return {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "safe.directory",
    GIT_CONFIG_VALUE_0: "*",
  };
}

/** The way to a file that looks for packages in every folder above it, and cannot without names. */
function foldersAbove(file: string): string[] {
  const above = dirname(real(file) ?? file);
  return above === "/" || above === "." ? [] : [above, ...foldersAbove(above)];
}

/** A path that may not be there yet, with its folder resolved. */
function realOrParent(path: string): string {
  const found = real(path);
  if (found !== null) return found;
  const cut = path.lastIndexOf("/");
  return cut <= 0 ? path : `${realOrParent(path.slice(0, cut))}${path.slice(cut)}`;
}

function outermost(paths: readonly string[]): string[] {
  return [...new Set(paths)].filter(
    (path) => !paths.some((other) => other !== path && within(path, other)),
  );
}

function resolved(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap((path) => real(path) ?? []))];
}

function innerArgv(run: ProcessSpec["run"]): string[] {
  if (run.kind === "host" || run.kind === "model") return [...runtimeArgv(run.kind), run.file];
  if (run.kind === "attack") return [...runtimeArgv("box"), "attack", run.name, ...run.args];
  return runtimeArgv("box");
}

interface LockWants {
  readonly tier: "bwrap" | "landlock" | "wasm";
  readonly abi: number;
  readonly cwd: string;
  readonly reads: readonly string[];
  readonly lists?: readonly string[];
  readonly writes: readonly string[];
  readonly execs: readonly string[];
  readonly user: LockSpec["user"];
  readonly env: Box["env"];
}

function lockOf(spec: ProcessSpec, wants: LockWants): LockSpec {
  const { box, run } = spec;
  const bwrap = wants.tier === "bwrap";
  const program = run.kind === "program";
  const fork = box.exec.length > 0;
  const exec = program || fork;
  const net = box.net.kind === "proxy" ? "client" : "none";
  const bare = bwrap ? null : { abi: wants.abi, ownUser: wants.user !== null };
  return {
    v: 1,
    ...wants,
    kind: program ? "program" : "host",
    parent: bwrap ? 0 : process.pid,
    ...(bwrap && exec && insideNamespaces(wants)),
    devices: DEVICES,
    ports: { connect: net === "client" ? [RELAY_PORT] : [], listen: [] },
    fork,
    argv: program ? [real(run.argv[0] ?? "") ?? "", ...run.argv.slice(1)] : [],
    limits: limitsOf(box, program, countBefore(bwrap, fork, wants.user)),
    filter: filterOf({ exec, fork, net, bare }),
    seal: wants.tier === "wasm" ? filterOf({ exec, fork, net, bare, sealed: true }) : null,
  };
}

/** The relay's own box: it starts nothing, reads our code, and joins one port to one socket. */
function relayLock(program: LockSpec): LockSpec {
  return {
    ...program,
    kind: "host",
    cwd: "/",
    reads: [...runtimeReads(), PROXY_SOCKET],
    writes: [],
    execs: [],
    env: {},
    argv: [],
    fork: false,
    ports: { connect: [], listen: [RELAY_PORT] },
    filter: filterOf({ exec: false, fork: false, net: "relay", bare: null }),
  };
}

/** The relay by itself, in a box whose network is for somebody else to join. */
export function planRelay(spec: ProcessSpec, machine: Machine, socket: string): Plan {
  const who = boxUser();
  const user = who.kind === "own" ? { id: ownId(), keep: who.keep } : null;
  const wants = { tier: "bwrap", abi: machine.abi, cwd: "/", user, env: {} } as const;
  const host: ProcessSpec = { ...spec, run: { kind: "host", file: "" } };
  const lock = relayLock(lockOf(host, { ...wants, reads: [], writes: [], execs: [] }));
  return {
    ...{ tier: "bwrap", cwd: "/", fork: false, stage: null, user },
    argv: [...runtimeArgv("box"), "relay"],
    env: { NANOS_BOX: JSON.stringify(lock), ...RUNTIME_ENV },
    view: viewOf(lock, { hidden: [], system: false, socket, links: new Map() }),
  };
}

/** What only exists inside the namespaces: its own /proc and its own /tmp. */
function insideNamespaces(wants: LockWants): Pick<LockSpec, "reads" | "writes"> {
  return {
    reads: [...wants.reads, "/proc", "/dev"],
    writes: [...wants.writes, "/tmp", "/dev/shm"],
  };
}

/**
 * Threads the kernel counts with the box's own: none for a user of its own or in a user namespace,
 * all of this user's otherwise. Null where that is not worth counting: without children the watch
 * is enough.
 */
function countBefore(bwrap: boolean, fork: boolean, user: LockSpec["user"]): number | null {
  if (user !== null || bwrap) return 0;
  return fork ? threadsOfUser() : null;
}

function limitsOf(box: Box, program: boolean, before: number | null): LockSpec["limits"] {
  const { limits } = box;
  return {
    cpuSeconds: limits.cpuSeconds,
    fileBytes: limits.stageBytes,
    files: LIMITS.toolFiles,
    addressBytes: program
      ? (limits.addressBytes ?? Math.max(PROGRAM_ADDRESS_BYTES, 2 * limits.memoryBytes))
      : 2 * limits.memoryBytes,
    processes: before === null ? null : before + (limits.processes + OWN_PROCESSES) * THREADS_EACH,
  };
}

const filters = new Map<string, LockSpec["filter"]>();

/** There are few different ones, and a process's start waits for it. */
function filterOf(options: Omit<FilterOptions, "arch">): LockSpec["filter"] {
  const { exec, fork, net, bare, sealed } = options;
  const key = `${exec} ${fork} ${net} ${bare?.abi} ${bare?.ownUser} ${sealed}`;
  const filter = filters.get(key) ?? makeFilter(options);
  filters.set(key, filter);
  return filter;
}

function makeFilter(options: Omit<FilterOptions, "arch">): LockSpec["filter"] {
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  const { program, ownPid } = seccompProgram({ arch, ...options });
  return { program: Buffer.from(program.buffer).toString("base64"), ownPid };
}

function viewOf(
  lock: LockSpec,
  { hidden, system, socket, links }: Pick<View, "hidden" | "system" | "socket" | "links">,
): View {
  const mounted = (path: string): boolean =>
    OWN_MOUNTS.test(path) || (system && SYSTEM_FOLDERS.some((folder) => within(path, folder)));
  const reads = [...lock.reads, runtimeFile()].filter((path) => !mounted(path));
  const writes = lock.writes.filter((path) => !mounted(path));
  const there = (path: string): boolean =>
    mounted(path) || [...reads, ...writes].some((shown) => within(path, shown));
  return {
    reads: [...new Set(reads)].filter((path) => existsSync(path)),
    writes,
    links: new Map([...links].filter(([path]) => isAbsolute(path) && !there(path))),
    hidden: hidden.filter((folder) => reads.some((path) => within(folder, path))),
    cwd: lock.cwd,
    system,
    keep: lock.user?.keep ?? null,
    socket,
    tmpBytes: system ? TMP_BYTES : 0,
  };
}

/** Mounted anew inside; `/tmp` alone, as a granted folder may well lie in the real one. */
const OWN_MOUNTS = /^\/(?:(?:proc|dev)(?:\/.*)?|tmp)$/u;
