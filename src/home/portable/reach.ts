import type { AgentManifest } from "../../contracts/agent.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Grant } from "../../contracts/config.ts";
import type { ReachLine } from "../../contracts/portable.ts";
import { canonical } from "../../std/canonical.ts";
import type { Json } from "../../std/json.ts";
import { clip, plainText } from "../../std/text.ts";
import type { TreeFile } from "../files.ts";
import { declaredIn, describe, scopeInWords } from "../trust-words.ts";

/** An arrangement with the files it was read from. */
export interface Side {
  readonly arrangement: Arrangement;
  readonly files: readonly TreeFile[];
}

/**
 * What one arrangement in place of another changes of what may be done, before any text: reach,
 * grants, rules, models, servers, code, agents, settings.
 */
export async function reachChanges(
  before: Side,
  after: Side,
  grants: readonly Grant[],
): Promise<readonly ReachLine[]> {
  const pair = { before: before.arrangement, after: after.arrangement };
  return [
    ...allowLines(pair),
    ...(await scopeLines(before, after)),
    ...grantLines(pair, grants),
    ...ruleLines(pair),
    ...modelLines(pair),
    ...serverLines(pair),
    ...(await codeLines(before, after)),
    ...agentLines(pair, grants),
    ...settingLines(pair),
  ];
}

interface Pair {
  readonly before: Arrangement;
  readonly after: Arrangement;
}

type About = ReachLine["about"];

function line(about: About, sign: ReachLine["sign"], says: string, standing = false): ReachLine {
  return { about, sign, says: clip(plainText(says), MOST_CHARS), standing };
}

/** Characters of one line; the files below it have the rest. */
const MOST_CHARS = 300;

function allowLines({ before, after }: Pair): ReachLine[] {
  const [was, now] = [before.manifest.allow, after.manifest.allow];
  const says = (scope: string): string =>
    `tools of no skill may ${scopeInWords(scope)}, without asking`;
  return [
    ...now.filter((one) => !was.includes(one)).map((one) => line("scope", "+", says(one), true)),
    ...was.filter((one) => !now.includes(one)).map((one) => line("scope", "-", says(one))),
  ];
}

/** Per skill, and for what belongs to none: what it would ask for. */
async function scopeLines(before: Side, after: Side): Promise<ReachLine[]> {
  const [was, now] = [await scopesByOwner(before.files), await scopesByOwner(after.files)];
  const lines: ReachLine[] = [];
  for (const owner of [...new Set([...now.keys(), ...was.keys()])].toSorted()) {
    const [old, fresh] = [was.get(owner) ?? [], now.get(owner) ?? []];
    for (const scope of fresh.filter((one) => !old.includes(one)))
      lines.push(line("scope", "+", `${owner} asks to ${scopeInWords(scope)}`));
    for (const scope of old.filter((one) => !fresh.includes(one)))
      lines.push(line("scope", "-", `${owner} no longer asks to ${scopeInWords(scope)}`));
  }
  return lines;
}

async function scopesByOwner(files: readonly TreeFile[]): Promise<Map<string, readonly string[]>> {
  const owners = new Map<string, TreeFile[]>();
  for (const file of files) {
    const owner = ownerOf(file.path);
    if (owner !== null) owners.set(owner, [...(owners.get(owner) ?? []), file]);
  }
  const scopes = new Map<string, readonly string[]>();
  for (const [owner, own] of owners) scopes.set(owner, await declaredIn(own));
  return scopes;
}

function ownerOf(path: string): string | null {
  const [top = "", name = "", ...deeper] = path.split("/");
  if (top === "skills" && deeper.length > 0) return name;
  if (top === "tools" && name !== "") return name;
  return top === "mcp.json" ? "mcp.json" : null;
}

/** Grants stay with this machine; what they are to is what changes. */
function grantLines({ before, after }: Pair, grants: readonly Grant[]): ReachLine[] {
  const names = [...new Set(grants.filter(({ revoked }) => !revoked).map(({ skill }) => skill))];
  return names.flatMap((name): ReachLine[] => {
    const [was, now] = [before.skills.get(name), after.skills.get(name)];
    if (was === undefined || was.hash === now?.hash) return [];
    if (now === undefined)
      return [line("grant", "-", `${name} goes; its grant is for nothing then`)];
    return [line("grant", "~", `the grant for ${name} is suspended: it changes`)];
  });
}

function ruleLines({ before, after }: Pair): ReachLine[] {
  const was = new Map(before.rules.map((rule) => [rule.id, rule]));
  const now = new Map(after.rules.map((rule) => [rule.id, rule]));
  const gone = [...was.values()].filter(({ id }) => !now.has(id));
  const fresh = [...now.values()].filter(({ id }) => !was.has(id));
  const changed = [...now.values()].filter((rule) => {
    const old = was.get(rule.id);
    return old !== undefined && !same(old, rule);
  });
  // No rule loosens anything; that one which holds something back goes or is another does.
  const holds = (id: string): boolean => was.get(id)?.then !== "allow";
  return [
    ...gone.map(({ id, then }) => line("rule", "-", `rule ${id} (${then}) goes`, holds(id))),
    ...changed.map(({ id, then, mode }) =>
      line(
        "rule",
        "~",
        `rule ${id} becomes ${then}${mode === "observe" ? ", only observed" : ""}`,
        holds(id),
      ),
    ),
    ...fresh.map(({ id, then }) => line("rule", "+", `rule ${id} (${then})`)),
  ];
}

