import { basename, dirname, parse } from "node:path";
import { parseAddress } from "../../std/address.ts";
import { canonical } from "../../std/canonical.ts";
import { NanosError } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { nearest } from "../../std/nearest.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Seen } from "../../contracts/config.ts";
import type { Changes, GrantOptions, Skill, SkillView } from "../../contracts/skill.ts";
import type { Scope } from "../../contracts/scope-parts.ts";
import { changesOf, type Pair } from "../../home/changes.ts";
import { readTree, readTreeFile, treeHash, utf8 } from "../../home/files.ts";
import { scopeInWords } from "../../home/trust-words.ts";
import type { LoadedTool } from "../../tools/tool-host.ts";
import type { Vault } from "../../vault/vault.ts";
import { resolveScope, sealOf } from "../standing.ts";
import type { Facts } from "../world.ts";

/** A skill, server or tool as it is now: what a yes is given to, and what a change is seen by. */
export interface Look {
  readonly kind: SkillView["kind"];
  readonly from: string;
  /** What the yes is bound to. */
  readonly hash: string | null;
  readonly tools: readonly LoadedTool[];
  readonly scopes: readonly string[];
  /** Path to content: its files, or how the server is started. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Every name a grant can be given to. */
export function grantable(arrangement: Arrangement, facts: Facts): readonly string[] {
  return [
    ...new Set([
      ...arrangement.skills.keys(),
      ...Object.keys(arrangement.mcpServers),
      ...facts.tools.map(({ skill }) => skill),
      ...unloaded(arrangement, facts).map(toolName),
    ]),
  ];
}

/** Files of tools of no skill that could not be loaded here: their file's name is all there is. */
function unloaded({ toolFiles }: Arrangement, { broken }: Facts): readonly string[] {
  return toolFiles.filter((file) => broken.some(({ source }) => source === file));
}

function toolName(file: string): string {
  return parse(file).name;
}

function fileOf(name: string, { toolFiles }: Arrangement, tool?: LoadedTool): string {
  return tool?.source ?? toolFiles.find((file) => toolName(file) === name) ?? "";
}

/**
 * Looks at what goes by this name.
 *
 * @throws NanosError `skill.unknown`, and `grant.changed` when its files are no longer those that
 *   were loaded.
 */
export function lookAt(name: string, arrangement: Arrangement, facts: Facts): Look {
  const names = grantable(arrangement, facts);
  if (!names.includes(name)) throw unknownSkill(name, names);
  const tools = facts.tools.filter(({ skill }) => skill === name);
  const skill = arrangement.skills.get(name);
  const declared = tools.flatMap(({ manifest }) => manifest.scopes);
  const scopes = [...new Set([...(skill?.manifest.scopes ?? []), ...declared])].toSorted();
  const common = { hash: sealOf(facts, name), tools, scopes };
  const files = filesOf(name, arrangement, tools[0]);
  if (skill) return { ...common, kind: "skill", from: skill.dir, files };
  if (Object.hasOwn(arrangement.mcpServers, name)) {
    return { ...common, kind: "server", from: name, files };
  }
  const kind = tools[0]?.agent === undefined ? "tool" : "agent";
  return { ...common, kind, from: fileOf(name, arrangement, tools[0]), files };
}

/** Path to content of what goes by this name. Throws `grant.changed` as `lookAt` does. */
function filesOf(
  name: string,
  arrangement: Arrangement,
  tool?: LoadedTool,
): ReadonlyMap<string, Uint8Array> {
  const skill = arrangement.skills.get(name);
  const server = Object.hasOwn(arrangement.mcpServers, name) ? arrangement.mcpServers[name] : null;
  if (!skill && server) {
    return new Map([["mcp.json", Buffer.from(`${JSON.stringify(server, null, 2)}\n`)]]);
  }
  const from = skill?.dir ?? fileOf(name, arrangement, tool);
  if (tool?.agent !== undefined) {
    const own = readTreeFile(from, basename(from));
    return new Map(own ? [[own.path, own.content]] : []);
  }
  const tree = readTree(skill ? from : dirname(from)).files;
  if (skill && treeHash(tree) !== skill.hash) {
    const message = `The files of ${name} changed while they were looked at.`;
    throw new NanosError("grant.changed", message, `Look again: nanos skill show ${name}`);
  }
  return new Map(tree.map(({ path, content }) => [path, content]));
}

/** True while a skill's files, or how a server is reached, are what they were at the yes to it. */
export function isAsSeen(
  name: string,
  kept: string | undefined,
  arrangement: Arrangement,
  vault: Pick<Vault, "get">,
): boolean {
  const bytes = kept === undefined ? null : vault.get(kept);
  if (bytes === null) return false;
  const then = (JSON.parse(new TextDecoder().decode(bytes)) as Seen).files;
  const now = seenFiles(filesOf(name, arrangement));
  return differing(then, now).length === 0;
}

function unknownSkill(name: string, names: readonly string[]): NanosError {
  const near = nearest(name, names);
  const next = near ? `Did you mean ${near}?` : `Skills: ${names.join(", ") || "none"}.`;
  return new NanosError("skill.unknown", `There is no skill ${name}.`, next);
}

/** Keeps what a yes was given to, so that a later change can be shown; returns its vault hash. */
export function keepSeen(look: Look, vault: Vault): string {
  for (const content of look.files.values()) {
    if (content.length <= LIMITS.seenFileBytes && utf8(content) !== null) vault.put(content);
  }
  return vault.put(canonical(seenIn(look) as unknown as Json));
}

/** What of a look is kept. */
export function seenIn({ files, scopes, tools }: Pick<Look, "files" | "scopes" | "tools">): Seen {
  const announced = tools.filter(({ kind }) => kind === "mcp");
  return {
    v: 1,
    files: seenFiles(files),
    scopes: [...scopes],
    tools: Object.fromEntries(
      announced.map(({ manifest: { name, description, input, output } }) => [
        name,
        { description, input, ...(output === undefined ? {} : { output }) },
      ]),
    ),
  };
}

function seenFiles(files: Look["files"]): Record<string, string> {
  return Object.fromEntries([...files].map(([path, content]) => [path, sha256(content)]));
}

/** What is no longer as it was when it was said yes to. `kept` is the vault hash of that. */
export function changesSince(look: Look, kept: string | undefined, vault: Vault): Changes {
  const bytes = kept === undefined ? null : vault.get(kept);
  if (bytes === null) {
    const scopes = { added: look.scopes.map(scopeInWords), removed: [] };
    return { scopes, files: [], tools: [], unknown: true };
  }
  const then = JSON.parse(new TextDecoder().decode(bytes)) as Seen;
  const contentOf = (path: string): Uint8Array | "unknown" => {
    const hash = own(then.files, path);
    return (hash === undefined ? null : vault.get(hash)) ?? "unknown";
  };
  return compare({ ...then, contentOf }, look);
}

/** What makes one skill another: new reach first, then its files and tools. */
export function compare(
  then: Seen & { readonly contentOf: (path: string) => Uint8Array | "unknown" },
  look: Pick<Look, "files" | "scopes" | "tools">,
): Changes {
  const now = seenIn(look);
  const without = (some: readonly string[], others: readonly string[]): string[] =>
    some.filter((one) => !others.includes(one)).map(scopeInWords);
  const files = differing(then.files, now.files).map((path): Pair => {
    const before = Object.hasOwn(then.files, path) ? then.contentOf(path) : null;
    return { path, before, after: look.files.get(path) ?? null };
  });
  const tools = differing(then.tools, now.tools).map((path): Pair => {
    return { path, before: asText(own(then.tools, path)), after: asText(own(now.tools, path)) };
  });
  return {
    scopes: { added: without(now.scopes, then.scopes), removed: without(then.scopes, now.scopes) },
    files: changesOf(files),
    tools: changesOf(tools),
    unknown: false,
  };
}

/** Keys whose values differ, sorted. */
function differing(
  then: Readonly<Record<string, Json>>,
  now: Readonly<Record<string, Json>>,
): string[] {
  const keys = [...new Set([...Object.keys(then), ...Object.keys(now)])].toSorted();
  const text = (of: Readonly<Record<string, Json>>, key: string): string =>
    canonical(own(of, key) ?? null);
  return keys.filter((key) => text(then, key) !== text(now, key));
}

function own<T>(of: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(of, key) ? of[key] : undefined;
}

/** A tool as a model reads it: its words line by line, then the shape of its arguments. */
function asText(tool: Json | undefined): Uint8Array | null {
  return tool === undefined ? null : Buffer.from(`${readable(tool)}\n`);
}

function readable(tool: Json): string {
  const { description, ...rest } = tool as { description?: Json };
  const words = typeof description === "string" ? description : "";
  return `${words}\n${JSON.stringify(JSON.parse(canonical(rest as Json)), null, 2)}`;
}

/**
 * What a wish names beyond what is declared, as scopes.
 *
 * @throws NanosError `grant.bad_scope`.
 */
export function wishScopes(
  { net = [], exec = [], read = [] }: GrantOptions,
  { workspace, userHome }: Pick<Facts, "workspace" | "userHome">,
): Scope[] {
  const hosts = net.map((value) => {
    const address = parseAddress(value);
    if (address) return `net:${address.text}`;
    const message = `${value} is no destination.`;
    throw new NanosError("grant.bad_scope", message, "Write it as HOST:PORT.");
  });
  const paths = read.map((path) => resolveScope(`read:${path}`, workspace, userHome));
  return [...hosts, ...exec.map((program): Scope => `exec:${program}`), ...paths];
}

/**
 * A skill with files of its own.
 *
 * @throws NanosError `skill.unknown`.
 */
export function installedSkill(arrangement: Arrangement, name: string): Skill {
  const skill = arrangement.skills.get(name);
  if (skill !== undefined) return skill;
  const names = [...arrangement.skills.keys()];
  const next = `Skills with files of their own: ${names.join(", ") || "none"}.`;
  throw new NanosError("skill.unknown", `There is no skill ${name} with files of its own.`, next);
}
