import { type ScopeKind, SCOPE_KINDS, scopeParts, type Scope } from "../contracts/scope-parts.ts";
import { isObject } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { clip, plainText } from "../std/text.ts";
import type { TreeFile } from "./files.ts";
import { utf8 } from "./files.ts";
import type { Snapshot } from "./arrangement/snapshot.ts";

/** What each file of a project is, and what its skills and tools would ask for, in plain words. */
export interface Described {
  /** Path to a few words: what would be done with it. */
  readonly what: ReadonlyMap<string, string>;
  readonly scopes: readonly string[];
}

/** Reads plain data only, within limits; a file that cannot be read is shown by its kind alone. */
export async function describe(files: Pick<Snapshot, "files">): Promise<Described> {
  const what = new Map<string, string>();
  const scopes = new Set<string>();
  for (const file of files.files) {
    const data = DATA.test(file.path) ? await readData(file) : null;
    what.set(file.path, kindOf(file.path, data));
    for (const scope of scopesIn(data)) scopes.add(scopeInWords(scope));
  }
  return { what, scopes: [...scopes].toSorted() };
}

/**
 * What the plain data of a skill asks for, as it is written there: its manifest, its servers, its
 * tools of no code, and what stands under `scopes` in its code, which nothing here has run.
 */
export async function declaredIn(files: readonly TreeFile[]): Promise<readonly Scope[]> {
  const scopes = new Set<Scope>();
  for (const file of files) {
    const data = DATA.test(file.path) ? await readData(file) : null;
    for (const scope of [...scopesIn(data), ...startsIn(data), ...writtenIn(file)])
      scopes.add(scope);
  }
  return [...scopes].toSorted();
}

/** What starting or reaching its servers and programs needs. */
function startsIn(data: unknown): Scope[] {
  if (!isObject(data)) return [];
  const { mcpServers, command } = data;
  const servers = isObject(mcpServers) ? Object.values(mcpServers).filter(isObject) : [];
  const programs = [
    ...servers.map((server) => server["command"]),
    Array.isArray(command) ? command[0] : null,
  ];
  const hosts = servers.flatMap(({ url }) =>
    typeof url === "string" && URL.canParse(url) ? [`net:${new URL(url).host}`] : [],
  );
  const named = programs.filter((name) => typeof name === "string").map((name) => `exec:${name}`);
  return [...named, ...hosts];
}

