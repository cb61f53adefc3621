import { readFileSync } from "node:fs";
import { messageOf } from "../../std/error.ts";
import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Agent } from "../../contracts/agent.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { ToolFile, ToolManifest } from "../../contracts/tool.ts";
import { hashTrees } from "../cache.ts";
import { failure } from "../failures.ts";
import { undeclared } from "../scopes.ts";
import type { LoadedTool } from "../tool-host.ts";
import {
  brokenSource,
  type Entry,
  type Loaded,
  loadedTool,
  type Parts,
  type Source,
} from "./kind.ts";

/** A tool made of a file's words alone, once its scopes lie within its skill's. */
export async function loadFile(
  source: Source,
  tool: {
    readonly kind: LoadedTool["kind"];
    readonly manifest: ToolManifest;
    readonly spec: ToolFile;
  },
  call: Entry["call"],
): Promise<Loaded> {
  const { kind, manifest, spec } = tool;
  const missing = undeclared(source.skillScopes, manifest.scopes);
  if (missing !== null) {
    const message = `${manifest.name} needs ${missing}, which its skill does not declare.`;
    return brokenSource(source, failure("tool.scope_undeclared", message));
  }
  const home = source.from === "agent" ? source.agent.manifest.home : undefined;
  const made = { ...spec, ...(home && { home }) };
  const loaded = loadedTool(source, kind, manifest, made as unknown as Json);
  return { entries: [{ tool: loaded, call }], broken: [] };
}

/** What a `tools/NAME.yaml` says; null for a source that is no such file. */
export async function readToolFile(
  source: Source,
  parts: Parts,
): Promise<{ readonly spec: ToolFile | null } | Failure> {
  if (source.from === "agent") return { spec: specOf(source.agent) };
  if (source.from !== "file" || !/\.ya?ml$/u.test(source.file)) return { spec: null };
  try {
    const key = hashTrees([source.file], "file");
    const known = parts.cache.read(key)?.["spec"];
    if (isObject(known)) return { spec: known as unknown as ToolFile };
    const spec = await parse(source.file);
    if ("code" in spec) return spec;
    parts.cache.write(key, { spec: spec as unknown as Json });
    return { spec };
  } catch (error) {
    return failure("tool.bad_manifest", `${source.file} could not be read: ${messageOf(error)}.`);
  }
}

/** An agent that is a program, as a tool whose one argument is the request. */
function specOf({ manifest }: Agent): ToolFile | null {
  const { name, description, kind, command = [], scopes = [], rank } = manifest;
  if (command.length === 0) return null;
  const isRead = kind === "process" && !command.includes("{request}");
  const stdin = isRead ? { stdin: "request" } : {};
  const about = description.slice(0, LIMITS.toolDescriptionChars);
  const made = { name, description: about, scopes, command, ...stdin, repeatable: false };
  return rank === undefined ? made : { ...made, rank };
}

async function parse(file: string): Promise<ToolFile | Failure> {
  const text = readFileSync(file, "utf8");
  if (text.length > LIMITS.manifestBytes) {
    return failure("tool.bad_manifest", `${file} is too large for a tool file.`);
  }
  const [{ parse: parseYaml }, { ToolFile: schema }] = await Promise.all([
    import("yaml"),
    import("../../contracts/tool.ts"),
  ]);
  const read = schema.safeParse(parseYaml(text, { maxAliasCount: LIMITS.yamlAliases }));
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  const where = issue?.path.map(String).join(".") || "file";
  return failure("tool.bad_manifest", `${file}: ${where}: ${issue?.message ?? "is wrong"}.`);
}
