import { canonical } from "../../std/canonical.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import { joinLabels } from "../../gate/labels.ts";
import { narrow } from "../../gate/scopes.ts";
import type { Granted, LoadedTool, Wanted } from "../../tools/tool-host.ts";
import { act } from "../act.ts";
import { whyStopped } from "../deadline.ts";
import { type Acted, Waiting, type Want } from "../proposal.ts";
import { type Frame, OPERATOR, draft } from "../frame.ts";
import { granted, reachWant } from "./reach.ts";
import { destinationOf, resolveScope } from "../standing.ts";

/** A tool call as an action: its reach, where it goes, and how it is done. */
export function toolWant(frame: Frame, tool: LoadedTool, args: Json): Want {
  const scopes = reachOf(frame, tool);
  const { manifest } = tool;
  const action: Action = {
    gate: "call",
    kind: "tool",
    name: manifest.name,
    agent: frame.agent.manifest.name,
    skill: tool.skill,
    args,
    scopes: [...scopes],
    destinations: destinationsOf(tool, args, scopes),
    ...controlsOf(tool, args, scopes),
    label: frame.label,
    ...(manifest.rank ? { rank: manifest.rank } : {}),
    ...(manifest.irreversible ? { irreversible: true } : {}),
  };
  return {
    action,
    declared: scopes,
    attached: isAttached(frame, tool),
    ...processOf(tool),
    repeatable: manifest.repeatable || tool.kind === "module" || onlyStaged(scopes),
    perform: (step) => callTool(frame, tool, args, scopes, step),
    nested: ({ args: wanted }) => reachWant(frame, tool, scopes, wanted as unknown as Wanted),
  };
}

/** The kind of process a tool runs in; a request over HTTP needs none. */
function processOf({ kind, manifest }: LoadedTool): Pick<Want, "process"> {
  if (kind === "module") return { process: "host" };
  const remote =
    kind === "http" || (kind === "mcp" && manifest.scopes.some((one) => one.startsWith("net:")));
  return remote ? {} : { process: "program" };
}

/** A module's effects outside its stage all pass back through the gate, one by one. */
function onlyStaged(scopes: readonly Scope[]): boolean {
  return scopes.every((scope) => /^(?:read|write|env):/u.test(scope));
}

/** The reach of a tool here: what it declares, within what its skill declares. */
export function reachOf(frame: Frame, tool: LoadedTool): readonly Scope[] {
  const { workspace, userHome, skills } = frame.facts;
  const own = tool.manifest.scopes.map((scope) => resolveScope(scope, workspace, userHome));
  const skill = skills.find((one) => one.name === tool.skill);
  if (!skill || skill.scopes.length === 0) return own;
  return narrow(
    skill.scopes.map((scope) => resolveScope(scope, workspace, userHome)),
    own,
  );
}

/** True when the agent's manifest lists the tool's skill, or the tool itself. */
export function isAttached(frame: Frame, tool: LoadedTool): boolean {
  const { manifest } = frame.agent;
  if (manifest.name === OPERATOR) return true;
  if (manifest.disallowedTools?.includes(tool.manifest.name)) return false;
  return (
    manifest.skills.includes(tool.skill) || (manifest.tools ?? []).includes(tool.manifest.name)
  );
}

/** Where a call goes: what its destination arguments name, for the kinds of reach that go out. */
function destinationsOf(tool: LoadedTool, args: Json, scopes: readonly Scope[]): Scope[] {
  const outward = scopes.some((scope) => scope.startsWith("net:"));
  const found = scopes.filter((scope) => /^(?:exec|secret):/u.test(scope));
  if (!outward) return found;
  const roles = tool.manifest.args ?? {};
  const values = isObject(args) ? Object.entries(args as JsonObject) : [];
  const hosts = values
    .filter(([name]) => (roles[name] ?? "destination") === "destination")
    .map(([, value]) => (typeof value === "string" ? destinationOf(value) : null))
    .filter((host) => host !== null);
  const fixed = scopes.filter((scope) => scope.startsWith("net:") && scope !== "net:*");
  const named = hosts.map((host) => `net:${host}`);
  return [...found, ...(named.length > 0 ? named : fixed.length > 0 ? fixed : ["net:*"])];
}

