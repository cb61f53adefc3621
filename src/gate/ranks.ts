import type { Action, ActionKind, Rank } from "../contracts/action.ts";
import { RANKS } from "../contracts/ranks.ts";
import type { Scope } from "../contracts/scope.ts";
import { isObject } from "../std/json.ts";
import { type Backing, isEndorsed } from "./endorse.ts";
import type { Standing } from "./gate.ts";
import { isKeyStore, isPolicy } from "./protected.ts";
import { isInside, type Parsed, reachOf } from "./scopes.ts";

/** What of the standing a rank depends on. */
export type Ground = Backing & Pick<Standing, "workspace" | "chosen" | "floor">;

/**
 * The rank of an action: the highest over its kind, its reach, what it declares, and what the
 * manifests of its agent and skill name.
 *
 * | rank | what |
 * |---|---|
 * | E | reading in the workspace; thinking, delegating |
 * | D | a staged write in the workspace; a variable of the environment; a note |
 * | C | a program in the sandbox; reading from a granted host |
 * | B | outward with undo, or to an endorsed destination |
 * | A | outside the workspace, secrets, outward without undo, unconfined |
 * | S | keys and policy; payment and deletion without undo, which a tool has to declare |
 */
export function rankOf(action: Action, reach: readonly Parsed[], standing: Ground): Rank {
  let rank = highest(KIND_RANKS[action.kind], action.rank ?? "E");
  if (action.unconfined === true) rank = highest(rank, "A");
  for (const scope of reach) rank = highest(rank, rankOfScope(scope, action.kind, standing));
  if (isIrreversible(action)) rank = highest(rank, rankOfSending(reach, standing));
  return standing.floor && DOINGS.has(action.kind) ? highest(rank, standing.floor.rank) : rank;
}

/** Whose manifest raised the rank of an action beyond its own; undefined where none did. */
export function raisedBy(
  action: Action,
  reach: readonly Parsed[],
  { floor, ...standing }: Ground,
): string | undefined {
  if (floor === undefined || !DOINGS.has(action.kind)) return undefined;
  const own = rankOf(action, reach, standing);
  return rankNumber(floor.rank) > rankNumber(own) ? floor.by : undefined;
}

/** What an agent does. Its thoughts are none of it, nor what a call it was let do asks back for. */
const DOINGS: ReadonlySet<ActionKind> = new Set(["tool", "agent", "note", "artifact"]);

const KIND_RANKS: Readonly<Record<ActionKind, Rank>> = {
  model: "E",
  tool: "E",
  agent: "E",
  run: "E",
  commit: "D",
  note: "D",
  fetch: "C",
  secret: "A",
  permit: "C",
  tree: "D",
  artifact: "D",
  task: "E",
};

/** The higher of two ranks. */
export function highest(a: Rank, b: Rank): Rank {
  return rankNumber(a) >= rankNumber(b) ? a : b;
}

/** 0 for E to 5 for S. */
export function rankNumber(rank: Rank): number {
  return RANKS.indexOf(rank);
}

/** The rank a tool has before anything is known of a call: its resolved scopes, and what it declares. */
export function rankOfScopes(
  scopes: readonly Scope[],
  workspace: string,
  declared: Rank = "E",
): Rank {
  const ground = {
    workspace,
    chosen: true,
    said: "",
    grant: null,
    now: 0,
    skillHash: null,
    run: "",
  };
  let rank = declared;
  for (const scope of reachOf(scopes, [])) rank = highest(rank, rankOfScope(scope, "tool", ground));
  return rank;
}

function rankOfScope(scope: Parsed, kind: ActionKind, standing: Ground): Rank {
  switch (scope.kind) {
    case "read":
    case "write":
      return rankOfPath(scope, standing);
    case "net":
      // A chosen model's provider was asked about once, when it was added.
      if (kind === "model" && standing.chosen) return "E";
      return isEndorsed(scope, standing) ? "C" : "B";
    case "exec":
      return "C";
    case "secret":
    case "malformed":
      return "A";
    case "env":
      return "D";
    default:
      return "E";
  }
}

function rankOfPath(scope: Extract<Parsed, { path: string }>, standing: Ground): Rank {
  if (isKeyStore(scope.path)) return "S";
  if (scope.kind === "write" && isPolicy(scope.path)) return "S";
  if (!isInside(standing.workspace, scope.path)) return isEndorsed(scope, standing) ? "B" : "A";
  return scope.kind === "read" ? "E" : "D";
}

/** Declared so, or a request made for a tool with a method that is not for reading. */
export function isIrreversible(action: Action): boolean {
  if (action.irreversible === true) return true;
  if (action.kind !== "fetch" || !isObject(action.args)) return false;
  const { method } = action.args;
  if (method === undefined) return false;
  return typeof method !== "string" || !READING.has(method.toUpperCase());
}

const READING: ReadonlySet<string> = new Set(["GET", "HEAD"]);

function rankOfSending(reach: readonly Parsed[], standing: Ground): Rank {
  const places = reach.filter((scope) => scope.kind === "net");
  const endorsed = places.length > 0 && places.every((scope) => isEndorsed(scope, standing));
  return endorsed ? "B" : "A";
}

/** Ranks that run and are shown to the operator afterwards. */
export function isReviewed(rank: Rank): boolean {
  return rank === "C" || rank === "B";
}
