import type { Arrangement } from "../contracts/arrangement.ts";
import type { Config, LockFile } from "../contracts/config.ts";
import type { Skill } from "../contracts/skill.ts";
import { localZone } from "../std/clock.ts";
import { hashOf } from "../std/hash.ts";
import { MEMORY_OFF, type MemoryConfig, type MemorySettings } from "../contracts/memory.ts";
import type { DayLimit } from "../contracts/usage.ts";
import { LIMITS } from "../std/limits.ts";
import { GATE_VERSION, policyHash } from "../gate/policy.ts";
import type { BrokenTool, LoadedTool, ToolHost } from "../tools/tool-host.ts";
import type { Facts } from "./world.ts";

/** The facts of this process, worked out when first asked for. */
export type FactsBook = (again?: boolean) => Promise<Facts>;

/** Facts that are read from what is there; again where what is there may have changed. */
export function factsBook(given: {
  arrangement: Arrangement;
  tools: ToolHost;
  lock: () => Promise<LockFile>;
  machine: string;
  userHome: string;
  memory: MemorySettings;
  day?: DayLimit | undefined;
}): FactsBook {
  const { tools, lock, ...rest } = given;
  let facts: Promise<Facts> | null = null;
  // Agents of other arrangements have names that may be those of agents here, and note nothing.
  const load = async (again: boolean): Promise<Facts> => ({
    ...factsOf({ ...rest, ...(await tools.list(again)), lock: await lock() }),
    thoughts: true,
  });
  return (again = false) => (facts = again || facts === null ? load(again) : facts);
}

/** The facts of an arrangement as loaded, with its tools as they announce themselves. */
export function factsOf(given: {
  arrangement: Arrangement;
  tools: readonly LoadedTool[];
  broken: readonly BrokenTool[];
  lock: LockFile;
  machine: string;
  userHome: string;
  memory: MemorySettings;
  day?: DayLimit | undefined;
}): Facts {
  const { arrangement, tools, broken, lock, machine, userHome, memory, day } = given;
  const { manifest, rules, routes, workspace } = arrangement;
  const { limits } = manifest;
  return {
    v: 1,
    name: manifest.name,
    oracle: manifest.oracle,
    ...{ workspace, dir: arrangement.dir, machine, userHome },
    ...depthOf(limits.depth ?? LIMITS.depth),
    limits,
    ...dayIn(limits.day, day),
    instructions: arrangement.instructions ?? null,
    agents: [...arrangement.agents.values()].map(({ manifest: agent, prompt }) => ({
      manifest: agent,
      prompt,
    })),
    skills: [...arrangement.skills.values()].map((skill) => ({
      name: skill.head.name,
      description: skill.head.description,
      instructions: skill.instructions,
      hash: skill.hash,
      scopes: skill.manifest.scopes,
      ...(skill.manifest.rank === undefined ? {} : { rank: skill.manifest.rank }),
      locked: lock.skills[skill.head.name]?.hash === skill.hash,
      ...(skill.manifest.commands === undefined ? {} : { commands: skill.manifest.commands }),
      ...(skill.manifest.events === undefined ? {} : { events: skill.manifest.events }),
      ...(bringsTools(skill) ? {} : { dir: skill.dir, files: skill.files }),
    })),
    tools,
    broken,
    seals: sealsOf(arrangement, tools),
    rules,
    routes,
    allow: manifest.allow,
    ...grownIn(arrangement),
    ...(manifest.proposes === true ? { proposes: true as const } : {}),
    ...{ memory, policy: policyHash(rules, routes) },
    ...{ evidence: true, artifacts: true, retold: true, gate: GATE_VERSION },
  };
}

/** The least of what arrangement and operator say of a day; it is a day where the operator is. */
export function dayIn(arrangement: DayLimit = {}, config: DayLimit = {}): Pick<Facts, "day"> {
  const least = (key: "calls" | "tokens" | "cost"): Partial<DayLimit> => {
    const said = [arrangement[key], config[key]].filter((one) => one !== undefined);
    return said.length === 0 ? {} : { [key]: Math.min(...said) };
  };
  const limit = { ...least("calls"), ...least("tokens"), ...least("cost") };
  if (Object.keys(limit).length === 0) return {};
  return { day: { ...limit, zone: config.zone ?? arrangement.zone ?? localZone() } };
}

function depthOf(depth: ArrangementDepth): Pick<Facts, "depth" | "warnDepth"> {
  return typeof depth === "number" ? { depth } : { depth: depth.cap, warnDepth: depth.warn };
}

type ArrangementDepth = NonNullable<Arrangement["manifest"]["limits"]["depth"]>;

/** A skill with tools of its own is known by them from the start; one of text is read on use. */
function bringsTools({ toolFiles, mcpFile }: Skill): boolean {
  return toolFiles.length > 0 || mcpFile !== null;
}

/**
 * Of a skill without servers its files are all there is. What a server announces is no file, and a
 * tool of no skill has no skill's hash: their seal is made of what the tools are.
 */
function sealsOf(arrangement: Arrangement, tools: readonly LoadedTool[]): Record<string, string> {
  const by = new Map<string, string[]>();
  for (const { skill, kind, manifest, hash } of tools) {
    if (arrangement.skills.has(skill) && kind !== "mcp") continue;
    by.set(skill, [...(by.get(skill) ?? []), `${manifest.name} ${hash}`]);
  }
  return Object.fromEntries(
    [...by].map(([name, lines]) => {
      const files = arrangement.skills.get(name)?.hash ?? null;
      return [name, hashOf({ files, tools: lines.toSorted() })];
    }),
  );
}

/** Where agents' files lie, for an arrangement that grows by conversation. */
function grownIn({ manifest, dir }: Arrangement): Pick<Facts, "grows"> {
  return manifest.grows === true ? { grows: { dir } } : {};
}

/** Facts as they were kept. */
export function factsIn(bytes: Uint8Array | null): Facts | null {
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Facts);
}

/** What the operator's config says of memory counts, then what the arrangement says. */
export function memorySettings(
  arrangement: MemoryConfig | undefined,
  { memory: config, usual }: Pick<Config, "memory" | "usual">,
): MemorySettings {
  const said = { ...usual?.memory, ...arrangement, ...config };
  return {
    enabled: said.enabled ?? MEMORY_OFF.enabled,
    capture: said.capture ?? MEMORY_OFF.capture,
    policy: said.policy ?? MEMORY_OFF.policy,
    ttl: said.ttl ?? MEMORY_OFF.ttl,
  };
}
