import { homedir } from "node:os";
import { isAbsolute, join, relative } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import { systemClock } from "../../std/clock.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import type { ToolManifest } from "../../contracts/tool.ts";
import type { Tier } from "../../contracts/isolation.ts";
import type { Boxed, Ended, ProcessSpec } from "../../sandbox/sandbox.ts";
import { boxOf, DEFAULT_PATH, findProgram } from "../box.ts";
import { endedFailure, failure, isFailure, lastWords, withWords } from "../failures.ts";
import type { HomeTaken } from "../homes.ts";
import { missingScope, refusedPath } from "../missing.ts";
import { isWithin, pathsOf, valuesOf } from "../scopes.ts";
import type { Reached, ToolCall, ToolResult } from "../tool-host.ts";
import { newPassage, openProxy, type Passage, type Proxy, reachedOf } from "../proxy/proxy.ts";
import { withRealPlaces } from "../stages.ts";
import { bareHere, failed, heldBy, labelOf, type Parts, type Source } from "./kind.ts";

/** A program to start: argv whose first item is a name or path, found before the box closes. */
export interface Program {
  readonly argv: readonly string[];
  readonly scopes: readonly Scope[];
  readonly granted?: readonly string[];
  readonly workspace: string;
  readonly ms: number;
  readonly stage: string | null;
  readonly warm?: boolean;
  /** The name of a command, by which it may be marked too. */
  readonly command?: string;
  readonly set?: Readonly<Record<string, string>>;
  /** One that runs and in whose stage it works; `stage` is then null. */
  readonly beside?: Boxed;
  /** The folder it keeps, which is its home. */
  readonly keeps?: ProcessSpec["keeps"];
  /** Where it runs; the workspace where nothing is said and it may see that. */
  readonly folder?: string;
}

/** A started program, and its way to the network where its scopes name hosts. */
export interface Started {
  readonly boxed: Boxed;
  readonly proxy: Proxy | null;
}

/**
 * Starts a program in the box its scopes make. What it reaches through the proxy while `passage` is
 * in goes there; whoever calls leaves for it.
 */
export async function startProgram(
  program: Program,
  source: Source,
  parts: Parts,
  passage: Passage,
): Promise<Started | Failure> {
  const { scopes, granted = [] } = program;
  const starts = valuesOf(scopes, "exec").some((name) => name !== program.argv[0]);
  const process = { kind: "program", net: reachesOut(scopes), starts } as const;
  const unconfined = bareHere(parts, source, process, program.command);
  // What nothing holds needs no way out.
  const out = process.net && unconfined === undefined ? { scopes, granted } : null;
  const home = homeOf(program, source, parts);
  if (home && isFailure(home)) return home;
  const started = await withWayOut(out, parts, passage, async (socket) => {
    const spec = programSpec({ ...program, keeps: home?.keeps }, source, parts, socket);
    if (isFailure(spec)) return spec;
    return parts.sandbox.start({ ...spec, ...(unconfined && { unconfined }) });
  });
  if (isFailure(started)) home?.release();
  else void started.boxed.ended.then(() => home?.release());
  return started;
}

/** The folder an agent keeps, with what it may see of its operator's; null where it has none. */
function homeOf(program: Program, source: Source, parts: Parts): HomeTaken | Failure | null {
  if (source.from !== "agent" || source.agent.manifest.home !== "own") return null;
  // One beside another is started for it, and shares what that one has.
  if (program.beside || program.keeps) return null;
  const home = parts.homes.take(source.agent.manifest.name);
  if (isFailure(home)) return home;
  const operators = parts.env["HOME"] ?? homedir();
  const { scopes, workspace } = program;
  const seen = [...pathsOf(scopes, "read", workspace), ...pathsOf(scopes, "write", workspace)];
  const links = [...new Set(seen)].flatMap((path) => {
    const inside = isWithin(operators, path) && path !== operators && !isWithin(path, workspace);
    return inside ? [{ path: relative(operators, path), to: stagedItem(path, program) }] : [];
  });
  home.link(links);
  return home;
}

/** Starts a process with a proxy of its own for these scopes; null: with no way to the network. */
export async function withWayOut(
  out: { readonly scopes: readonly Scope[]; readonly granted: readonly string[] } | null,
  { resolve }: Parts,
  passage: Passage,
  start: (socket: string | null) => Promise<Boxed | Failure>,
): Promise<Started | Failure> {
  const proxy = out === null ? null : await openProxy({ ...out, resolve });
  proxy?.enter(passage);
  const boxed = await start(proxy?.socket ?? null);
  if (isFailure(boxed)) {
    proxy?.close();
    return boxed;
  }
  void boxed.ended.then(() => proxy?.close());
  return { boxed, proxy };
}

/** True when some scope names a place in the network. */
export function reachesOut(scopes: readonly Scope[]): boolean {
  return scopes.some((scope) => scope.startsWith("net:"));
}

/** The tier that would hold a program of these scopes, for what is said when it is not started. */
export function programTier({ sandbox }: Parts, scopes: readonly Scope[]): Tier {
  return sandbox.tier("program", reachesOut(scopes)) ?? "host";
}

