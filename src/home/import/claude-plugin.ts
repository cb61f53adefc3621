import { join } from "node:path";
import { isObject, type Json } from "../../std/json.ts";
import { clip, plainText } from "../../std/text.ts";
import type { Snapshot } from "../arrangement/snapshot.ts";
import type { TreeFile } from "../files.ts";
import type { Converted, Converter, Foreign, Left } from "./converter.ts";
import {
  agentsIn,
  commandsIn,
  type Fields,
  fieldsIn,
  lineFrom,
  markdownIn,
  nameFrom,
  textOf,
} from "./members.ts";

/**
 * Plugins of Claude Code, and Agent Plugins: a manifest beside folders of commands, agents, skills
 * and servers. Skills and agents are taken over as they are; commands and servers become a skill of
 * the plugin's name. Its hooks are programs that run on events, and are not taken over.
 */
export const claudePlugin: Converter = {
  name: "claude-plugin",
  about: "plugins of Claude Code: .claude-plugin/plugin.json or plugin.json",
  knows: ({ files }) => files.some(({ path }) => MANIFESTS.includes(path)),
  convert,
};

const MANIFESTS = [".claude-plugin/plugin.json", "plugin.json"];

async function convert(source: Foreign, present: Snapshot): Promise<Converted> {
  const { files } = source;
  const left: Left[] = [];
  const manifest = await fieldsIn(textOf(files.find(({ path }) => MANIFESTS.includes(path))));
  const name = nameFrom(manifest["name"]) || nameFrom(source.name) || "plugin";
  const out = new Map<string, string | Uint8Array>();
  for (const { path, content } of files) if (path.startsWith("skills/")) out.set(path, content);
  const agents = await agentsIn(markdownIn(files, "agents"), []);
  for (const [path, text] of agents) out.set(path, text);
  const own = await ownSkill({ name, manifest, files, present }, left);
  for (const [path, content] of own) out.set(path, content);
  refuse(files, manifest, out, left);
  return { files: out, left };
}

interface Plugin {
  readonly name: string;
  readonly manifest: Fields;
  readonly files: readonly TreeFile[];
  readonly present: Snapshot;
}

/** What of a plugin is neither skill nor agent: its commands and servers, with the code of these. */
async function ownSkill(
  { name, manifest, files, present }: Plugin,
  left: Left[],
): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const commands = await commandsIn(markdownIn(files, "commands"), left);
  const servers = await serversIn(files, manifest);
  const made = new Map<string, string | Uint8Array>();
  const isEmpty = Object.keys(commands).length === 0 && Object.keys(servers).length === 0;
  if (isEmpty) return made;
  const { stringify } = await import("yaml");
  const folder = `skills/${name}`;
  const description = lineFrom(manifest["description"], `What the plugin ${name} brings.`);
  made.set(`${folder}/SKILL.md`, `---\n${stringify({ name, description })}---\n${description}\n`);
  if (Object.keys(commands).length > 0) made.set(`${folder}/nanos.yaml`, stringify({ commands }));
  if (Object.keys(servers).length === 0) return made;
  const root = join(present.dir, folder);
  const placed = inPlace({ mcpServers: servers }, root);
  made.set(`${folder}/mcp.json`, `${JSON.stringify(placed, null, 2)}\n`);
  for (const { path, content } of files) if (isCode(path)) made.set(`${folder}/${path}`, content);
  return made;
}

async function serversIn(files: readonly TreeFile[], manifest: Fields): Promise<Fields> {
  const file = files.find(({ path }) => path === ".mcp.json" || path === "mcp.json");
  const { mcpServers } = await fieldsIn(textOf(file));
  const inline = manifest["mcpServers"];
  return { ...(isObject(mcpServers) ? mcpServers : {}), ...(isObject(inline) ? inline : {}) };
}

/** Where the plugin would lie is where its skill will. */
function inPlace(value: Json | Fields, root: string): Json {
  if (typeof value === "string") {
    return value.replaceAll(/\$\{(?:CLAUDE_)?PLUGIN_ROOT\}/gu, () => root);
  }
  if (Array.isArray(value)) return value.map((one: Json) => inPlace(one, root));
  if (!isObject(value)) return value as Json;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inPlace(one, root)]));
}

/** What its servers are made of: all that has no meaning of its own in a plugin. */
function isCode(path: string): boolean {
  return !/^(?:commands|agents|skills|hooks|\.claude-plugin|\.git|output-styles)\/|^(?:plugin|\.?mcp|\.lsp|marketplace|settings)\.json$/u.test(
    path,
  );
}

/** Says what is not taken over; of hooks, each by the event it waits for. */
function refuse(
  files: readonly TreeFile[],
  manifest: Fields,
  out: ReadonlyMap<string, unknown>,
  left: Left[],
): void {
  for (const file of files.filter(({ path }) => path.startsWith("hooks/"))) {
    const events = [...textOf(file).matchAll(/"([A-Z][A-Za-z]{2,40})"\s*:\s*\[/gu)].map(
      ([, one]) => one,
    );
    const named = events.length === 0 ? file.path : `${file.path}: ${events.join(", ")}`;
    left.push({ what: named, why: "hooks run programs by themselves; none is taken over or run" });
  }
  for (const field of Object.keys(manifest).filter((one) => !READ.has(one))) {
    const why = field === "hooks" ? "hooks run programs by themselves" : "it has no place here";
    left.push({ what: `plugin.json: ${clip(plainText(field), 64)}`, why });
  }
  const taken = [...out.keys()];
  for (const { path } of files) {
    const isKnown =
      /^(?:commands|agents|hooks|skills|\.claude-plugin)\/|^plugin\.json$|mcp\.json$/u.test(path);
    if (isKnown || taken.some((one) => one.endsWith(`/${path}`))) continue;
    left.push({ what: path, why: "nothing here needs it" });
  }
}

const READ = new Set([
  ...["$schema", "name", "version", "description", "author", "homepage", "repository", "license"],
  ...["keywords", "mcpServers"],
]);
