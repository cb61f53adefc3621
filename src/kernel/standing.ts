import { isAbsolute, join, normalize } from "node:path";
import { type Json, sameJson } from "../std/json.ts";
import type { Grant } from "../contracts/config.ts";
import type { Drive } from "../contracts/drive.ts";
import type { ActionProposed } from "../contracts/event.ts";
import { MEMORY_OFF } from "../contracts/memory.ts";
import type { Answer } from "../contracts/run.ts";
import { scopeParts, type Scope } from "../contracts/scope-parts.ts";
import type { Day, Spent } from "../contracts/usage.ts";
import type { Floor, Standing } from "../gate/gate.ts";
import { flowOf } from "./flow/flow.ts";
import { grantFor } from "../gate/endorse.ts";
import { FLOORS_SINCE } from "../gate/policy.ts";
import { rankNumber } from "../gate/ranks.ts";
import { type Frame, OPERATOR } from "./frame.ts";
import type { Want } from "./proposal.ts";
import { priceOf } from "./spend.ts";
import { topRun } from "./views/traces.ts";
import type { Facts } from "./world.ts";

/** What was true when an action was proposed, and what of it is told on the record. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly spent: Spent;
  readonly grants: readonly Grant[];
  readonly answers: ReadonlyMap<string, Answer>;
  readonly day?: Day | undefined;
}

/** Gathers what the gate looks at beside the action. Plain data, so the judgement is repeatable. */
export function standingOf(frame: Frame, want: Want, step: string, moment: Moment): Standing {
  const { facts } = frame;
  const { now, spent, answers, grants, day } = moment;
  const { skill: name } = want.action;
  const skill = name === undefined ? undefined : facts.skills.find((one) => one.name === name);
  const flow = flowOf(frame, want.action);
  const floor = floorOf(frame, skill);
  const skillHash = sealOf(facts, name);
  return {
    run: topRun(frame.drive.run),
    skillHash,
    now,
    spent,
    answers,
    policy: facts.policy,
    workspace: frame.workspace,
    ...(frame.scratch && { scratch: true }),
    home: facts.machine,
    declared: want.declared,
    attached: want.attached,
    listed: want.listed ?? true,
    chosen: true,
    held: isHeld(frame, want, step),
    grant: grantOf(frame, want, grants, now),
    // What the operator calls by name needs no second yes to be used at all.
    locked: want.action.agent === OPERATOR || (skill?.locked ?? true),
    rules: frame.rules,
    said: want.named === undefined ? frame.said : `${frame.said}\n${want.named}`,
    budget: frame.budget,
    ...(day === undefined ? {} : { day }),
    depth: frame.depth,
    localOnly: frame.localOnly,
    priced: want.model?.priced ?? frame.model.priced,
    ...(want.model?.resting ? { resting: true } : {}),
    ...leastOf(facts, want),
    memory: facts.memory ?? MEMORY_OFF,
    inDoubt: false,
    ...(floor ? { floor } : {}),
    ...(flow ? { flow } : {}),
  };
}

/** The yes that stands for this action among these grants. */
export function grantOf(
  { facts, drive }: Frame,
  want: Want,
  grants: readonly Grant[],
  now: number,
): Standing["grant"] {
  const { skill: name, agent } = want.action;
  const known = { now, skillHash: sealOf(facts, name), run: topRun(drive.run), agent };
  return grantFor(grants, name ?? handedTo(want), known);
}

/** What work handed to a program will cost at least, where its manifest says so. */
function leastOf(facts: Facts, { action }: Want): Pick<Standing, "leastCost"> {
  const { manifest } =
    facts.agents.find((one) => action.kind === "agent" && one.manifest.name === action.name) ?? {};
  const price = priceOf(manifest);
  return price === undefined ? {} : { leastCost: price };
}

/** The highest rank that a manifest names: the agent's, of those it works for, or the skill's. */
export function floorOf(
  { agent, facts, floor }: Pick<Frame, "agent" | "facts" | "floor">,
  skill?: Facts["skills"][number],
): Floor | null {
  if ((facts.gate ?? 1) < FLOORS_SINCE) return null;
  const { name, rank } = agent.manifest;
  const named = [
    floor,
    rank && { rank, by: `agent ${name}` },
    skill?.rank && { rank: skill.rank, by: `skill ${skill.name}` },
  ].filter((one) => one !== null && one !== undefined);
  return named.reduce<Floor | null>(
    (most, one) => (most && rankNumber(most.rank) >= rankNumber(one.rank) ? most : one),
    null,
  );
}

/** The name under which a yes to handing work to an agent can be taken back. */
export function agentGrant(agent: string): string {
  return `agent:${agent}`;
}

