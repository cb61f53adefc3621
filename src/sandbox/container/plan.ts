import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failure } from "../../contracts/outcome.ts";
import { LIMITS } from "../../std/limits.ts";
import type { StagePlan } from "../plan.ts";
import { outerStage } from "../plan.ts";
import { seen } from "../hidden.ts";
import { real } from "../programs.ts";
import { proxyEnv } from "../relay/place.ts";
import type { Box, ProcessSpec } from "../sandbox.ts";
import { within } from "../stage/copy.ts";
import type { Podman } from "./podman.ts";

/** All that is decided before a container starts. */
export interface ContainerPlan {
  readonly argv: readonly string[];
  /** Ends the container and what is in it: ending podman's client would leave it running. */
  readonly remove: readonly string[];
  readonly stage: StagePlan | null;
  /** Removes what was written for podman to read. */
  tidy(): void;
}

type Run = Extract<ProcessSpec["run"], { kind: "container" }>;

interface ContainerGiven {
  /** By which it can be ended. */
  readonly name: string;
  /** Path of the network it joins, in which there is our relay and nothing else; null for none. */
  readonly network: string | null;
  readonly never: readonly string[];
}

/**
 * Nothing of the machine is in the container but the paths its box names, each at its own place:
 * no network but our relay's, no rights, a root nobody writes to. Podman comes between, so that a container has the
 * name given here from before it exists, by which it can be ended at any moment.
 */
export async function planContainer(
  spec: ProcessSpec & { readonly run: Run },
  podman: Podman,
  { name, network, never }: ContainerGiven,
): Promise<ContainerPlan | Failure> {
  const { box, run } = spec;
  const hidden = never.flatMap((path) => real(path) ?? []);
  const reads = seen([...new Set(box.reads.flatMap((path) => real(path) ?? []))], hidden);
  const stage = spec.stage === null ? null : await outerStage(spec, spec.stage, { reads, hidden });
  if (stage !== null && "code" in stage) return stage;
  const mounts = mountsOf(reads, stage);
  const odd = mounts.find(({ from, to }) => ODD.test(from + to));
  if (odd !== undefined) return badPath(odd.to);
  const env = { ...box.env, ...(network !== null && proxyEnv()) };
  const lines = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  if (lines.some((line) => line.includes("\n"))) return badEnv();
  const folder = mkdtempSync(join(tmpdir(), "nanos-box-"));
  const envFile = join(folder, "env");
  const calls = join(folder, "calls.json");
  writeFileSync(calls, network === null ? podman.calls.none : podman.calls.client);
  const empty = join(folder, "empty");
  mkdirSync(empty, { mode: 0o755 });
  const covers = hidden
    .filter((to) => mounts.some((mount) => mount.ro && within(to, mount.to)))
    .map((to): Mount => ({ from: empty, to, ro: true }));
  // Not as arguments, which every user of the machine can read.
  writeFileSync(envFile, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  const base = [podman.path, ...(podman.runtime === null ? [] : ["--runtime", podman.runtime])];
  return {
    argv: [
      ...[...base, "run", "--rm", "-i", "--pull=never", `--name=${name}`, ...WALLS],
      `--network=${network === null ? "none" : `ns:${network}`}`,
      ...limitFlags(box.limits),
      `--security-opt=seccomp=${calls}`,
      `--env-file=${envFile}`,
      ...[...mounts, ...covers].map(
        ({ from, to, ro }) => `--mount=type=bind,src=${from},dst=${to}${ro ? ",ro=true" : ""}`,
      ),
      ...["--", run.image, ...run.argv],
    ],
    remove: [...base, "rm", "--force", "--time=0", "--ignore", name],
    stage,
    tidy: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const WALLS = [
  "--read-only",
  "--cap-drop=all",
  "--security-opt=no-new-privileges",
  "--hostname=nanos",
  "--http-proxy=false",
  "--unsetenv=TERM",
  "--log-driver=none",
  "--sdnotify=ignore",
];

/** Seconds a container has beyond its own time, should nobody be left to end it. */
const GRACE_SECONDS = 30;

function limitFlags(limits: Box["limits"]): string[] {
  const { ms, memoryBytes, processes, cpuSeconds, stageBytes } = limits;
  const most = (name: string, value: number, hard = value): string =>
    `--ulimit=${name}=${value}:${hard}`;
  return [
    `--pids-limit=${processes}`,
    // As much with swap as without: what does not fit is not swapped out.
    `--memory=${memoryBytes}b`,
    `--memory-swap=${memoryBytes}b`,
    `--timeout=${Math.ceil(ms / 1000) + GRACE_SECONDS}`,
    most("core", 0),
    most("nofile", LIMITS.toolFiles),
    most("nproc", ROOM),
    most("cpu", cpuSeconds, cpuSeconds + 1),
    most("fsize", stageBytes),
  ];
}

/** Of its user on the whole machine, where it counts at all; the container's own number is above. */
const ROOM = 4096;

interface Mount {
  readonly from: string;
  readonly to: string;
  readonly ro: boolean;
}

function mountsOf(reads: readonly string[], stage: StagePlan | null): Mount[] {
  const roots = stage?.roots ?? [];
  const given = reads.filter(
    (path) => existsSync(path) && !roots.some((root) => within(path, root.real)),
  );
  return [
    ...given.map((path) => ({ from: path, to: path, ro: true })),
    ...roots.map(({ real: to, staged }) => ({ from: staged, to, ro: false })),
  ];
}

/** What ends a field of podman's flags. */
const ODD = /[,"\n\r]/u;

function badPath(path: string): Failure {
  return {
    code: "sandbox.bad_path",
    message: `The path ${path} cannot be given to podman.`,
    next: "Name a path without commas, quotes and line breaks.",
  };
}

function badEnv(): Failure {
  return {
    code: "sandbox.start_failed",
    message: "A variable of several lines cannot be given to a container.",
    next: "Leave the variable out, or use another kind of tool.",
  };
}