/** What decides the effect of an outward call: the values of its control arguments, as text. */
function controlsOf(
  tool: LoadedTool,
  args: Json,
  scopes: readonly Scope[],
): { controls?: string[] } {
  const roles = tool.manifest.args ?? {};
  if (!isObject(args) || !scopes.some((scope) => scope.startsWith("net:"))) return {};
  const controls = Object.entries(args as JsonObject)
    .filter(([name]) => roles[name] === "control")
    .map(([, value]) => (typeof value === "string" ? value : JSON.stringify(value)));
  return controls.length > 0 ? { controls } : {};
}

async function callTool(
  frame: Frame,
  tool: LoadedTool,
  args: Json,
  scopes: readonly Scope[],
  step: string,
): Promise<Draft> {
  const { world, drive } = frame;
  if (!world) throw new Error("bug: a replay called a tool");
  const waiting: Acted[] = [];
  const hosts = new Set<string>();
  const stop = new AbortController();
  const reach = async (wanted: Wanted): Promise<Granted> => {
    const acted = await act(frame, reachWant(frame, tool, scopes, wanted), step);
    if (acted.status === "waiting") {
      waiting.push(acted);
      // The tool can't go on before the operator has answered, maybe tomorrow.
      stop.abort();
    }
    return granted(acted, hosts);
  };
  const start = drive.elapsed();
  const result = await world.tools.call(
    {
      tool: tool.manifest.name,
      args,
      scopes,
      workspace: frame.facts.workspace,
      step,
      now: drive.now(step),
      ms: LIMITS.toolMs,
    },
    reach,
    AbortSignal.any([drive.signal, stop.signal]),
  );
  const asks = waiting.flatMap((acted) => (acted.status === "waiting" ? acted.asks : []));
  if (asks.length > 0) throw new Waiting(asks);
  const ms = Math.round(drive.elapsed() - start);
  const common = draft(frame, step, `tool:${tool.manifest.name}`, {
    kind: "action.settled",
    outcome: await outcomeOf(result, [...hosts], drive.signal),
    ms,
  });
  const label = result.ok ? joinLabels(frame.label, result.label) : frame.label;
  return { ...common, isolation: result.isolation, label };
}

type CallResult = Awaited<ReturnType<NonNullable<Frame["world"]>["tools"]["call"]>>;

async function outcomeOf(
  result: CallResult,
  hosts: string[],
  signal: AbortSignal,
): Promise<Outcome> {
  if (!result.ok) {
    const { failure, missing } = result;
    if (signal.aborted) return { status: "cancelled", failure: whyStopped(signal) };
    const message = missing ? `${failure.message} Missing scope: ${missing}.` : failure.message;
    return { status: "failed", failure: { ...failure, message } };
  }
  const { staged, output } = result;
  if (staged && staged.changes.length === 0) await staged.discard();
  return {
    status: "done",
    output,
    ...(staged && staged.changes.length > 0
      ? { staged: { diff: staged.diff, changes: [...staged.changes] } }
      : {}),
    ...(hosts.length > 0 ? { hosts } : {}),
  };
}

/** What the model reads of an outcome, bounded; canonical, so that a replay reads the same. */
export function resultText(outcome: Outcome): { text: string; error: boolean } {
  if (outcome.status !== "done") {
    const { message, next } = outcome.failure;
    return { text: `Error: ${message}${next ? ` ${next}` : ""}`, error: true };
  }
  const text = typeof outcome.output === "string" ? outcome.output : canonical(outcome.output);
  const safe = plainText(text);
  const max = LIMITS.toolResultChars;
  return {
    text:
      safe.length > max
        ? `${safe.slice(0, max)}\n[cut: ${safe.length - max} characters more]`
        : safe,
    error: false,
  };
}
