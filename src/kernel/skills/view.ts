import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Grant } from "../../contracts/config.ts";
import type { SkillView, Skills } from "../../contracts/skill.ts";
import { scopeParts, type Scope } from "../../contracts/scope-parts.ts";
import { voids } from "../../gate/endorse.ts";
import { covers, isInside, parseScope } from "../../gate/scopes.ts";
import { scopeInWords } from "../../home/trust-words.ts";
import type { Vault } from "../../vault/vault.ts";
import { resolveScope } from "../standing.ts";
import type { Facts, World } from "../world.ts";
import { answersOf } from "../events/subscriptions.ts";
import { changesSince, grantable, type Look, lookAt, wishScopes } from "./seen.ts";

/** What the desk is made of. */
type Desk = Pick<World, "facts" | "grants" | "clock"> & {
  readonly arrangement: Arrangement;
  readonly vault: Vault;
};

/** Skills, servers and tools as a person asks about them. */
export function skillDesk(desk: Desk): Pick<Skills, "list" | "show" | "preview"> {
  const view = (name: string, facts: Facts): SkillView =>
    viewOf(desk, facts, { name, look: lookAt(name, desk.arrangement, facts) });
  return {
    list: async () => {
      const facts = await desk.facts();
      return grantable(desk.arrangement, facts).map((name) => view(name, facts));
    },
    show: async (name) => view(name, await desk.facts()),
    preview: async (name, wish) => {
      const facts = await desk.facts();
      const { arrangement } = desk;
      const { scopes } = lookAt(name, arrangement, facts);
      const may = mayDo(scopes, facts, { scopes: wishScopes(wish, facts) });
      return {
        ...view(name, facts),
        may: [...may, ...answersOf(arrangement.skills.get(name)?.manifest ?? {})],
      };
    },
  };
}

function viewOf(
  { arrangement, vault, grants, clock }: Desk,
  facts: Facts,
  { name, look }: { readonly name: string; readonly look: Look },
): SkillView {
  const skill = arrangement.skills.get(name);
  const names = look.tools.map(({ manifest }) => manifest.name);
  const agents = facts.agents.filter(
    ({ manifest }) =>
      manifest.skills.includes(name) || manifest.tools?.some((tool) => names.includes(tool)),
  );
  const own = grants().filter((grant) => grant.skill === name && grant.agent === undefined);
  const grant = own.find(({ run }) => run === undefined) ?? own[0] ?? null;
  const state = stateOf(grant, look.hash, clock.now());
  const terms = skill?.manifest.terms;
  return {
    name,
    kind: look.kind,
    from: look.from,
    description:
      skill?.head.description ??
      arrangement.mcpServers[name]?.description ??
      look.tools[0]?.manifest.description ??
      "",
    hash: look.hash,
    agents: agents.map(({ manifest }) => manifest.name),
    tools: names,
    may: [
      ...mayDo(look.scopes, facts, state === "granted" ? grant : null),
      ...answersOf(skill?.manifest ?? {}),
      ...look.tools.flatMap(({ prompt }) =>
        prompt ? [`/${prompt} brings a text of its own`] : [],
      ),
    ],
    ...(terms === undefined ? {} : { terms }),
    grant,
    state,
    changes: state === "suspended" ? changesSince(look, grant?.seen, vault) : null,
  };
}

function stateOf(grant: Grant | null, skillHash: string | null, now: number): SkillView["state"] {
  if (grant === null) return "none";
  const [why] = voids(grant, { now, skillHash, run: "" });
  switch (why) {
    case undefined:
      return "granted";
    case "deny:grant_revoked":
      return "revoked";
    case "deny:grant_expired":
      return "expired";
    case "deny:grant_suspended":
      return "suspended";
    default:
      return "one run";
  }
}

/** What these scopes come to, widest first named, each with whether it is asked about. */
export function mayDo(
  scopes: readonly Scope[],
  { workspace, userHome }: Pick<Facts, "workspace" | "userHome">,
  grant: Pick<Grant, "scopes"> | null,
): readonly string[] {
  const wide = new Map(
    scopes.map((scope) => {
      const resolved = resolveScope(scope, workspace, userHome);
      return [resolved, parseScope(resolved)] as const;
    }),
  );
  const kept = [...wide].filter(
    ([text, own]) => ![...wide].some(([other, wider]) => other !== text && covers(wider, own)),
  );
  const named = grant?.scopes ?? [];
  const said = kept.map(([text, own]) => {
    const words = `may ${scopeInWords(shortened(text, userHome))}`;
    const outside = own.kind === "write" && !isInside(workspace, own.path);
    const asks = outside || own.kind === "exec" || own.kind === "secret" || own.kind === "net";
    if (!asks || text === "net:*") return words;
    return named.includes(own.text) ? `${words} without asking` : `${words}, asking each time`;
  });
  const beyond = named.filter((scope) => !wide.has(scope));
  return [...said, ...beyond.map((scope) => `may ${scopeInWords(scope)} without asking`)];
}

/** A path below the operator's own folder as they write it. */
function shortened(scope: Scope, userHome: string): Scope {
  const { kind, value } = scopeParts(scope);
  return isInside(userHome, value) && value !== userHome
    ? `${kind}:~${value.slice(userHome.length)}`
    : scope;
}
