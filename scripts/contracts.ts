/** The page of contracts: what third parties write, field by field, each with a file of the kit. */
import { join } from "node:path";
import { z } from "zod";
import { PUBLISHED } from "../src/contracts/schemas.ts";
import { ROOT } from "./machine.ts";
import { readText } from "./tidy/house.ts";

/** The contracts of version 1 that people and other programs write, with their example in the kit. */
const CONTRACTS: readonly (readonly [schema: string, example: string])[] = [
  ["agent", "agent/research.md"],
  ["skill-head", "skill/words/SKILL.md"],
  ["skill", "skill/words/nanos.yaml"],
  ["tool", "skill/words/tools/count_words.ts"],
  ["tool-file", "tool/tools/git_log.yaml"],
  ["arrangement", "arrangement/arrangement.yaml"],
  ["rules", "rules.yaml"],
  ["routes", "routes.yaml"],
  ["mcp", "mcp.json"],
  ["lock", "nanos.lock"],
  ["grants", "grants.json"],
];

type Schema = Readonly<Record<string, unknown>>;

/** One part per contract: its fields and a whole file that fits. */
export function contractParts(): readonly string[] {
  return CONTRACTS.map(([name, example]) => {
    const found = PUBLISHED.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no schema ${name}`);
    const shape = z.toJSONSchema(found.schema, { io: "input" }) as Schema;
    const text = readText(join(ROOT, "conformance/v1/good", example)).trimEnd();
    const ending = example.slice(example.lastIndexOf(".") + 1);
    return [
      `## ${found.title}`,
      `Schema: [\`${name}\`](../../schemas/${name}.json), version 1.`,
      fieldsTable(shape),
      `For example, [\`${example}\`](../../conformance/v1/good/${example}):`,
      `\`\`\`\`${ending}\n${text}\n\`\`\`\``,
    ].join("\n\n");
  });
}

function fieldsTable(shape: Schema): string {
  const required = new Set((shape["required"] ?? []) as readonly string[]);
  const fields = Object.entries((shape["properties"] ?? {}) as Readonly<Record<string, Schema>>);
  const rows = fields.flatMap(([name, field]) => [
    row(`\`${name}\``, field, required.has(name)),
    ...inner(name, field),
  ]);
  return ["| field | is | |", "| --- | --- | --- |", ...rows].join("\n");
}

/** The fields of the items of a list of objects, as `rules[].id`. */
function inner(name: string, field: Schema): readonly string[] {
  const items = (field["items"] ?? {}) as Schema;
  const required = new Set((items["required"] ?? []) as readonly string[]);
  const fields = Object.entries((items["properties"] ?? {}) as Readonly<Record<string, Schema>>);
  return fields.map(([own, one]) => row(`\`${name}[].${own}\``, one, required.has(own)));
}

function row(name: string, field: Schema, required: boolean): string {
  const fallback = field["default"];
  const rest = required
    ? "required"
    : fallback === undefined
      ? "optional"
      : `else \`${JSON.stringify(fallback)}\``;
  return `| ${name} | ${typeOf(field)} | ${rest} |`.replaceAll("\n", " ");
}

function typeOf(field: Schema): string {
  if (Array.isArray(field["enum"]))
    return field["enum"].map((one) => `\`${String(one)}\``).join(", ");
  if ("const" in field) return `\`${JSON.stringify(field["const"])}\``;
  const any = field["anyOf"] ?? field["oneOf"];
  if (Array.isArray(any)) return [...new Set((any as readonly Schema[]).map(typeOf))].join(" or ");
  const type = typeof field["type"] === "string" ? field["type"] : "any value";
  if (type !== "array") return type;
  return `list of ${typeOf((field["items"] ?? {}) as Schema)}`;
}