/** `scopes: ["net:*"]` in a tool's source. What a tool really declares is asked in the sandbox. */
function writtenIn({ path, content }: TreeFile): Scope[] {
  if (!/(?:^|\/)tools\/[^/]+\.ts$/u.test(path)) return [];
  const text = content.length > LIMITS.manifestBytes ? null : utf8(content);
  const list = /\bscopes:\s{0,8}\[([^\]]{0,4000})\]/u.exec(text ?? "")?.[1] ?? "";
  return [...list.matchAll(/["'`]([^"'`\n]{1,1000})["'`]/gu)]
    .map(([, scope]) => scope)
    .filter(isScope);
}

/** `read:./notes` as a person says it. An unknown kind is shown as it stands. */
export function scopeInWords(scope: Scope): string {
  const { kind, value } = scopeParts(scope);
  const words = WORDS[kind] as ((value: string) => string) | undefined;
  return words === undefined ? plainText(scope) : words(clip(plainText(value), 200));
}

const WORDS: Readonly<Record<ScopeKind, (value: string) => string>> = {
  read: (path) => `read files under ${path}`,
  write: (path) => `change files under ${path}`,
  net: (host) => (host === "*" ? "reach any public host, asking each time" : `reach ${host}`),
  exec: (program) =>
    program.endsWith("/") ? `run the programs in ${program}` : `run the program ${program}`,
  env: (name) => `see the environment variable ${name}`,
  secret: (name) => `use the secret ${name}, without seeing it`,
  model: (name) => `call the model ${name}`,
  agent: (name) => `hand work to the agent ${name}`,
  memory: (name) => `read the memory ${name}`,
  client: (name) => (name === "*" ? "hand calls to its client" : `have its client do ${name}`),
};

const DATA =
  /(?:^|\/)(?:arrangement\.yaml|nanos\.yaml|\.?mcp\.json|tools\/[^/]+\.yaml|agents\/[^/]+\.md)$/u;
const FRONT = /^\ufeff?---[ \t]*\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/mu;
const CODE = /\.(?:ts|tsx|mts|cts|js|mjs|cjs|jsx|sh|bash|py|rb|pl|wasm|node)$/u;

function kindOf(path: string, data: unknown): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "mcp.json" || name === ".mcp.json") return `MCP servers: ${serversOf(data)}`;
  if (name === "arrangement.yaml") return `settings${endpointsOf(data)}`;
  if (/(?:^|\/)tools\/[^/]+\.yaml$/u.test(path)) return toolOf(data);
  if (CODE.test(name)) return "code that runs";
  if (name === "rules.yaml") return "rules";
  if (name === "routes.yaml") return "routes";
  if (name === "nanos.yaml") return "what a skill asks for";
  if (/(?:^|\/)agents\/[^/]+\.md$/u.test(path)) return agentOf(data);
  if (name.endsWith(".md")) return "text for a model";
  return path.startsWith("models/") ? "recorded model answers" : "data";
}

function serversOf(data: unknown): string {
  const servers = isObject(data) ? data["mcpServers"] : null;
  if (!isObject(servers)) return "cannot be read";
  const lines = Object.entries(servers).map(([name, server]) => {
    if (!isObject(server)) return name;
    const args = Array.isArray(server["args"]) ? server["args"] : [];
    const command = [server["command"], ...args].filter((part) => typeof part === "string");
    const how =
      command.length > 0 ? `starts ${command.join(" ")}` : `connects to ${text(server["url"])}`;
    return `${name} ${how}`;
  });
  return lines.length === 0 ? "none" : clip(plainText(lines.join("; ")), 400);
}

function endpointsOf(data: unknown): string {
  const models = isObject(data) ? data["models"] : null;
  if (!isObject(models)) return "";
  const urls = Object.values(models).flatMap((model) => (isObject(model) ? [model["url"]] : []));
  const named = urls.filter((url) => typeof url === "string");
  return named.length === 0
    ? ""
    : `; sends requests to the model at ${clip(plainText(named.join(", ")), 400)}`;
}

function toolOf(data: unknown): string {
  if (!isObject(data)) return "a tool that cannot be read";
  const { command, http, container } = data;
  if (Array.isArray(command)) return clip(plainText(`starts ${command.join(" ")}`), 200);
  if (isObject(http)) return clip(plainText(`sends requests to ${text(http["url"])}`), 200);
  return isObject(container)
    ? clip(plainText(`starts the image ${text(container["image"])}`), 200)
    : "a tool";
}

/** An agent is a prompt, or a program that is started. */
function agentOf(data: unknown): string {
  const command = isObject(data) ? data["command"] : null;
  if (!Array.isArray(command)) return "text for a model";
  return clip(plainText(`an agent that starts ${command.join(" ")}`), 200);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "an unknown place";
}

/** Every `scopes` and `allow` list in plain data, however deep it stands. */
function scopesIn(data: unknown, depth = 0): Scope[] {
  if (!isObject(data) || depth > 4) return [];
  return Object.entries(data).flatMap(([name, value]) => {
    if ((name === "scopes" || name === "allow") && Array.isArray(value))
      return value.filter(isScope);
    return scopesIn(value, depth + 1);
  });
}

function isScope(value: unknown): value is Scope {
  return typeof value === "string" && SCOPE_KINDS.some((kind) => value.startsWith(`${kind}:`));
}

async function readData(file: TreeFile): Promise<unknown> {
  const whole = file.content.length > LIMITS.manifestBytes ? null : utf8(file.content);
  const source = file.path.endsWith(".md") ? FRONT.exec(whole ?? "")?.[1] : whole;
  if (source === null || source === undefined) return null;
  const { parseDocument } = await import("yaml");
  try {
    return parseDocument(source, { logLevel: "error" }).toJS({ maxAliasCount: LIMITS.yamlAliases });
  } catch {
    return null;
  }
}
