import { join, parse } from "node:path";
import type { Json } from "../../std/json.ts";
import { hashOf } from "../../std/hash.ts";
import type { Clock } from "../../std/clock.ts";
import type { Agent } from "../../contracts/agent.ts";
import type { Held, Tier } from "../../contracts/isolation.ts";
import type { Label } from "../../contracts/label.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import type { McpServer, ToolFile, ToolManifest } from "../../contracts/tool.ts";
import type { Boxed, Process, Sandbox } from "../../sandbox/sandbox.ts";
import type { Env } from "../box.ts";
import type { ManifestCache } from "../cache.ts";
import { failure } from "../failures.ts";
import type { Homes } from "../homes.ts";
import type { Resolve } from "../proxy/dial.ts";
import type { Stages } from "../stages.ts";
import type { BrokenTool, LoadedTool, Reach, ToolCall, ToolResult } from "../tool-host.ts";

/** One thing tools are loaded from. */
export type Source =
  | (Origin & { readonly from: "file"; readonly file: string })
  /** A server of an `mcp.json`. */
  | (Origin & { readonly from: "server"; readonly name: string; readonly server: McpServer })
  /** An agent that is a program. */
  | (Origin & { readonly from: "agent"; readonly agent: Agent })
  /** Scripts of a skill, by path in it, with the program that runs each. */
  | (Origin & { readonly from: "scripts"; readonly programs: Readonly<Record<string, string>> });

export interface Origin {
  /** Skill it belongs to; null for a bare tool, which is a skill of one. */
  readonly skill: string | null;
  /** What the skill lets its tools declare; empty: anything. */
  readonly skillScopes: readonly Scope[];
  /** What its code may read of its own: the skill's folder, or its file and `lib/`. Absolute. */
  readonly own: readonly string[];
  /** Folder that relative programs and files are found from. */
  readonly dir: string;
}

/** What every kind of tool works with. */
export interface Parts {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly env: Env;
  /** The value of a secret whose handle `reach` gave out. */
  secret(name: string): Promise<string>;
  readonly cache: ManifestCache;
  readonly stages: Stages;
  readonly homes: Homes;
  readonly workspace: string;
  /** Whether the operator marked what a source is made of, or a command of this name, unconfined. */
  readonly marked: (source: Source, command?: string) => boolean;
  /** Names to addresses, for what programs reach; the machine's own where nothing is said. */
  readonly resolve?: Resolve | undefined;
  /** How an HTTP server of a skill is asked what tools it has, when there is no run yet. */
  readonly listing: (skill: string) => Reach;
}

/** A loaded tool and how it is called. `call` gets arguments that are an object. */
export interface Entry {
  readonly tool: LoadedTool;
  call(call: ToolCall, reach: Reach, signal: AbortSignal): Promise<ToolResult>;
}

export interface Loaded {
  readonly entries: readonly Entry[];
  readonly broken: readonly BrokenTool[];
}

/** One way a tool can be made. Adding one is one file and its line in `list.ts`. */
export interface Kind {
  readonly name: LoadedTool["kind"];
  /** Null when the source is not of this kind. Never throws for what is wrong with the source. */
  load(source: Source, spec: ToolFile | null): Promise<Loaded> | null;
  /** A request is over: ends what is kept warm for it. */
  leave?(request: string): void;
  close(): Promise<void>;
}

/** Set where no tier holds such a process and the operator marked what it is made of. */
export function bareHere(
  { sandbox, marked }: Parts,
  source: Source,
  { kind, net, starts }: Process,
  command?: string,
): true | undefined {
  const held = sandbox.tier(kind, net, starts) !== null;
  return !held && marked(source, command) ? true : undefined;
}

/** The name a grant to a source is given to: of its skill, else its own. */
export function grantName(source: Source): string {
  if (source.skill !== null) return source.skill;
  if (source.from === "server") return source.name;
  if (source.from === "agent") return source.agent.manifest.name;
  // Scripts are of a skill always.
  return parse(source.from === "file" ? source.file : source.dir).name;
}

/** A source as people know it. */
export function sourceName(source: Source): string {
  if (source.from === "agent") return source.agent.file;
  if (source.from === "scripts") return join(source.dir, "scripts");
  return source.from === "file" ? source.file : `mcp server ${source.name}`;
}

/** What a grant for a tool of this source is given to. */
export function skillOf(source: Source, tool: string): string {
  return source.skill ?? (source.from === "server" ? source.name : tool);
}

/** The announced tool with its hash; `made` is what it is made of, beyond what it announces. */
export function loadedTool(
  source: Source,
  kind: LoadedTool["kind"],
  manifest: ToolManifest,
  made: Json,
): LoadedTool {
  return {
    manifest,
    skill: skillOf(source, manifest.name),
    kind,
    source: sourceName(source),
    hash: hashOf([manifest as unknown as Json, made]),
    ...(source.from === "agent" ? { agent: source.agent.manifest.name } : {}),
  };
}

export function brokenSource(source: Source, why: Failure): Loaded {
  return { entries: [], broken: [{ source: sourceName(source), failure: why }] };
}

/**
 * The label of what a tool returns. A tool may say that it returns the operator's own data, but
 * never that what it returns are the operator's words: those only the operator says.
 */
export function labelOf(manifest: ToolManifest): Label {
  const { integrity, secrecy, readers } = manifest.returns ?? {};
  return {
    integrity: integrity === "directory" || integrity === "operator" ? "directory" : "untrusted",
    secrecy: secrecy ?? "private",
    sources: [`tool:${manifest.name}`],
    ...(readers === undefined ? {} : { readers }),
  };
}

/** A failed call, of a process or of none. */
export function failed(why: Failure, where: Tier | Boxed, missing?: Scope): ToolResult {
  const held = typeof where === "string" ? { isolation: where } : heldBy(where);
  return { ok: false, failure: why, ...held, ...(missing === undefined ? {} : { missing }) };
}

/** What a result says of the process it is from. */
export function heldBy({ tier, held }: Boxed): { readonly isolation: Tier; readonly held: Held } {
  return { isolation: tier, held };
}

/** The result of a call whose arguments are not even an object. */
export function notAnObject(call: ToolCall): ToolResult {
  const message = `The arguments of ${call.tool} are not an object.`;
  return failed(failure("tool.bad_arguments", message), "host");
}
