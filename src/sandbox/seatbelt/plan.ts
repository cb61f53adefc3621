import type { Failure } from "../../contracts/outcome.ts";
import { LIMITS } from "../../std/limits.ts";
import { seen } from "../hidden.ts";
import { giveKept, makeScratch } from "../keeps.ts";
import type { LockSpec } from "../lock.ts";
import type { StagePlan } from "../plan.ts";
import { outerStage, RUNTIME_ENV } from "../plan.ts";
import { badPath, badProgram } from "../refusals.ts";
import { executables, real } from "../programs.ts";
import { proxyEnv } from "../relay/place.ts";
import { runtimeArgv, runtimeFile, runtimeReads } from "../runtime.ts";
import type { ProcessSpec } from "../sandbox.ts";
import { isOdd, profileOf, type Reach } from "./profile.ts";

/** All that is decided before a process starts on a Mac. */
export interface SeatbeltPlan {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stage: StagePlan | null;
}

/** Where Apple's program lies that puts a process under a profile. */
export const SANDBOX_EXEC = "/usr/bin/sandbox-exec";

/**
 * A process under a profile of its own, started by argv. `wrapper` is Apple's program; `port` is
 * where the relay to our proxy listens, null for no network.
 */
export async function planSeatbelt(
  spec: ProcessSpec,
  wrapper: string,
  port: number | null,
  never: readonly string[],
): Promise<SeatbeltPlan | Failure> {
  const { box, run } = spec;
  const cwd = real(spec.cwd);
  if (cwd === null) return badPath(spec.cwd);
  const hidden = never.flatMap((path) => real(path) ?? []);
  const reads = seen([...new Set(box.reads.flatMap((path) => real(path) ?? []))], hidden);
  const given = { reads, hidden, cwd };
  const stage = spec.stage === null ? null : await outerStage(spec, spec.stage, given);
  if (stage !== null && "code" in stage) return stage;
  const program = run.kind === "program" ? (run.argv[0] ?? "") : runtimeFile();
  const execs = executables([program], box.env["PATH"] ?? "");
  const file = real(program);
  if (file === null || !execs.includes(file)) return badProgram(program);
  const kept = giveKept(spec, null);
  const place = stage?.folder ?? kept[0];
  const scratch = place === undefined ? null : makeScratch(place, null);
  const reach: Reach = {
    reads: [...reads, ...own(run), ...(stage === null ? [] : [`${stage.folder}/root`])],
    writes: [
      ...(stage?.roots ?? []).map(({ staged }) => staged),
      ...kept,
      ...(scratch ? [scratch] : []),
    ],
    ...{ hidden, execs, port },
  };
  // What is fine for the file system and ends a line of the profile is not put into one.
  const odd = [...reach.reads, ...reach.writes, ...execs].find(isOdd);
  if (odd !== undefined) return badPath(JSON.stringify(odd));
  const env = {
    ...(scratch && { TMPDIR: scratch }),
    ...box.env,
    ...(port !== null && proxyEnv(port)),
  };
  const inner = innerOf(run, env);
  return {
    argv: limited(box.limits.cpuSeconds, [wrapper, "-p", profileOf(reach), ...inner.argv]),
    ...{ env: inner.env, cwd: stage?.cwd ?? cwd, stage },
  };
}

/**
 * Whether the walls stand on this Mac: our own runtime starts under the profile of an empty box,
 * and is refused there a file, a socket, a program and a place to write. What is not is not used.
 */
export function seatbeltProbeArgv(wrapper: string): string[] {
  const reach = { reads: own(PROBE), writes: [], hidden: [], execs: [runtimeFile()], port: null };
  return [wrapper, "-p", profileOf(reach), ...runtimeArgv("box"), "walls"];
}

const PROBE: ProcessSpec["run"] = { kind: "host", file: "" };

/** What is started inside, and what it is told. */
function innerOf(
  run: ProcessSpec["run"],
  env: Readonly<Record<string, string>>,
): Pick<SeatbeltPlan, "argv" | "env"> {
  if (run.kind !== "host") return { argv: run.kind === "program" ? run.argv : [], env };
  const lock: Pick<LockSpec, "v" | "tier" | "env"> = { v: 1, tier: "seatbelt", env };
  return {
    argv: [...runtimeArgv("host"), run.file],
    env: { NANOS_BOX: JSON.stringify(lock), ...RUNTIME_ENV },
  };
}

function own(run: ProcessSpec["run"]): string[] {
  return run.kind === "host" ? runtimeReads().flatMap((path) => real(path) ?? []) : [];
}

/**
 * Limits a process keeps through whatever it becomes. The text is ours and fixed; what is started
 * stays an argv. Memory and time are watched from outside, as a Mac bounds no address space.
 */
function limited(cpuSeconds: number, argv: readonly string[]): string[] {
  const set = 'ulimit -c 0 && ulimit -n "$1" && ulimit -S -t "$2" && ulimit -H -t "$3"';
  const numbers = [LIMITS.toolFiles, cpuSeconds, cpuSeconds + 1].map(String);
  return ["/bin/sh", "-c", `${set} && shift 3 && exec "$@"`, "nanos", ...numbers, ...argv];
}
