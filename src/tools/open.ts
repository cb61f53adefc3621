import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Clock } from "../std/clock.ts";
import { messageOf } from "../std/error.ts";
import { hashOf } from "../std/hash.ts";
import type { Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { nearest } from "../std/nearest.ts";
import type { Arrangement } from "../contracts/arrangement.ts";
import type { Skill } from "../contracts/skill.ts";
import type { McpServer } from "../contracts/tool.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { brokerFetch } from "./broker.ts";
import { capped, type Env, type Most } from "./box.ts";
import { hashTrees, manifestCache } from "./cache.ts";
import { failure, isFailure } from "./failures.ts";
import {
  bareHere,
  brokenSource,
  type Entry,
  failed,
  grantName,
  type Kind,
  type Loaded,
  type Origin,
  type Parts,
  type Source,
  sourceName,
} from "./kinds/kind.ts";
import { KINDS } from "./kinds/list.ts";
import { openHomes } from "./homes.ts";
import { readToolFile } from "./kinds/load-file.ts";
import type { Resolve } from "./proxy/dial.ts";
import { requestOf } from "./pool.ts";
import { processOf } from "./scopes.ts";
import { openStages } from "./stages.ts";
import type { BrokenTool, Reach, ToolHost, ToolResult } from "./tool-host.ts";

export interface ToolOptions {
  readonly sandbox: Sandbox;
  readonly arrangement: ToolArrangement;
  readonly clock: Clock;
  /** Keeps what tools declare between starts; safe to delete. */
  readonly cacheDir: string;
  /** Stages of calls that wrote; below `cacheDir` where nothing is said. */
  readonly stageDir?: string;
  /** What a commit replaced; below `cacheDir` where nothing is said, and then as safe to delete. */
  readonly undoDir?: string;
  /** Folders that agents keep; below `cacheDir` where nothing is said. */
  readonly homesDir?: string;
  /** The environment, of which tools get what an `env:` scope names, and PATH. */
  readonly env?: Env;
  /**
   * Whether what goes by a grant's name, and is made of `code`, may run where no sandbox holds it;
   * with null, whether a command of that name may, whatever it is made of. Nothing may where
   * nothing is said.
   */
  readonly unconfined?: (name: string, code: string | null) => boolean;
  /** Names to addresses, for what programs reach; the machine's own where nothing is said. */
  readonly resolve?: Resolve;
  /** The value of a secret, for the environment of a program that is about to start. */
  readonly secret?: (name: string) => Promise<string>;
  /**
   * How an HTTP server of an mcp.json is asked what tools it has, before there is a run, by the
   * skill it belongs to or its own name. Where nothing is said it is asked directly, public
   * addresses only.
   */
  readonly listing?: (skill: string) => Reach;
  /** What a call may take at most, where that is less than LIMITS says. */
  readonly most?: Most | undefined;
}

/** What of an arrangement the tools are loaded from. */
export type ToolArrangement = Pick<
  Arrangement,
  "dir" | "workspace" | "agents" | "skills" | "toolFiles" | "mcpServers"
>;

/** Opens the tools of an arrangement. Nothing is started or read before the first `list` or `call`. */
export function openTools(options: ToolOptions): ToolHost {
  const { arrangement, most = {} } = options;
  const parts = partsOf({ ...options, sandbox: capped(options.sandbox, most) });
  const { reopen, written, undoing, takeBack } = parts.stages;
  const kinds = KINDS.map((kind) => kind(parts));
  let loading: Promise<Table> | null = null;
  let stale = false;
  const noted = (result: ToolResult): ToolResult => {
    if (!result.ok && result.failure.code === "tool.changed") stale = true;
    return result;
  };
  const table = (): Promise<Table> => (loading ??= loadAll(arrangement, kinds, parts));
  return {
    async list(again = false) {
      if (again) loading = null;
      const { entries, broken } = await table();
      return { tools: [...entries.values()].map(({ tool }) => tool), broken };
    },
    async call(asked, reach, signal) {
      const call = { ...asked, ms: Math.min(asked.ms, most.toolMs ?? asked.ms) };
      const { entries } = await table();
      const entry = entries.get(call.tool);
      // A run may have waited, and have been judged by what the tool was then.
      if (entry && call.hash !== undefined && call.hash !== entry.tool.hash) {
        const message = `${call.tool} is not what it was when the run began.`;
        return noted(failed(failure("tool.changed", message), "host"));
      }
      if (entry) return noted(await entry.call(call, reach, signal));
      const close = nearest(call.tool, entries.keys());
      const hint = close === undefined ? undefined : `Did you mean ${close}?`;
      return failed(failure("tool.unknown", `There is no tool ${call.tool}.`, hint), "host");
    },
    ...{ reopen, written, undoing, takeBack },
    isStale: () => stale,
    code: (name) => codeOf(name, arrangement),
    leave: (run) => {
      for (const kind of kinds) kind.leave?.(requestOf(run));
    },
    async close() {
      await Promise.all(kinds.map((kind) => kind.close()));
    },
  };
}

function partsOf(options: ToolOptions): Parts {
  const { arrangement, cacheDir, env = {} } = options;
  const stages = openStages(
    options.stageDir ?? join(cacheDir, "stage"),
    options.undoDir ?? join(cacheDir, "undo"),
  );
  return {
    sandbox: options.sandbox,
    clock: options.clock,
    env,
    secret: options.secret ?? (() => Promise.reject(new Error("there are no secrets"))),
    ...{ cache: manifestCache(join(cacheDir, "tools")), stages },
    homes: openHomes(options.homesDir ?? join(cacheDir, "homes")),
    workspace: arrangement.workspace,
    listing: options.listing ?? (() => publicOnly),
    resolve: options.resolve,
    marked: markedBy(options),
  };
}

function markedBy({ arrangement, unconfined = () => false }: ToolOptions): Parts["marked"] {
  return (source, command) => {
    if (command !== undefined && unconfined(command, null)) return true;
    const code = codeOf(grantName(source), arrangement);
    return code !== null && unconfined(grantName(source), code);
  };
}

interface Table {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly broken: readonly BrokenTool[];
}

async function loadAll(
  arrangement: ToolArrangement,
  kinds: readonly Kind[],
  parts: Parts,
): Promise<Table> {
  const { sources, broken } = sourcesOf(arrangement);
  const loaded = await inTurns(sources, (source) => loadOne(source, kinds, parts));
  const entries = new Map<string, Entry>();
  const bad = [...broken];
  for (const one of loaded) {
    bad.push(...one.broken);
    for (const entry of one.entries) {
      const { manifest, source } = entry.tool;
      const first = entries.get(manifest.name);
      if (!first) {
        entries.set(manifest.name, entry);
        continue;
      }
      const message = `${manifest.name} is also the name of a tool from ${first.tool.source}.`;
      bad.push({ source, failure: failure("tool.duplicate", message) });
    }
  }
  return { entries, broken: bad };
}

async function loadOne(source: Source, kinds: readonly Kind[], parts: Parts): Promise<Loaded> {
  const file = await readToolFile(source, parts);
  if (isFailure(file)) return brokenSource(source, file);
  for (const kind of kinds) {
    const loading = kind.load(source, file.spec);
    if (loading) return withMarks(await loading, source, parts);
  }
  const message = `${sourceName(source)} is no kind of tool.`;
  return brokenSource(source, failure("tool.bad_manifest", message));
}

/** What the operator marked says so, where no tier holds it. */
function withMarks({ entries, broken }: Loaded, source: Source, parts: Parts): Loaded {
  const marked = entries.map(({ tool, call }): Entry => {
    const process = processOf(tool);
    const command = tool.kind === "command" ? tool.manifest.name : undefined;
    // A container is podman's, or nobody's.
    const bare = process !== null && process.kind !== "container";
    const unconfined = bare && bareHere(parts, source, process, command);
    return { tool: { ...tool, ...(unconfined && { unconfined }) }, call };
  });
  return { entries: marked, broken };
}

/** Processes started at once to describe tools that changed. */
const AT_ONCE = 4;

async function inTurns<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      const item = items[i];
      if (item !== undefined) results[i] = await act(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}

interface Sources {
  readonly sources: readonly Source[];
  readonly broken: readonly BrokenTool[];
}

function sourcesOf(arrangement: ToolArrangement): Sources {
  const sources: Source[] = [];
  const broken: BrokenTool[] = [];
  for (const skill of arrangement.skills.values()) {
    const origin = originOf(skill);
    for (const file of skill.toolFiles) sources.push({ ...origin, from: "file", file });
    if (Object.keys(skill.scripts).length > 0) {
      sources.push({ ...origin, from: "scripts", programs: skill.scripts });
    }
    if (skill.mcpFile === null) continue;
    try {
      const servers = readServers(skill.mcpFile);
      sources.push(...serverSources(origin, servers));
    } catch (error) {
      const message = `${skill.mcpFile} could not be read: ${messageOf(error)}.`;
      broken.push({ source: skill.mcpFile, failure: failure("tool.bad_manifest", message) });
    }
  }
  for (const file of arrangement.toolFiles) {
    // The whole folder, not the file: the runtime finds a file by listing where it lies.
    const dir = dirname(file);
    const own = [dir, join(dirname(dir), "lib")];
    sources.push({ from: "file", file, skill: null, skillScopes: [], own, dir });
  }
  const bare: Origin = { skill: null, skillScopes: [], own: [], dir: arrangement.dir };
  for (const agent of arrangement.agents.values()) {
    const { name, command } = agent.manifest;
    if (command === undefined) continue;
    if (!isTaken(name, arrangement)) sources.push({ ...bare, from: "agent", agent });
    else {
      const message = `The agent ${name} has the name of a skill or server, whose grants it would use.`;
      broken.push({ source: agent.file, failure: failure("tool.duplicate", message) });
    }
  }
  for (const source of serverSources(bare, arrangement.mcpServers)) {
    if (source.from !== "server" || !arrangement.skills.has(source.name)) {
      sources.push(source);
      continue;
    }
    const message = `The server ${source.name} has the name of a skill, whose grants it would use.`;
    broken.push({ source: source.name, failure: failure("tool.duplicate", message) });
  }
  return { sources: sources.slice(0, LIMITS.arrangementItems), broken };
}

/** Hash of all that goes by a grant's name and is started; null where nothing does. */
function codeOf(name: string, arrangement: ToolArrangement): string | null {
  const own = sourcesOf(arrangement).sources.filter((source) => grantName(source) === name);
  try {
    return own.length === 0 ? null : hashOf(own.map(codeIn));
  } catch {
    // What cannot be read whole is nothing anybody could have said yes to.
    return null;
  }
}

function codeIn(source: Source): Json {
  if (source.from === "file") return hashTrees([source.file, ...source.own], "code");
  return [madeOf(source) as unknown as Json, hashTrees(source.own, "code")];
}

/** How it is started, where that is no file of its own. */
function madeOf(source: Exclude<Source, { from: "file" }>): unknown {
  if (source.from === "server") return source.server;
  return source.from === "agent" ? source.agent.manifest : source.programs;
}

function isTaken(name: string, { skills, mcpServers }: ToolArrangement): boolean {
  return skills.has(name) || Object.hasOwn(mcpServers, name);
}

function originOf(skill: Skill): Origin {
  const { head, manifest, dir } = skill;
  return { skill: head.name, skillScopes: manifest.scopes, own: [dir], dir };
}

function serverSources(
  origin: Origin,
  servers: Readonly<Record<string, McpServer>>,
): readonly Source[] {
  return Object.entries(servers)
    .filter(([, server]) => server.enabled !== false)
    .map(([name, server]) => ({ ...origin, from: "server", name, server }));
}

/** Read in the shape every MCP client writes; what is wrong with it shows when a server is opened. */
function readServers(file: string): Readonly<Record<string, McpServer>> {
  const value = JSON.parse(readFileSync(file, "utf8")) as { mcpServers?: unknown };
  const { mcpServers } = value;
  if (typeof mcpServers !== "object" || mcpServers === null) throw new Error("no `mcpServers`");
  return mcpServers as Readonly<Record<string, McpServer>>;
}

const publicOnly: Reach = async (wanted) => {
  if (wanted.kind !== "fetch") {
    const message = "A secret needs a run that asks for it.";
    // secret.unavailable -> Ask for it in a run: nanos run "TEXT".
    return { ok: false, failure: { code: "secret.unavailable", message } };
  }
  const { signal } = new AbortController();
  const reply = await brokerFetch(wanted, { privateOk: [], signal });
  return "code" in reply ? { ok: false, failure: reply } : { ok: true, value: { ...reply } };
};
