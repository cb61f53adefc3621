import { messageOf } from "../../std/error.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { ToolFile, ToolManifest } from "../../contracts/tool.ts";
import type { Scope } from "../../contracts/scope.ts";
import { failure } from "../failures.ts";
import { misfits } from "../schema.ts";

/** A placeholder: `{name}`. Names are those of JSON properties a person would write. */
const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_]*)\}/gu;

/** The name when `text` is one placeholder and nothing else. */
export function placeholder(text: string): string | null {
  return /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/u.exec(text)?.[1] ?? null;
}

/** Every placeholder in a template's strings. */
export function placeholders(template: Json | undefined): string[] {
  if (typeof template === "string")
    return [...template.matchAll(PLACEHOLDER)].map(([, n]) => n ?? "");
  if (Array.isArray(template)) return template.flatMap((item: Json) => placeholders(item));
  return isObject(template) ? Object.values(template).flatMap(placeholders) : [];
}

/** Replaces placeholders inside a text; `encode` keeps a value from becoming syntax. */
export function fill(text: string, args: JsonObject, encode: (value: string) => string): string {
  return text.replace(PLACEHOLDER, (_, name: string) => encode(textOf(args[name])));
}

/** An argument as text: strings as they are, everything else as JSON, nothing as nothing. */
export function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What a tool file declares; without `input`, one required string per placeholder. */
export function manifestOfFile(
  spec: ToolFile,
  template: Json,
  implied: readonly Scope[],
): ToolManifest {
  const names = [...new Set(placeholders(template))];
  const input = spec.input ?? {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
    required: names,
    additionalProperties: false,
  };
  return {
    name: spec.name,
    description: spec.description,
    input,
    scopes: [...new Set([...spec.scopes, ...implied])],
    ...(spec.rank === undefined ? {} : { rank: spec.rank }),
    ...(spec.returns === undefined ? {} : { returns: spec.returns }),
    ...(spec.args === undefined ? {} : { args: spec.args }),
    ...(spec.reads === undefined ? {} : { reads: spec.reads }),
    ...(spec.irreversible === undefined ? {} : { irreversible: spec.irreversible }),
    repeatable: spec.repeatable,
    probe: false,
  };
}

/** Why these arguments do not fit the schema, naming the field; null when they do. */
export async function misfit(manifest: ToolManifest, args: JsonObject): Promise<Failure | null> {
  try {
    const issues = await misfits(manifest.input, args);
    if (issues.length === 0) return null;
    const message = `The arguments of ${manifest.name} do not fit: ${issues.join("; ")}.`;
    return failure("tool.bad_arguments", message);
  } catch (error) {
    const why = messageOf(error);
    return failure("tool.bad_manifest", `The input of ${manifest.name} is no JSON Schema: ${why}.`);
  }
}
