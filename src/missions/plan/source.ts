import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import { Plan } from "../../contracts/plan.ts";
import { readPlan } from "../../home/arrangement/plans.ts";
import { firstOf } from "../../kernel/flow/past.ts";
import { childRun } from "../../kernel/runner.ts";
import type { World } from "../../kernel/world.ts";
import { NanosError } from "../../std/error.ts";
import { nearest } from "../../std/nearest.ts";
import { plainText } from "../../std/text.ts";
import { planFaults } from "./check.ts";

/** Where plans are looked for. */
export interface PlanPlaces {
  readonly world: Pick<World, "journal" | "vault">;
  readonly arrangement: Arrangement;
  /** What a path is relative to, absolute. */
  readonly cwd: string;
}

/** A plan, and whose it is. */
export interface Sourced {
  readonly plan: Plan;
  /** `operator`, or `agent:NAME` who handed it in. */
  readonly by: string;
  /** For one that was handed in: the step, and what the mission has of that run. */
  readonly handedIn?: { readonly step: string } & Pick<RunStarted, "localOnly" | "client">;
}

/**
 * The plan of the arrangement as it was loaded, one in a file of its own, or one an agent handed in.
 *
 * @throws NanosError `plan.*`, `manifest.invalid`.
 */
export async function planOf(places: PlanPlaces, name: string): Promise<Sourced> {
  const { plans } = places.arrangement;
  if (Object.hasOwn(plans, name)) return { plan: plans[name] as Plan, by: "operator" };
  const own = handedInAt(places.world, name);
  if (own) return own;
  return { plan: await readPlan(fileOf(places, name), planFaults), by: "operator" };
}

/** The file of a plan. @throws NanosError `plan.missing`. */
export function fileOf({ arrangement, cwd }: PlanPlaces, name: string): string {
  const { plans, dir } = arrangement;
  if (Object.hasOwn(plans, name)) return join(dir, "plans", `${name}.yaml`);
  const file = resolve(cwd, name);
  if (existsSync(file)) return file;
  const near = nearest(name, Object.keys(plans));
  const names = Object.keys(plans).join(", ");
  const next =
    near === undefined
      ? `Name a YAML file${names === "" ? "" : `, or one of ${names}`}.`
      : `Did you mean ${near}?`;
  throw new NanosError("plan.missing", `There is no plan ${plainText(name)}.`, next);
}

/** Steps of a run that handed in a plan that holds, oldest first. */
export function handInsOf({ journal }: Pick<World, "journal">, run: string): readonly string[] {
  return [...journal.chain(run)].flatMap(({ event, body }) =>
    body?.kind === "action.settled" && event.step !== null && planIn(body.outcome)
      ? [event.step]
      : [],
  );
}

function planIn(outcome: Outcome): { readonly hash: string } | null {
  return outcome.status === "done" ? (outcome.plan ?? null) : null;
}

/** Steps in which agents that a mission asked handed in plans of further work, oldest first. */
export function workHandedIn(world: Pick<World, "journal">, mission: string): readonly string[] {
  return [...world.journal.chain(mission)].flatMap(({ event, body }) =>
    body?.kind === "action.proposed" && body.action.kind === "agent" && event.step !== null
      ? handInsOf(world, childRun(event.step))
      : [],
  );
}

/** What a step handed in; null for what is no such step. @throws NanosError `plan.gone`. */
export function handedInAt({ journal, vault }: PlanPlaces["world"], step: string): Sourced | null {
  const [run = ""] = step.split(".", 1);
  if (run === step) return null;
  for (const { event, body } of journal.chain(run)) {
    if (event.step !== step || body?.kind !== "action.settled") continue;
    const kept = planIn(body.outcome);
    const started = firstOf(journal, run)?.body;
    if (!kept || started?.kind !== "run.started") continue;
    const bytes = vault.get(kept.hash);
    if (!bytes) throw gone(step);
    const plan = Plan.parse(JSON.parse(new TextDecoder().decode(bytes)));
    const { agent, localOnly, client } = started;
    const asker = client === undefined ? {} : { client };
    return { plan, by: `agent:${agent}`, handedIn: { step, localOnly, ...asker } };
  }
  return null;
}

function gone(step: string): NanosError {
  const message = `The plan that ${step} handed in is gone from the vault.`;
  return new NanosError(
    "plan.gone",
    message,
    "Have another one made: nanos mission new --by AGENT",
  );
}
