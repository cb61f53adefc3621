import { matchesGlob } from "node:path";
import { join } from "node:path";
import type { Grant } from "../../contracts/config.ts";
import type { Scope } from "../../contracts/scope-parts.ts";
import type { SkillManifest, Subscription, SubscriptionView } from "../../contracts/skill.ts";
import { voids } from "../../gate/endorse.ts";
import { covers, parseScope } from "../../gate/scopes.ts";
import { resolveScope, sealOf } from "../standing.ts";
import type { Facts, SkillFacts } from "../world.ts";

/** A subscription as it is answered: what it listens to, and the most its runs may reach. */
export interface Live {
  readonly id: string;
  readonly skill: string;
  readonly subscription: Subscription;
  readonly within: readonly Scope[];
  readonly refused: string | null;
}

/**
 * What skills answer by themselves. Each subscription is held to its skill: what it listens to, the
 * tool or command it calls and all that this may reach. A skill that nobody said yes to is silent.
 */
export function subscriptions(
  facts: Facts,
  grants: readonly Grant[],
  now: number,
): readonly Live[] {
  return facts.skills.flatMap((skill) =>
    (skill.events ?? []).map((subscription, i): Live => {
      const within = reachOf(facts, skill);
      const live = { id: `${skill.name}#${i + 1}`, skill: skill.name, subscription, within };
      const refused = ungranted(facts, skill, grants, now) ?? unfit(facts, skill, live);
      return { ...live, refused };
    }),
  );
}

/** As a person reads it. */
export function viewOf({ id, skill, subscription, refused }: Live): SubscriptionView {
  const { on, run } = subscription;
  return { id, skill, on, what: whatOf(subscription), run, refused };
}

/** What a skill would answer, before a yes to it. */
export function answersOf({ events = [] }: Pick<SkillManifest, "events">): readonly string[] {
  return events.map((one) => {
    const what = `${one.on} ${whatOf(one)}`;
    return `answers ${what} by itself with ${one.run}, while a session or nanos watch goes on`;
  });
}

function whatOf(subscription: Subscription): string {
  switch (subscription.on) {
    case "file.changed":
      return subscription.paths.join(", ");
    case "schedule.cron":
      return subscription.cron;
    case "journal":
      return subscription.kinds.join(", ");
  }
}

/** What the skill declares; where that is nothing, what its tools do. */
function reachOf({ tools, workspace, userHome }: Facts, skill: SkillFacts): readonly Scope[] {
  const own = tools.filter((tool) => tool.skill === skill.name);
  const all =
    skill.scopes.length > 0 ? skill.scopes : own.flatMap(({ manifest }) => manifest.scopes);
  return [...new Set(all)].map((scope) => resolveScope(scope, workspace, userHome));
}

/** Why nobody said yes to a skill, server or tool of no skill as it is; null where somebody did. */
export function ungranted(
  facts: Facts,
  { name }: Pick<SkillFacts, "name">,
  grants: readonly Grant[],
  now: number,
): string | null {
  const grant = grants.find(({ skill, agent, run }) => skill === name && !agent && !run);
  const skillHash = sealOf(facts, name);
  const isGood = grant !== undefined && voids(grant, { now, skillHash, run: "" }).length === 0;
  return isGood ? null : `nobody said yes to it as it is: nanos grant add ${name}`;
}

/** Why it listens to, or calls, what its skill has no part in. */
function unfit(
  facts: Facts,
  skill: SkillFacts,
  { subscription, within }: Live | Fit,
): string | null {
  const [kind, name] = split(subscription.run);
  if (
    kind === "tool" &&
    !facts.tools.some((one) => one.manifest.name === name && one.skill === skill.name)
  ) {
    return `the skill has no tool ${name}`;
  }
  if (kind === "command" && !Object.hasOwn(skill.commands ?? {}, name)) {
    return `the skill has no command ${name}`;
  }
  if (kind === "agent" && !facts.agents.some(({ manifest }) => manifest.name === name)) {
    return `there is no agent ${name}`;
  }
  if (subscription.on !== "file.changed") return null;
  const reads = within.map(parseScope);
  for (const pattern of subscription.paths) {
    const folder = folderOf(pattern);
    if (folder === null) return `${pattern} does not begin with a folder of the workspace`;
    const wanted = parseScope(`read:${join(facts.workspace, folder)}`);
    if (!reads.some((scope) => covers(scope, wanted))) return `it may not read ${folder}`;
  }
  return null;
}

type Fit = Pick<Live, "subscription" | "within">;

/** `tool:count` in its two parts. */
export function split(run: string): readonly [kind: string, name: string] {
  const at = run.indexOf(":");
  return [run.slice(0, at), run.slice(at + 1)];
}

/** The folder a pattern begins with, as far as nothing in it stands for something else. */
export function folderOf(pattern: string): string | null {
  const parts = pattern.split("/");
  const plain = parts.slice(0, -1);
  const end = plain.findIndex((part) => !/^[\w][\w .-]*$/u.test(part));
  const folder = (end < 0 ? plain : plain.slice(0, end)).join("/");
  return folder === "" || parts.includes("..") ? null : folder;
}

/** True when a change of this file, relative to the workspace, is one it listens to. */
export function listensTo(subscription: Subscription, path: string): boolean {
  return (
    subscription.on === "file.changed" &&
    subscription.paths.some((pattern) => matchesGlob(path, pattern))
  );
}
