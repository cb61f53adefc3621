import type { Action, Decision } from "../../contracts/action.ts";
import type { Question } from "../../contracts/question.ts";
import { REASONS } from "../../contracts/reason.ts";
import { scopeParts } from "../../contracts/scope-parts.ts";
import { hashOf } from "../../std/hash.ts";
import { isIrreversible } from "../ranks.ts";
import { originLines } from "./explain.ts";
import { neverRule } from "./never.ts";
import { isInside, type Parsed, reachOf } from "../scopes.ts";

/**
 * An action the gate asks about, in the words a person decides by. Everything is read off the action
 * and its decision, so that screen, list and script show the same.
 */
export function questionOf(action: Action, decision: Decision, workspace: string): Question {
  const reach = reachOf(action.scopes, action.destinations);
  return {
    agent: action.agent,
    kind: action.kind,
    name: action.name,
    args: action.args,
    rank: decision.rank,
    where: whereOf(action, decision),
    why: [REASONS[decision.reason], ...originLines(action, decision)].join(". "),
    cost: costOf(action, decision, reach, workspace),
    covers: coversOf(action, decision),
    never: neverRule(action),
    keys: decision.keys,
    argsHash: hashOf(action.args),
  };
}

/** What it is asked about comes first; where no ask names a place, where the call goes. */
function whereOf(action: Action, decision: Decision): readonly string[] {
  const asked = decision.keys.flatMap((key) => placeIn(key) ?? []);
  // A long value, or a set of files, stands in a key as its hash.
  const named = asked.filter((place) => !/(?:^| )[0-9a-f]{64}$/u.test(place));
  if (named.length > 0 && named.length === asked.length) return [...new Set(named)];
  const goes = action.destinations.map((scope) => scopeParts(scope).value);
  return goes.length > 0 ? [...new Set(goes)] : [action.name];
}

/** The place a key names, `WHAT:NAME|PLACE|LABEL`; null for one that names none. */
function placeIn(key: string): string | null {
  if (!PLACES.has(whatOf(key))) return null;
  const place = key.slice(key.indexOf("|") + 1);
  return whatOf(key) === "reader" ? place : place.slice(0, place.lastIndexOf("|"));
}

const PLACES: ReadonlySet<string> = new Set(
  "net private exec write secret protected to reader".split(" "),
);

function whatOf(key: string): string {
  return key.slice(0, key.indexOf(":"));
}

/**
 * A yes for the run covers every later ask with the same keys. Those of a place hold who had a hand
 * in the action: once text from outside is in the conversation, it is asked about anew.
 */
function coversOf(action: Action, { keys, rank }: Decision): string | null {
  // Once others may have a hand in it, doing the same once more is a question of its own.
  const again = action.decides !== undefined && action.reads !== true;
  if (rank === "S" || (again && action.label.integrity === "untrusted")) return null;
  const covered = new Set(keys.map((key) => COVERS[whatOf(key)] ?? AGAIN));
  const [first = AGAIN] = covered;
  const changes = keys.some((key) => /\|(?:operator|directory)$/u.test(key));
  return `${covered.size === 1 ? first : AGAIN}, ${changes ? "until outside text" : "this run"}`;
}

const AGAIN = "exactly this again";
const COVERS: Readonly<Record<string, string>> = {
  net: "this destination",
  private: "this destination",
  exec: "this program",
  secret: "this secret",
  write: "these files",
  protected: "these files",
  control: "these values",
  to: "these values",
  reader: "these values",
  plan: "this tool",
  unlocked: "this skill",
};

/** What it could cost: the worst first. Where nothing can be lost it says that. */
function costOf(
  action: Action,
  decision: Decision,
  reach: readonly Parsed[],
  workspace: string,
): string {
  const sends = reach.some(({ kind }) => kind === "net");
  const outside = reach.some((scope) => scope.kind === "write" && !isInside(workspace, scope.path));
  const told = [
    [decision.reason === "ask:in_doubt", "it may be done a second time"],
    [action.rank === "S", "may pay, or delete for good"],
    [action.rank !== "S" && decision.rank === "S", "touches keys or policy, which guard the rest"],
    [action.unconfined === true, "runs with all your rights, in no sandbox"],
    [reach.some(({ kind }) => kind === "secret"), "uses a secret of yours"],
    [isIrreversible(action), "cannot be taken back, and may cost money"],
    [sends && !isIrreversible(action), "what is asked for leaves this machine"],
    [reach.some(({ kind }) => kind === "exec"), "runs a program, held in the sandbox"],
    [decision.keys.some((key) => whatOf(key) === "protected"), "other programs run or obey it"],
    [outside, "files outside the workspace; what was there is kept"],
    [action.kind === "model", "its tokens may cost money"],
  ] as const;
  const said = told.flatMap(([holds, words]) => (holds ? [words] : []));
  return said.length > 0 ? said.join("; ") : "nothing that could not be undone";
}
