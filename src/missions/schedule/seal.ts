import { modelOf, NO_MODEL, ownModel } from "../../kernel/start.ts";
import type { Facts, World } from "../../kernel/world.ts";
import { agentGrant, sealOf } from "../../kernel/standing.ts";
import { hashOf } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import type { Meant, Reached } from "./reached.ts";

/**
 * What a schedule is saved under, a hash for each part a person can name: it begins while all of
 * them are what they were, and waits for the operator as soon as one is not.
 *
 * @throws NanosError `model.*`.
 */
export async function sealed(
  world: World,
  facts: Facts,
  { agent, plan }: Meant,
  { agents, tools, thinking }: Reached,
): Promise<Record<string, string>> {
  const skills = [...new Set(tools.map(({ skill }) => skill))].toSorted();
  const names = new Set([...skills, ...agents.map(({ manifest }) => agentGrant(manifest.name))]);
  const grants = world.grants().filter(({ skill }) => names.has(skill));
  const models = await Promise.all(
    (await modelsOf(world, thinking)).map((name) => modelOf(world, name)),
  );
  const inner = await Promise.all(
    agents.flatMap(({ manifest }) =>
      manifest.kind === "arrangement" ? [world.inner(manifest)] : [],
    ),
  );
  const parts: Record<string, unknown> = {
    // Rules and routes, by the version of what judges by them.
    rules: [facts.policy, facts.rules, facts.routes],
    grants: [grants.map(({ at: _, seen: _seen, ...grant }) => grant), facts.allow],
    agents: [agent, agents, facts.depth, facts.limits, facts.instructions],
    others: inner.map((one) =>
      one && "facts" in one ? [one.facts.policy, one.facts.agents] : one,
    ),
    tools: [skills.map((name) => [name, sealOf(facts, name)]), tools.map(({ hash }) => hash)],
    models: models.length === 0 ? [NO_MODEL] : models,
    memory: facts.memory ?? null,
    ...(plan === null ? {} : { plan }),
  };
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [name, hashOf(plain(part))]),
  );
}

/** Names of the models they think by. @throws NanosError `model.*`. */
export async function modelsOf(
  world: World,
  thinking: Reached["thinking"],
): Promise<readonly string[]> {
  const names = thinking.map(
    async ({ model }) => (await ownModel(world, model)) ?? world.defaultModel(),
  );
  return [...new Set(await Promise.all(names))].toSorted();
}

/** Parts of a schedule's seal that are others now, as a person calls them. */
export function changedIn(
  saved: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] {
  const names = new Set([...Object.keys(saved), ...Object.keys(now)]);
  return [...names].filter((name) => saved[name] !== now[name]).toSorted();
}

function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value ?? null)) as Json;
}