/** The sandbox's order for a program, or why it cannot be given. */
function programSpec(
  program: Program,
  source: Source,
  parts: Parts,
  socket: string | null,
): ProcessSpec | Failure {
  const [name = "", ...rest] = program.argv;
  const file = findProgram(name, source.dir, parts.env);
  if (file === null) {
    return failure("tool.not_found_program", `The program ${name} was not found.`);
  }
  const { scopes, workspace, ms } = program;
  const given = Object.entries(program.set ?? {}).map(([key, text]) => [
    key,
    stagedItem(text, program),
  ]);
  const fixed = { PATH: parts.env["PATH"] ?? DEFAULT_PATH, LANG: "C.UTF-8" };
  const { keeps } = program;
  const own = { ...Object.fromEntries(given), ...(keeps && { HOME: keeps.folder }) };
  const set: Readonly<Record<string, string>> = { ...fixed, ...own };
  return {
    run: { kind: "program", argv: [file, ...rest.map((item) => stagedItem(item, program))] },
    cwd: program.folder ?? folderFor(scopes, workspace),
    box: boxOf({
      ...{ scopes, workspace, own: [file, ...source.own], env: parts.env, ms, set, socket },
      ...{ warm: program.warm ?? false, agent: source.from === "agent" },
    }),
    stage: program.stage,
    ...(keeps && { keeps }),
    ...(program.beside && { beside: program.beside }),
  };
}

/** An argument or variable that is a path of what is staged, as the path of the copy it will work on. */
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
  input = "",
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
  feed(boxed, input);
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

/** Gives it its input. One that ends without reading it has its reasons, and says what came of it. */
function feed(boxed: Boxed, input: string): void {
  if (input === "") return boxed.endInput();
  void boxed
    .write(input)
    .catch(() => undefined)
    .then(() => boxed.endInput());
}

/** How a tool whose result is what it prints is started for a call. */
export interface Printing {
  readonly parts: Parts;
  readonly manifest: ToolManifest;
  /** `stage`: where what it may write goes; null when that is nothing. */
  start(passage: Passage, stage: string | null): Promise<Started | Failure>;
  /** Its standard input. */
  readonly input?: string;
  /** What would hold it, for what is said when it is not started. */
  readonly tier: Tier;
  /** What it prints is an agent's answer: one without any that changed nothing did nothing. */
  readonly answers?: boolean;
}

/** Runs it once: its standard output is the result, and what it wrote is staged. */
export async function printed(
  { parts, manifest, start, tier, input, answers = false }: Printing,
  call: ToolCall,
  signal: AbortSignal,
): Promise<ToolResult> {
  const writes = call.scopes.some((scope) => scope.startsWith("write:"));
  const passage = newPassage();
  const started = await start(passage, writes ? await parts.stages.fresh(call.step) : null);
  if (isFailure(started)) return failed(started, tier);
  const { boxed } = started;
  const ran = await readToEnd(boxed, call.tool, call.ms, signal, input);
  const reached = reachedOf(passage);
  const real = (text: string): string => withRealPlaces(text, boxed.mapping);
  const said = [real(boxed.stderr()), real(ran.stdout)];
  const why = ran.stopped
    ? withWords(ran.stopped, lastWords(...said))
    : programFailure(call.tool, ran.ended, said);
  if (why !== null) {
    await boxed.discard();
    const missing = ran.stopped === null ? missingOf(boxed, call, reached) : null;
    const lacking = missing === null ? why : failure("tool.scope_missing", why.message);
    return { ...failed(lacking, boxed, missing ?? undefined), ...reached };
  }
  const staged = writes ? await parts.stages.keep(call.step, boxed) : null;
  if (staged !== null && isFailure(staged)) return { ...failed(staged, boxed), ...reached };
  if (answers && staged === null && ran.stdout.trim() === "") {
    return { ...failed(silent(call.tool, boxed.stderr()), boxed), ...reached };
  }
  const label = labelOf(manifest);
  return { ok: true, output: real(ran.stdout), ...heldBy(boxed), label, staged, ...reached };
}

/** The scope whose lack made a program fail, when that can be told. */
function missingOf(boxed: Boxed, call: ToolCall, reached: Reached): Scope | null {
  const os = refusedPath(boxed.stderr());
  return undeclaredIn(reached) ?? (os === null ? null : missingScope(os, call, boxed.mapping));
}

/** The first host it tried for that its call did not declare. */
function undeclaredIn({ refused = [] }: Reached): Scope | null {
  return refused.find(({ why }) => why === "undeclared")?.scope ?? null;
}

function programFailure(name: string, ended: Ended, said: readonly string[]): Failure | null {
  if (ended.kind !== "exited") return endedFailure(name, ended, ...said);
  if (ended.code === 0) return null;
  const words = lastWords(...said);
  const message = `${name} ended with exit code ${ended.code}${words === "" ? "." : `: ${words}`}`;
  return failure("tool.program_failed", message);
}

/** Of an agent that ended well and did nothing at all: what it was asked was not done. */
export function silent(name: string, stderr: string): Failure {
  const words = lastWords(stderr);
  const rest = words === "" ? "." : `: ${words}`;
  return failure("tool.silent", `${name} gave no answer and changed nothing${rest}`);
}