function handedTo({ action }: Want): string | undefined {
  return action.kind === "agent" ? agentGrant(action.name) : undefined;
}

/** What a yes to this name is bound to now: its files and the tools it announces; null for none. */
export function sealOf({ seals, skills }: Facts, name: string | undefined): string | null {
  if (name === undefined) return null;
  const seal = seals !== undefined && Object.hasOwn(seals, name) ? seals[name] : undefined;
  return seal ?? skills.find((one) => one.name === name)?.hash ?? null;
}

/**
 * Whether this machine can hold the process. What it could when the step was recorded is part of
 * the record, as a replay may run on another one.
 */
function isHeld(frame: Frame, want: Want, step: string): boolean {
  if (want.process === undefined) return true;
  // Marked is only what nothing held when the tools were listed, and that is part of the facts.
  if (want.action.unconfined) return false;
  const judged = frame.drive.recorded(step).find(({ body }) => body?.kind === "action.judged");
  if (judged?.body?.kind === "action.judged") {
    return judged.body.decision.layers.every(({ reason }) => reason !== "deny:no_isolation");
  }
  return frame.world?.holds(want.process) ?? true;
}

/**
 * A declared scope made concrete: relative paths against the workspace, `~/` against the
 * operator's home folder, `net:host` with its port.
 */
export function resolveScope(scope: Scope, workspace: string, userHome: string): Scope {
  const { kind, value } = scopeParts(scope);
  switch (kind) {
    case "read":
    case "write":
      return `${kind}:${resolvePath(value, workspace, userHome)}`;
    case "net":
      return `net:${value === "*" || /:\d+$/u.test(value) ? value : `${value}:443`}`;
    case "exec":
    case "env":
    case "secret":
    case "model":
    case "agent":
    case "memory":
    case "client":
      return scope;
  }
}

function resolvePath(value: string, workspace: string, userHome: string): string {
  const path = value.startsWith("~/") ? join(userHome, value.slice(2)) : value;
  const full = normalize(isAbsolute(path) ? path : join(workspace, path));
  return full.length > 1 && full.endsWith("/") ? full.slice(0, -1) : full;
}

/** `https://example.org/a` as `example.org:443`; null when it is no http(s) address. */
export function destinationOf(url: string): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !/^https?:$/u.test(parsed.protocol)) return null;
  const port = parsed.port || (parsed.protocol === "https:" ? "443" : "80");
  return `${parsed.hostname}:${port}`;
}

/**
 * The grants a step is judged by. A revoked or new grant acts at the next step, and the record says
 * from which one: `changed` is true for that step.
 */
export function grantsFor(
  frame: Frame,
  step: string,
): { readonly grants: readonly Grant[]; readonly changed: boolean } {
  const next = frame.drive.next(step);
  if (next?.body?.kind === "standing.changed") return { grants: next.body.grants, changed: true };
  if (next) {
    const { seq } = next.event;
    const grants = frame.grantChanges.findLast((change) => change.seq < seq)?.grants;
    return { grants: grants ?? frame.grants, changed: false };
  }
  const now = frame.world?.grants() ?? frame.grants;
  if (now === frame.seenGrants) return { grants: frame.grants, changed: false };
  frame.seenGrants = now;
  if (sameJson(now as Json, frame.grants as Json)) return { grants: frame.grants, changed: false };
  frame.grants = now;
  return { grants: now, changed: true };
}

/** While re-driving, what was spent is an input: parallel steps settle in an order of their own. */
export function spentFor(frame: Frame, step: string): Spent {
  const proposed = proposedIn(frame.drive, step);
  if (proposed) return proposed.spent;
  const { spent, setAside } = frame;
  return setAside === 0 ? spent : { ...spent, calls: spent.calls + setAside };
}

/** How the day stood when it was proposed, as it is recorded; undefined for a new step. */
export function dayFor({ drive }: Pick<Frame, "drive">, step: string): Day | undefined {
  return proposedIn(drive, step)?.day;
}

/** The want with what could only be found out now; while re-driving, as it was found then. */
export async function asProposed(drive: Drive, want: Want, step: string): Promise<Want> {
  const proposed = proposedIn(drive, step);
  const keeping = proposed ? proposed.action.keeping : await want.keeping?.();
  return keeping ? { ...want, action: { ...want.action, keeping } } : want;
}

function proposedIn(drive: Drive, step: string): ActionProposed | null {
  const found = drive.recorded(step).find(({ event }) => event.kind === "action.proposed");
  return found?.body?.kind === "action.proposed" ? found.body : null;
}
