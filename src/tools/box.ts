import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { LIMITS } from "../std/limits.ts";
import type { Scope } from "../contracts/scope.ts";
import type { Config } from "../contracts/config.ts";
import type { Box, Sandbox } from "../sandbox/sandbox.ts";
import { pathsOf, valuesOf } from "./scopes.ts";

/** The environment, of which a box gets only what a scope names. */
export type Env = Readonly<Record<string, string | undefined>>;

export interface BoxWants {
  /** Resolved: absolute paths. */
  readonly scopes: readonly Scope[];
  readonly workspace: string;
  /** What it must read beyond its scopes: its own code. */
  readonly own: readonly string[];
  readonly env: Env;
  /** Fixed variables of its own. */
  readonly set?: Readonly<Record<string, string>>;
  readonly ms: number;
  /** The socket of the proxy it reaches the network by; none where nothing is said. */
  readonly socket?: string | null;
  /** True for a process that serves many calls: CPU time is counted over its life. */
  readonly warm?: boolean;
  /** True for a program that is an agent. */
  readonly agent?: boolean;
}

/** The box of one process, from its scopes and nothing else. */
export function boxOf(wants: BoxWants): Box {
  const { scopes, workspace, own, env, ms, socket = null } = wants;
  return {
    reads: [...new Set([...own, ...pathsOf(scopes, "read", workspace)])],
    writes: pathsOf(scopes, "write", workspace),
    net: socket === null ? { kind: "none" } : { kind: "proxy", socket },
    exec: valuesOf(scopes, "exec").flatMap((name) => findProgram(name, workspace, env) ?? []),
    env: { ...wants.set, ...named(scopes, env) },
    limits: {
      ms,
      memoryBytes: wants.agent ? LIMITS.agentMemoryBytes : LIMITS.toolMemoryBytes,
      ...(wants.agent && { addressBytes: LIMITS.agentAddressBytes }),
      processes: wants.agent ? LIMITS.agentProcesses : LIMITS.toolProcesses,
      cpuSeconds: wants.agent
        ? LIMITS.agentCpuSeconds
        : LIMITS.toolCpuSeconds * (wants.warm ? WARM_CALLS : 1),
      outputBytes: wants.agent ? LIMITS.agentOutputBytes : LIMITS.toolOutputBytes * OUTPUT_FACTOR,
      stageBytes: LIMITS.stageBytes,
    },
  };
}

/** CPU time is counted over a process's life, and a warm one serves many calls. */
const WARM_CALLS = 20;
/** JSON on the wire is larger than the text in it; the link counts the result itself. */
const OUTPUT_FACTOR = 8;

function named(scopes: readonly Scope[], env: Env): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of valuesOf(scopes, "env")) {
    // What nanos is told by its own variables, the passphrase of the secrets too, is no tool's.
    const value = name.startsWith("NANOS_") ? undefined : env[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/**
 * The absolute path of a program: as given, relative to `base`, or looked up on PATH; or null. One
 * that ends with `/` is a folder, and stands for the programs in it.
 */
export function findProgram(name: string, base: string, env: Env): string | null {
  if (name.includes("/")) {
    const path = isAbsolute(name) ? name : resolve(base, name);
    return isExecutable(path) ? path : null;
  }
  for (const dir of (env["PATH"] ?? DEFAULT_PATH).split(delimiter)) {
    if (!isAbsolute(dir)) continue;
    const path = join(dir, name);
    if (isExecutable(path)) return path;
  }
  return null;
}

/** Where programs lie on most machines. */
export const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path.endsWith("/") || statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What the operator allows where it is less than what nanos itself does. */
export type Most = Pick<
  NonNullable<Config["most"]>,
  "toolMs" | "toolMemoryBytes" | "toolCpuSeconds"
>;

/** A sandbox that starts nothing with more. */
export function capped(sandbox: Sandbox, most: Most): Sandbox {
  return {
    ...sandbox,
    start: (spec) => sandbox.start({ ...spec, box: { ...spec.box, limits: less(spec.box, most) } }),
  };
}

function less({ limits }: Box, { toolMemoryBytes, toolCpuSeconds }: Most): Box["limits"] {
  const { memoryBytes, cpuSeconds } = limits;
  // What is kept for many calls has their time together, and less of it in the same measure.
  const share = (toolCpuSeconds ?? LIMITS.toolCpuSeconds) / LIMITS.toolCpuSeconds;
  return {
    ...limits,
    memoryBytes: Math.min(memoryBytes, toolMemoryBytes ?? memoryBytes),
    cpuSeconds: Math.max(1, Math.ceil(cpuSeconds * share)),
  };
}
