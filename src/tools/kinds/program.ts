import { isAbsolute, join } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import { systemClock } from "../../std/clock.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import type { Boxed, Ended, ProcessSpec } from "../../sandbox/sandbox.ts";
import { boxOf, DEFAULT_PATH, findProgram } from "../box.ts";
import { endedFailure, failure, isFailure, lastLine } from "../failures.ts";
import { missingScope, refusedPath } from "../missing.ts";
import { isWithin, pathsOf } from "../scopes.ts";
import type { ToolCall, ToolResult } from "../tool-host.ts";
import { failed, type Parts, type Source } from "./kind.ts";

/** A program to start: argv whose first item is a name or path, found before the box closes. */
export interface Program {
  readonly argv: readonly string[];
  readonly scopes: readonly Scope[];
  readonly workspace: string;
  readonly ms: number;
  readonly stage: string | null;
  readonly warm?: boolean;
  readonly set?: Readonly<Record<string, string>>;
}

/** The sandbox's order for a program, or why it cannot be given. */
export function programSpec(program: Program, source: Source, parts: Parts): ProcessSpec | Failure {
  const [name = "", ...rest] = program.argv;
  const file = findProgram(name, source.dir, parts.env);
  if (file === null) {
    return failure("tool.not_found_program", `The program ${name} was not found.`);
  }
  if (program.scopes.some((scope) => scope.startsWith("net:"))) {
    return noNetwork(name);
  }
  const { scopes, workspace, ms } = program;
  const set = { PATH: parts.env["PATH"] ?? DEFAULT_PATH, LANG: "C.UTF-8", ...program.set };
  const own = [file, ...source.own];
  return {
    run: { kind: "program", argv: [file, ...rest.map((item) => stagedItem(item, program))] },
    cwd: folderFor(scopes, workspace),
    box: boxOf({ scopes, workspace, own, env: parts.env, ms, set, warm: program.warm ?? false }),
    stage: program.stage,
  };
}

/** No tier gives a program a network of its own, and a weaker box is never used in its place. */
export function noNetwork(name: string): Failure {
  const message = `${name} declares net:, and programs have no network in the sandbox.`;
  return failure("tool.no_network", message);
}

/** An argument that is a path of what is staged, as the path of the copy it will work on. */
function stagedItem(item: string, { scopes, workspace, stage }: Program): string {
  if (stage === null || !isAbsolute(item)) return item;
  const writes = pathsOf(scopes, "write", workspace);
  return writes.some((root) => isWithin(root, item)) ? join(stage, "root", item) : item;
}

/** The workspace where it can be seen from inside, else the root. */
function folderFor(scopes: readonly Scope[], workspace: string): string {
  const seen = [...pathsOf(scopes, "read", workspace), ...pathsOf(scopes, "write", workspace)];
  return seen.some((path) => isWithin(path, workspace)) ? workspace : "/";
}

/** What a program that ran to its end has said. */
export interface Ran {
  readonly stdout: string;
  readonly ended: Ended;
  /** Set when it was ended by us, and why. */
  readonly stopped: Failure | null;
}

/** Reads a program's output to its end, within the limits of one call. */
export async function readToEnd(
  boxed: Boxed,
  name: string,
  ms: number,
  signal: AbortSignal,
): Promise<Ran> {
  let stopped: Failure | null = null;
  const stop = (why: Failure): void => {
    stopped ??= why;
    void boxed.stop();
  };
  const abort = (): void => stop(failure("tool.cancelled", `${name} was cancelled.`));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  const over = new AbortController();
  void systemClock.sleep(ms, over.signal).then(() => {
    if (!over.signal.aborted) stop(failure("tool.timeout", `${name} did not finish in time.`));
  });
  boxed.endInput();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of boxed.stdout) {
    bytes += chunk.length;
    if (bytes <= LIMITS.toolOutputBytes) chunks.push(chunk);
    else stop(failure("tool.flooded", `${name} gave more output than a call may.`));
  }
  const ended = await boxed.ended;
  over.abort();
  signal.removeEventListener("abort", abort);
  return { stdout: Buffer.concat(chunks).toString("utf8"), ended, stopped };
}

/** Runs a program once and gives its standard output, staging what it may write. */
export async function runOnce(
  program: Program,
  source: Source,
  parts: Parts,
  call: ToolCall,
  signal: AbortSignal,
): Promise<{ readonly ran: Ran; readonly boxed: Boxed } | ToolResult> {
  const spec = programSpec(program, source, parts);
  const tier = parts.sandbox.tier("program", false) ?? "host";
  if (isFailure(spec)) return failed(spec, tier);
  const boxed = await parts.sandbox.start(spec);
  if (isFailure(boxed)) return failed(boxed, tier);
  const ran = await readToEnd(boxed, call.tool, call.ms, signal);
  const why = ran.stopped ?? programFailure(call.tool, ran.ended, boxed.stderr());
  if (why === null) return { ran, boxed };
  await boxed.discard();
  const os = refusedPath(boxed.stderr());
  const missing = os === null ? null : missingScope(os, call, boxed.mapping);
  if (missing === null) return failed(why, boxed.tier);
  return failed(failure("tool.scope_missing", why.message), boxed.tier, missing);
}

function programFailure(name: string, ended: Ended, stderr: string): Failure | null {
  if (ended.kind !== "exited") return endedFailure(name, ended, stderr);
  if (ended.code === 0) return null;
  const said = lastLine(stderr);
  const message = `${name} ended with exit code ${ended.code}${said === "" ? "." : `: ${said}`}`;
  return failure("tool.program_failed", message);
}
