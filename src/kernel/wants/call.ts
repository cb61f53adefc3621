import { canonical, ordered } from "../../std/canonical.ts";
import { NanosError, messageOf } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Tier } from "../../contracts/isolation.ts";
import type { Label } from "../../contracts/label.ts";
import type { Failure, HeldFile, Outcome } from "../../contracts/outcome.ts";
import type { Ask } from "../../contracts/run.ts";
import type { Scope } from "../../contracts/scope.ts";
import { isGranted } from "../../gate/endorse.ts";
import type { Standing } from "../../gate/gate.ts";
import { UNKNOWN_LABEL, joinLabels } from "../../gate/labels.ts";
import { parseScope } from "../../gate/scopes.ts";
import type {
  Granted,
  LoadedTool,
  Reach,
  Staged,
  ToolCall,
  ToolResult,
  Wanted,
} from "../../tools/tool-host.ts";
import { act } from "../act.ts";
import type { Settled } from "../commit-all.ts";
import { type Limit, unlessStopped, whyStopped } from "../drive/watch.ts";
import { labelsOfFiles } from "../flow/files.ts";
import { isLabelled } from "../flow/flow.ts";
import { type Frame, draft } from "../frame.ts";
import { type Proposed, Waiting } from "../proposal.ts";
import { heldWant } from "../secrets/guard.ts";
import { granted, reachWant } from "./reach.ts";

/** One call of a tool, with the reach it has here. */
export interface ToolUse {
  readonly tool: LoadedTool;
  readonly args: Json;
  readonly scopes: readonly Scope[];
}

/** Lets a tool run, and gives what came of it as the draft that settles its step. */
export async function callTool(frame: Frame, use: ToolUse, one: Proposed): Promise<Draft> {
  const { drive } = frame;
  const { name } = use.tool.manifest;
  const files = await labelsOfFiles(frame, use.scopes);
  const start = drive.elapsed();
  const { result, hosts, labels, limit } = await callHost(frame, use, one, false);
  const ms = Math.round(drive.elapsed() - start);
  const outcome = isTimedOut(limit, drive.signal, result)
    ? timedOut(name)
    : await outcomeOf(frame, result);
  // What a tool says of its failure is text of its own as well.
  const said: Label = result.ok ? result.label : UNKNOWN_LABEL;
  const own = joinLabels(
    { ...said, sources: [...said.sources, ...hosts, name] },
    ...files,
    ...labels,
  );
  const label = joinLabels(frame.label, own);
  const better = outcome.status === "done" && own.integrity !== label.integrity;
  const told = better && isLabelled(frame) ? { ...outcome, own } : outcome;
  return {
    ...draft(frame, one.step, `tool:${name}`, {
      ...(result.held && { held: result.held }),
      kind: "action.settled",
      ms,
      outcome: { ...reached(hosts, result), ...told },
    }),
    isolation: result.isolation,
    label,
  };
}

/** Asks a tool's probe whether an earlier call took effect; null when it gives no answer. */
export async function probeTool(
  frame: Frame,
  use: ToolUse,
  one: Proposed,
): Promise<boolean | null> {
  const { result } = await callHost(frame, use, one, true);
  return result.ok && typeof result.output === "boolean" ? result.output : null;
}

interface Called {
  readonly result: CallResult;
  /** Hosts it reached, `host:port`. */
  readonly hosts: string[];
  /** Of what it was given, by itself: a page it fetched is not always what the tool says it gives. */
  readonly labels: readonly Label[];
  readonly limit: Limit | null;
}

/** One call of the tool or of its probe, with what it asks back for, until all of it is over. */
async function callHost(
  frame: Frame,
  use: ToolUse,
  one: Proposed,
  probe: boolean,
): Promise<Called> {
  const { world, drive } = frame;
  if (!world) throw new Error("bug: a replay called a tool");
  const errand = openErrand(frame, use, one);
  const most = msFor(frame, use.tool);
  const heard = hearing(frame, one.step);
  const limit = limitOf(frame, most);
  const signals = [drive.signal, errand.signal, ...(limit ? [limit.signal] : [])];
  const signal = AbortSignal.any(signals);
  const before = frame.started.after.at(-1);
  const call = {
    tool: use.tool.manifest.name,
    hash: use.tool.hash,
    args: use.args,
    scopes: use.scopes,
    granted: hostsGranted(one.standing),
    workspace: frame.workspace,
    step: one.step,
    ...(before !== undefined && { after: before }),
    now: one.standing.now,
    // While the operator may be asked in the middle of it, the run's own watch bounds the call.
    ms: limit ? most + LIMITS.approvalMs : most,
    ...(probe ? { probe } : {}),
    ...(heard && { hear: heard.hear }),
  };
  const called = world.tools.call(call, errand.reach, signal).catch(broken);
  const result = await unlessStopped(called, signal, LIMITS.lastWordsMs, late);
  limit?.clear();
  heard?.end();
  await errand.over();
  const hosts = [...new Set([...errand.hosts, ...(result.hosts ?? [])])];
  return { result, hosts, labels: errand.labels, limit };
}

