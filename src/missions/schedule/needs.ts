import type { ModelLine } from "../../contracts/nanos.ts";
import type { ScheduleBudget, ScheduleEstimate, Preflight } from "../../contracts/schedule.ts";
import { scopeParts } from "../../contracts/scope-parts.ts";
import type { Budget } from "../../contracts/usage.ts";
import { isDangerous } from "../../gate/layers/danger.ts";
import { parseScope } from "../../gate/scopes.ts";
import { ungranted } from "../../kernel/events/subscriptions.ts";
import { priceOf } from "../../kernel/spend.ts";
import { resolveScope } from "../../kernel/standing.ts";
import { toolOf } from "../../kernel/wants/work.ts";
import type { Facts, World } from "../../kernel/world.ts";
import { dearestInput } from "../../models/model.ts";
import { handlesIn } from "../../tools/handles.ts";
import type { Reached } from "./reached.ts";
import { modelsOf } from "./seal.ts";

type Problems = Preflight["problems"];

/** What is there to give a schedule what it needs. */
export interface Store {
  readonly models: readonly Pick<ModelLine, "name" | "config">[];
  /** Names of stored secrets. */
  readonly secrets: readonly string[];
  /** Variables that are set. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Yeses that are missing for what leaves the workspace: nobody is there to be asked. */
export function grantsMissing(world: World, facts: Facts, { tools }: Reached): Problems {
  const { workspace, userHome } = facts;
  const now = world.clock.now();
  const needy = tools.filter(({ manifest, skill }) => {
    const scopes = manifest.scopes.map((one) => resolveScope(one, workspace, userHome));
    const isLocked = facts.skills.find(({ name }) => name === skill)?.locked ?? true;
    return !isLocked || scopes.some((one) => isDangerous(parseScope(one), { workspace }));
  });
  return [...new Set(needy.map(({ skill }) => skill))].flatMap((name) => {
    const why = ungranted(facts, { name }, world.grants(), now);
    return why === null
      ? []
      : [{ says: `${name} is not granted as it is`, next: `nanos grant add ${name}` }];
  });
}

/** Secrets and keys of models that are not there. */
export async function secretsMissing(
  world: World,
  { tools, thinking }: Reached,
  store: Store,
): Promise<Problems> {
  const names = new Set(
    tools.flatMap(({ manifest }) =>
      manifest.scopes.flatMap((scope) => {
        const { kind, value } = scopeParts(scope);
        return kind === "secret" ? [value] : handlesIn([scope]);
      }),
    ),
  );
  const problems: { says: string; next: string }[] = [];
  for (const name of await modelsOf(world, thinking)) {
    const config = store.models.find((one) => one.name === name)?.config;
    if (config?.keySecret !== undefined) names.add(config.keySecret);
    const { keyEnv } = config ?? {};
    if (keyEnv === undefined || store.env[keyEnv] !== undefined) continue;
    const says = `the key of the model ${name} is in ${keyEnv}, which is not set`;
    problems.push({ says, next: `export ${keyEnv}=... where nanos watch is started` });
  }
  for (const name of names) {
    if (store.secrets.includes(name) || name === "*") continue;
    problems.push({ says: `the secret ${name} is not stored`, next: `nanos secret set ${name}` });
  }
  return problems;
}

/** The most one firing could use, within what it is given. */
export async function estimated(
  world: World,
  budget: Budget,
  { agents, thinking }: Reached,
): Promise<ScheduleEstimate> {
  const { calls, tokens } = budget;
  const models = await Promise.all(
    (await modelsOf(world, thinking)).map((name) => world.model(name)),
  );
  const dearest = models.map(({ price }) => price && Math.max(dearestInput(price), price.output));
  const programs = agents
    .map(({ manifest }) => manifest)
    .filter((one) => toolOf(one) !== null && one.kind !== "mcp")
    .map((one) => priceOf(one));
  const isKnown = !dearest.includes(null) && !programs.includes(undefined);
  const perToken = Math.max(0, ...dearest.map((price) => price ?? 0)) / 1_000_000;
  const perCall = Math.max(0, ...programs.map((price) => price ?? 0));
  const most = Math.min(
    budget.cost ?? Number.POSITIVE_INFINITY,
    tokens * perToken + calls * perCall,
  );
  const thinks = models.length + programs.length > 0;
  return { calls, tokens: thinks ? tokens : 0, cost: isKnown ? most : null };
}

/** Why its cost may not stay unknown. */
export function priceProblems(
  { cost, tokens }: ScheduleEstimate,
  given: ScheduleBudget,
  limits: Budget,
): Problems {
  if (cost !== null) return [];
  if (limits.cost !== undefined) {
    const says = "a limit in money lets no model pass whose price is not known";
    return [
      { says, next: "Say the price: nanos model add NAME --price IN/OUT; or leave the limit out." },
    ];
  }
  if (given.tokens !== undefined) return [];
  const says = `what it costs is not known: up to ${tokens} tokens of a model without a price`;
  return [{ says, next: "Give it a budget: --max-tokens N" }];
}
