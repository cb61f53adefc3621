import { canonical } from "../../std/canonical.ts";
import { hashOf, sha256 } from "../../std/hash.ts";
import { type Json, isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, plainText } from "../../std/text.ts";
import type { Action, Decision } from "../../contracts/action.ts";
import { REASONS } from "../../contracts/reason.ts";
import type { Ask } from "../../contracts/run.ts";
import { originLines } from "../../gate/words/explain.ts";
import { scopeParts } from "../../contracts/scope-parts.ts";

/**
 * The question an action raises. Its id follows from the run, the step and the round, so that
 * re-driving asks the same question under the same id and finds its answer.
 */
export function makeAsk(asked: {
  readonly run: string;
  readonly step: string;
  readonly action: Action;
  readonly decision: Decision;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly round: number;
}): Ask {
  const { run, step, action, decision, now, round } = asked;
  return {
    id: `a${sha256(`${step} ${round}`).slice(0, 8)}`,
    run,
    step,
    agent: action.agent,
    name: action.name,
    what: what(action),
    reason: [`Asked because ${REASONS[decision.reason]}.`, ...originLines(action, decision)].join(
      " ",
    ),
    keys: [...decision.keys],
    argsHash: hashOf(action.args),
    expires: now + LIMITS.askMs,
  };
}

/** One sentence with the exact arguments, bounded: what a yes would let happen. */
function what(action: Action): string {
  const to = action.destinations.map((scope) => scopeParts(scope).value).join(", ");
  const args = clip(plainText(argumentsText(action.args)), 400);
  const where = to === "" ? "" : ` to ${clip(plainText(to), 200)}`;
  switch (action.kind) {
    case "commit":
      return `${action.agent} would write${where}`;
    case "fetch":
      return `${action.agent}'s ${action.name} would send${where}: ${args}`;
    case "model":
      return `${action.agent} would ask the model ${action.name}`;
    case "agent":
      return `${action.agent} would delegate to ${action.name}: ${args}`;
    case "secret":
      return `${action.agent}'s ${action.name} would use the secret ${to} ${useOf(action.args)}`;
    case "permit":
      return `${action.agent}'s ${action.name} asks leave to go on${where}: ${args}`;
    case "tree":
      return `${action.agent} would ${action.name} a copy of the repository: ${args}`;
    case "artifact":
      return `${action.agent} would keep a result: ${args}`;
    case "task":
      return action.gate === "start"
        ? `the task ${action.name} would begin: ${args}`
        : `what the task ${action.name} came to would be accepted: ${args}`;
    case "run":
      return action.gate === "start"
        ? `the mission ${action.name} would begin: ${args}`
        : `${action.agent} would call ${action.name}${where}: ${args}`;
    case "tool":
    case "note": {
      const held = action.unconfined ? ", held by no sandbox" : "";
      return `${action.agent} would call ${action.name}${held}${where}: ${args}`;
    }
  }
}

function useOf(args: Json): string {
  const { host, reaches } = isObject(args) ? args : {};
  if (typeof host === "string") return `in requests to ${clip(plainText(host), 200)}`;
  const hosts = Array.isArray(reaches) ? reaches.join(", ") : "";
  const where = hosts === "" ? "no network" : clip(plainText(hosts), 200);
  return `in the environment of the program it starts, which reaches ${where}`;
}

/** In the order of the record, so that a re-drive asks in the same words. */
function argumentsText(args: Json): string {
  if (!isObject(args)) return canonical(args);
  return Object.keys(args)
    .toSorted()
    .map((name) => [name, args[name] ?? null] as const)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : canonical(value)}`)
    .join(" ");
}