/** A result of the host, or of a host that broke its contract: then nobody knows the isolation. */
type CallResult = ToolResult | (Omit<Extract<ToolResult, { ok: false }>, "isolation"> & Unknown);
type Unknown = { readonly isolation: Tier | null };

function broken(error: unknown): CallResult {
  // tool.broken -> Try again; if it stays, say it with what stands in nanos why STEP.
  const failure = { code: "tool.broken", message: `The call broke: ${messageOf(error)}` };
  return { ok: false, failure, isolation: null };
}

function late(): CallResult {
  const message = "The call did not end when it was told to.";
  return { ok: false, failure: { code: "tool.cancelled", message }, isolation: null };
}

/** Where an operator may be asked in the middle of a call, their thinking is not the tool's time. */
function limitOf({ hooks, watch }: Frame, ms: number): Limit | null {
  return hooks.ask && watch ? watch.limit(ms, TOOL_TIME) : null;
}

/** An agent that is a program has the time its run has. */
function msFor({ budget, spent }: Frame, { agent }: LoadedTool): number {
  if (agent === undefined) return LIMITS.toolMs;
  return Math.max(1, Math.min(LIMITS.agentMs, budget.ms - spent.ms));
}

const TOOL_TIME = new NanosError(
  "tool.timeout",
  "The tool did not finish in time and was stopped.",
  "Try again with less work.",
);

function isTimedOut(limit: Limit | null, run: AbortSignal, result: CallResult): boolean {
  return limit !== null && limit.signal.aborted && !run.aborted && !result.ok;
}

/** What a call itself can come to; a denial is the gate's. */
type Ended = Exclude<Outcome, { status: "denied" }>;

function timedOut(name: string): Ended {
  const { code, next } = TOOL_TIME;
  const message = `${name} did not finish in time and was stopped.`;
  return { status: "failed", failure: { code, message, next } };
}

/** What went out, or tried to, whatever the call came to. */
function reached(
  hosts: readonly string[],
  { refused = [], used }: Pick<CallResult, "refused" | "used">,
): Pick<Ended, "hosts" | "refused" | "used"> {
  return {
    ...(hosts.length > 0 && { hosts: [...hosts] }),
    ...(refused.length > 0 && { refused: [...refused] }),
    ...(used && { used }),
  };
}

/** Shows what an agent says while it works, with what is a secret kept out of it. */
function hearing({ hooks, drive, world }: Frame, step: string): Hearing | null {
  const { on } = hooks;
  if (!on || !world) return null;
  const streams = { text: world.guard.stream(), thinking: world.guard.stream() };
  const show = (kind: Spoken["kind"], text = ""): void => {
    if (text !== "") on({ type: "delta", run: drive.run, step, kind, text });
  };
  return {
    hear: ({ kind, text }) => show(kind, streams[kind] ? streams[kind].push(text) : text),
    end: () => {
      for (const kind of ["thinking", "text"] as const) show(kind, streams[kind]?.end());
    },
  };
}

type Spoken = Parameters<NonNullable<ToolCall["hear"]>>[0];

interface Hearing {
  readonly hear: NonNullable<ToolCall["hear"]>;
  end(): void;
}

/** The hosts the grant in force names, whose names may lead to private addresses. */
function hostsGranted(standing: Standing): readonly string[] {
  const places = standing.grant?.scopes.map(parseScope) ?? [];
  return places.flatMap((place) =>
    place.kind === "net" && place.address !== "*" && isGranted(place, standing)
      ? [place.address.text]
      : [],
  );
}

async function outcomeOf({ drive: { signal }, world }: Frame, result: CallResult): Promise<Ended> {
  if (!result.ok) {
    const { failure, missing } = result;
    if (signal.aborted) return { status: "cancelled", failure: whyStopped(signal) };
    const message = missing ? `${failure.message} Missing scope: ${missing}.` : failure.message;
    return { status: "failed", failure: { ...failure, message } };
  }
  const { staged, output } = result;
  // An empty stage that cannot be cleared away is only untidy.
  if (staged && staged.changes.length === 0) await staged.discard().catch(() => undefined);
  return {
    output: ordered(output),
    ...(staged && staged.changes.length > 0
      ? { staged: { changes: [...staged.changes], diff: staged.diff, ...heldIn(staged, world) } }
      : {}),
    status: "done",
  };
}