function modelLines({ before, after }: Pair): ReachLine[] {
  return difference(
    "model",
    before.models,
    after.models,
    (name, { adapter, url, via, embeddings }) => {
      const where = [url, via === undefined ? undefined : `via ${via}`].filter(Boolean).join(" ");
      const reached = where === "" ? "" : `, reaches ${where}`;
      return `model ${name} (${adapter}${reached}${embeddings ? ", makes vectors for clients" : ""})`;
    },
  );
}

function serverLines({ before, after }: Pair): ReachLine[] {
  return difference("server", before.mcpServers, after.mcpServers, (name, server) => {
    const { command, args = [], url = "nothing" } = server;
    return `server ${name} ${command === undefined ? `reaches ${url}` : `starts ${[command, ...args].join(" ")}`}`;
  });
}

function difference<T>(
  about: About,
  was: Readonly<Record<string, T>>,
  now: Readonly<Record<string, T>>,
  says: (name: string, item: T) => string,
): ReachLine[] {
  return [...new Set([...Object.keys(now), ...Object.keys(was)])].flatMap((name): ReachLine[] => {
    const [old, fresh] = [was[name], now[name]];
    if (fresh === undefined) return old === undefined ? [] : [line(about, "-", says(name, old))];
    if (old === undefined) return [line(about, "+", says(name, fresh))];
    return same(old, fresh) ? [] : [line(about, "~", says(name, fresh))];
  });
}

async function codeLines(before: Side, after: Side): Promise<ReachLine[]> {
  const [was, now] = [await codeIn(before.files), await codeIn(after.files)];
  return [...new Set([...now.keys(), ...was.keys()])].toSorted().flatMap((path): ReachLine[] => {
    const [old, fresh] = [was.get(path), now.get(path)];
    if (fresh === undefined) return [line("code", "-", `${path} goes`)];
    if (old === fresh) return [];
    return [
      line("code", old === undefined ? "+" : "~", `${path} is code that runs in the sandbox`),
    ];
  });
}

async function codeIn(files: readonly TreeFile[]): Promise<Map<string, string>> {
  const { what } = await describe({ files });
  const code = files.filter(({ path }) => what.get(path) === "code that runs");
  return new Map(code.map(({ path, hash }) => [path, hash]));
}

/** What an agent is given or loses; one that gets what a grant is given to already needs no ask. */
function agentLines({ before, after }: Pair, grants: readonly Grant[]): ReachLine[] {
  const granted = new Set(grants.filter(({ revoked }) => !revoked).map(({ skill }) => skill));
  const names = [...new Set([...after.agents.keys(), ...before.agents.keys()])];
  return names.flatMap((name): ReachLine[] => {
    const [was, now] = [before.agents.get(name)?.manifest, after.agents.get(name)?.manifest];
    if (now === undefined) return [line("agent", "-", `agent ${name} goes`)];
    const head = was === undefined ? [line("agent", "+", `agent ${name}`)] : [];
    return [...head, ...listLines(name, was, now, granted), ...boundLines(name, was, now)];
  });
}

function listLines(
  name: string,
  was: AgentManifest | undefined,
  now: AgentManifest,
  granted: ReadonlySet<string>,
): ReachLine[] {
  return (["skills", "tools", "agents", "memory"] as const).flatMap((field): ReachLine[] => {
    const [old, fresh] = [was?.[field] ?? [], now[field] ?? []];
    const standing = (item: string): boolean =>
      granted.has(item) && (field === "skills" || field === "tools");
    return [
      ...fresh
        .filter((item) => !old.includes(item))
        .map((item) => line("agent", "+", `${name} gets ${WHAT[field]} ${item}`, standing(item))),
      ...old
        .filter((item) => !fresh.includes(item))
        .map((item) => line("agent", "-", `${name} loses ${WHAT[field]} ${item}`)),
    ];
  });
}

const WHAT = { skills: "the skill", tools: "the tool", agents: "the agent", memory: "the memory" };

/** What holds an agent back: where that becomes less, nobody is asked about it later. */
function boundLines(name: string, was: AgentManifest | undefined, now: AgentManifest): ReachLine[] {
  if (was === undefined) return [];
  const lost = (was.disallowedTools ?? []).filter((tool) => !now.disallowedTools?.includes(tool));
  return [
    ...lost.map((tool) => line("agent", "~", `${name} may use ${tool} again`, true)),
    ...(["model", "rank", "scrub", "limits"] as const).flatMap((field): ReachLine[] => {
      if (same(was[field], now[field])) return [];
      const says = `${name}: ${field} ${shown(was[field])} becomes ${shown(now[field])}`;
      return [line("agent", "~", says, field === "scrub" && was.scrub === "on")];
    }),
  ];
}

function settingLines({ before, after }: Pair): ReachLine[] {
  return (["oracle", "model", "limits", "memory"] as const).flatMap((field): ReachLine[] => {
    const [was, now] = [before.manifest[field], after.manifest[field]];
    return same(was, now)
      ? []
      : [line("setting", "~", `${field} ${shown(was)} becomes ${shown(now)}`)];
  });
}

function same(a: unknown, b: unknown): boolean {
  return shown(a) === shown(b);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : canonical(value as Json);
}
