import { canonical, ordered } from "../../std/canonical.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import type { Action } from "../../contracts/action.ts";
import type { Label } from "../../contracts/label.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import { UNKNOWN_LABEL } from "../../gate/labels.ts";
import { isDangerous } from "../../gate/layers/danger.ts";
import { narrow, parseScope, reachOf as reachOfAction } from "../../gate/scopes.ts";
import { processOf } from "../../tools/scopes.ts";
import type { LoadedTool, Wanted } from "../../tools/tool-host.ts";
import { decidesOf, isLabelled, opened } from "../flow/flow.ts";
import { type Frame, OPERATOR } from "../frame.ts";
import type { Want } from "../proposal.ts";
import { destinationOf, resolveScope } from "../standing.ts";
import { heldIn, heldWant } from "../secrets/guard.ts";
import { callTool, probeTool } from "./call.ts";
import { reachWant } from "./reach.ts";
import { toolOf } from "./work.ts";

/** A tool call as an action: its reach, where it goes, and how it is done. */
export function toolWant(frame: Frame, tool: LoadedTool, given: Json): Want {
  const declared = reachOf(frame, tool);
  const scopes = wantedBy(frame, tool, declared);
  const { args, label } = opened(frame, ordered(given));
  const { manifest } = tool;
  const action: Action = {
    agent: frame.agent.manifest.name,
    args,
    ...(isLabelled(frame) ? {} : controlsOf(tool, args, scopes)),
    ...(isOutward(frame, tool, scopes) ? decidesOf(frame, tool, args) : {}),
    destinations: destinationsOf(tool, args, scopes),
    gate: "call",
    ...(manifest.irreversible ? { irreversible: true } : {}),
    kind: "tool",
    label,
    name: manifest.name,
    ...(manifest.rank ? { rank: manifest.rank } : {}),
    // A secret is judged where it is used: for one destination, or for the program it is given to.
    scopes: scopes.filter((scope) => !scope.startsWith("secret:")),
    skill: tool.skill,
    ...(tool.unconfined ? { unconfined: true } : {}),
  };
  const process = processOf(tool);
  // What reaches the network itself is held to the hosts that are judged here, and asks no more.
  const held = process?.net ? reachJudged(declared, action.destinations) : declared;
  return {
    action,
    declared,
    attached: isAttached(frame, tool),
    ...(process && { process }),
    repeatable: manifest.repeatable || tool.kind === "module" || onlyStaged(scopes, frame.scratch),
    inert: tool.kind === "module" && onlyStaged(scopes, false),
    returns: returnsOf(tool),
    perform: (one) => callTool(frame, { tool, args, scopes: held }, one),
    ...(manifest.probe
      ? { probe: (one) => probeTool(frame, { tool, args, scopes: declared }, one) }
      : {}),
    nested: ({ args: wanted, label }) =>
      heldWant(reachWant(frame, tool, held, wanted as unknown as Wanted), heldIn(label)),
  };
}

/** The label its author gives to what it returns. */
function returnsOf({ manifest: { name, returns = {} } }: LoadedTool): Label {
  const { integrity = UNKNOWN_LABEL.integrity, secrecy = UNKNOWN_LABEL.secrecy } = returns;
  return { integrity, secrecy, sources: [name] };
}

/** A module's effects outside its stage all pass back through the gate, one by one. */
function onlyStaged(scopes: readonly Scope[], scratch: boolean): boolean {
  // What a program does in a copy that is thrown away can be done there again.
  const staged = scratch ? /^(?:read|write|env|exec):/u : /^(?:read|write|env):/u;
  return scopes.every((scope) => staged.test(scope));
}

/**
 * The reach of a tool here: what it declares, within what its skill declares, within what the run
 * may reach at all.
 */
export function reachOf(
  frame: Pick<Frame, "facts" | "within" | "workspace">,
  tool: LoadedTool,
): readonly Scope[] {
  const own = ownReach(frame, tool);
  return frame.within === null ? own : narrow(frame.within, own);
}

/**
 * What a call asks for. Where the run may reach only a part of it, that part; where it may reach
 * nothing of it, all of it, so that the call is refused and does not go on with less.
 */
function wantedBy(frame: Frame, tool: LoadedTool, declared: readonly Scope[]): readonly Scope[] {
  const { within } = frame;
  if (within === null) return declared;
  return [
    ...new Set(
      ownReach(frame, tool).flatMap((scope) => {
        const part = narrow(within, [scope]);
        return part.length > 0 ? part : [scope];
      }),
    ),
  ];
}

function ownReach(frame: Pick<Frame, "facts" | "workspace">, tool: LoadedTool): readonly Scope[] {
  const { workspace } = frame;
  const { userHome, skills } = frame.facts;
  const own = tool.manifest.scopes.map((scope) => resolveScope(scope, workspace, userHome));
  const skill = skills.find((one) => one.name === tool.skill);
  if (!skill || skill.scopes.length === 0) return own;
  return narrow(
    skill.scopes.map((scope) => resolveScope(scope, workspace, userHome)),
    own,
  );
}

function reachJudged(scopes: readonly Scope[], destinations: readonly Scope[]): readonly Scope[] {
  return reachOfAction(scopes, destinations).map(({ text }) => text);
}

/** True when the agent's manifest lists the tool's skill, or the tool itself. */
export function isAttached(
  frame: Pick<Frame, "agent"> & Partial<Pick<Frame, "without">>,
  tool: LoadedTool,
): boolean {
  const { manifest } = frame.agent;
  if (manifest.name === OPERATOR) return true;
  const taken = [...(frame.without ?? []), ...(manifest.disallowedTools ?? [])];
  if (taken.some((one) => covers(one, tool))) return false;
  const own = toolOf(manifest);
  // What an agent is made of is nobody else's, and all it has.
  if (own !== null || tool.agent !== undefined) {
    return own === tool.manifest.name && (tool.agent ?? manifest.name) === manifest.name;
  }
  if (manifest.tools?.some((one) => names(one, tool))) return true;
  if (tool.prompt !== undefined && tool.prompt === manifest.prompt) return true;
  const { only } = manifest;
  return (
    manifest.skills.includes(tool.skill) &&
    (only === undefined || only.some((one) => covers(one, tool)))
  );
}

/** True for a tool's name, or as other programs name the tools of a server: `mcp__SERVER__*`. */
function names(one: string, { manifest: { name } }: LoadedTool): boolean {
  if (!one.startsWith("mcp__")) return one === name;
  const start = one.endsWith("*") ? one.slice(0, -1) : `${one}__`;
  return one === name || name.startsWith(start);
}

/** True for what holds a tool back as well: any beginning of names, and commands as `Bash`. */
function covers(one: string, tool: LoadedTool): boolean {
  if (tool.kind === "command" && /^Bash\b/u.test(one)) return true;
  return names(one, tool) || (one.endsWith("*") && tool.manifest.name.startsWith(one.slice(0, -1)));
}

/** Where a call goes: what its destination arguments name, for the kinds of reach that go out. */
function destinationsOf(tool: LoadedTool, args: Json, scopes: readonly Scope[]): Scope[] {
  const outward = scopes.some((scope) => scope.startsWith("net:"));
  const found = scopes.filter((scope) => scope.startsWith("exec:"));
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

/** True when a call may act where nothing is undone: out, by a program, or for good. */
function isOutward(frame: Frame, { manifest }: LoadedTool, scopes: readonly Scope[]): boolean {
  return (
    manifest.irreversible === true || scopes.some((scope) => isDangerous(parseScope(scope), frame))
  );
}

/** In runs begun before labels were judged: the values of its control arguments, as text. */
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