/** The files of a stage that hold stored secrets; nothing is looked at where none is stored. */
function heldIn(staged: Staged, world: Frame["world"]): { held?: HeldFile[] } {
  const search = world?.guard.search();
  if (!search) return {};
  const held: HeldFile[] = [];
  for (const { path, content } of staged.contents()) {
    const secrets = search(content);
    if (secrets.length > 0) held.push({ path, secrets: [...secrets] });
  }
  return held.length > 0 ? { held } : {};
}

/** What one call asks back for, from its start until it is over. */
interface Errand {
  readonly reach: Reach;
  /** Given when the tool cannot go on. */
  readonly signal: AbortSignal;
  readonly hosts: ReadonlySet<string>;
  readonly labels: readonly Label[];
  /**
   * Waits for what is still under way, so that nothing of a call outlives it. Throws `Waiting` when
   * some of it waits for the operator, and what went wrong.
   */
  over(): Promise<void>;
}

function openErrand(frame: Frame, { tool, scopes }: ToolUse, one: Proposed): Errand {
  const stop = new AbortController();
  const hosts = new Set<string>();
  const labels: Label[] = [];
  const underWay = new Set<Promise<Granted>>();
  const waits: Ask[][] = [];
  const wrong: unknown[] = [];
  const done = [...one.done];
  let open = true;
  const pass = async (asked: Wanted): Promise<Granted> => {
    const { value: wanted, held } = frame.world?.guard.clean(asked) ?? { value: asked, held: [] };
    const want = heldWant(reachWant(frame, tool, scopes, wanted), held);
    const text = canonical(want.action.args);
    const known = done.findIndex((earlier) => earlier.wanted === text);
    const [earlier] = known < 0 ? [] : done.splice(known, 1);
    if (earlier) {
      if (earlier.outcome.status === "done") labels.push(earlier.outcome.own ?? UNKNOWN_LABEL);
      return told(earlier.outcome, hosts);
    }
    const perform = async (own: Proposed): Promise<Draft> =>
      open ? want.perform(own) : tooLate(frame, own);
    const acted = await act(frame, { ...want, perform }, one.step);
    if (acted.status === "settled") {
      labels.push(...labelsIn(acted));
      return told(acted.outcome, hosts);
    }
    // The tool can't go on before the operator has answered, maybe tomorrow.
    if (acted.status === "waiting") waits.push([...acted.asks]);
    stop.abort();
    return refused("ask.waiting", "It waits for the operator.");
  };
  const reach = (wanted: Wanted): Promise<Granted> => {
    if (!open || stop.signal.aborted) return Promise.resolve(refused("call.over", TOO_LATE));
    const going = pass(wanted).catch((error: unknown) => {
      wrong.push(error);
      stop.abort();
      return refused("call.over", TOO_LATE);
    });
    underWay.add(going);
    return going.finally(() => underWay.delete(going));
  };
  return { reach, hosts, labels, signal: stop.signal, over };

  async function over(): Promise<void> {
    open = false;
    await Promise.all(underWay);
    if (wrong.length > 0) throw wrong[0];
    if (waits.length > 0) throw new Waiting(waits.flat());
  }
}

/** Of what it was given, where it was given something. */
function labelsIn({ outcome, label }: Pick<Settled, "outcome" | "label">): readonly Label[] {
  return label && outcome.status === "done" ? [outcome.own ?? label] : [];
}

/** What the tool is told, with the hosts it reached kept. */
function told(outcome: Outcome, hosts: Set<string>): Granted {
  if (outcome.status === "done") for (const host of outcome.hosts ?? []) hosts.add(host);
  return granted(outcome);
}

function refused(code: string, message: string): Granted {
  return { ok: false, failure: { code, message } };
}

// ask.waiting -> Answer it: nanos approvals list.
// call.over -> Nothing: what it asked for was not done. A tool asks before it answers.
function tooLate(frame: Frame, one: Proposed): Draft {
  const failure: Failure = { code: "call.over", message: TOO_LATE };
  const outcome = { status: "failed", failure } as const;
  return draft(frame, one.step, "kernel", { kind: "action.settled", outcome, ms: 0 });
}

const TOO_LATE = "The call that asked for it is over.";
