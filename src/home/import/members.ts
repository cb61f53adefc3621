import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, plainText } from "../../std/text.ts";
import { parseManifest } from "../arrangement/manifest.ts";
import { type TreeFile, utf8 } from "../files.ts";
import type { Left } from "./converter.ts";

/** Parts that formats of several programs have in common: commands, agents and lists of servers. */

/** A field of a foreign file, as far as it is there. */
export type Fields = Readonly<Record<string, unknown>>;

/** The text of a manifest; empty where it is none. */
export function textOf(file: TreeFile | undefined): string {
  if (file === undefined || file.content.length > LIMITS.manifestBytes) return "";
  return utf8(file.content) ?? "";
}

/** YAML or JSON as fields; none where it is neither. */
export async function fieldsIn(text: string): Promise<Fields> {
  const { parseDocument } = await import("yaml");
  try {
    const document = parseDocument(text, { logLevel: "error" });
    const data: unknown = document.errors.length > 0 ? null : document.toJS(ALIASES);
    return isObject(data) ? data : {};
  } catch {
    return {};
  }
}

const ALIASES = { maxAliasCount: LIMITS.yamlAliases };

/** A markdown file with front matter, in whatever fields; all of it is body where there is none. */
export async function memberIn(file: TreeFile): Promise<{ head: Fields; body: string }> {
  const text = textOf(file);
  const { z } = await import("zod");
  const read = await parseManifest(file.path, text, z.looseObject({}), "markdown");
  return read.ok ? { head: read.value, body: read.body } : { head: {}, body: text.trim() };
}

/** `Code Review!` as a name that skills, agents and commands can have. */
export function nameFrom(given: unknown): string {
  const text = typeof given === "string" ? given : "";
  const plain = text.toLowerCase().replaceAll(/[^a-z0-9]+/gu, "-");
  return plain
    .replaceAll(/^-+|-+$/gu, "")
    .slice(0, 63)
    .replace(/-+$/u, "");
}

/** One line of words for a person. */
export function lineFrom(given: unknown, otherwise: string): string {
  const text =
    typeof given === "string" ? clip(plainText(given).replaceAll(/\s+/gu, " "), 1_000) : "";
  return text.trim() || otherwise;
}

/** The files directly in a folder that are markdown, by name. */
export function markdownIn(files: readonly TreeFile[], folder: string): readonly TreeFile[] {
  return files.filter(
    ({ path }) =>
      path.startsWith(`${folder}/`) &&
      path.endsWith(".md") &&
      !path.endsWith("/README.md") &&
      !path.slice(folder.length + 1).includes("/"),
  );
}

/** Prompts as the commands of a skill; what they would run by themselves is not run. */
export async function commandsIn(
  files: readonly TreeFile[],
  left: Left[],
): Promise<Record<string, { description: string; prompt: string }>> {
  const commands: Record<string, { description: string; prompt: string }> = {};
  for (const file of files) {
    const { head, body } = await memberIn(file);
    const called = file.path.slice(file.path.lastIndexOf("/") + 1, -".md".length);
    const name = nameFrom(called);
    if (name === "" || body === "") {
      left.push({ what: file.path, why: "a command without a name or a prompt" });
      continue;
    }
    if (/!`[^`\n]+`/u.test(body)) {
      left.push({
        what: `${file.path}: programs in the prompt`,
        why: "they stay text; nothing is run",
      });
    }
    if (/\{\{(?!\s*args\s*\}\})/u.test(body)) {
      left.push({
        what: `${file.path}: {{ names }}`,
        why: "they stay text; only what is typed is put in",
      });
    }
    for (const field of Object.keys(head).filter((one) => !KEPT.has(one))) {
      left.push({ what: `${file.path}: ${clip(plainText(field), 64)}`, why: NO_PLACE });
    }
    const prompt = body.replaceAll(/\$ARGUMENTS|\{\{\s*args\s*\}\}/gu, () => "$ARGS");
    commands[name] = { description: lineFrom(head["description"], name), prompt };
  }
  return commands;
}

const KEPT = new Set(["description", "name", "subscribe"]);
const NO_PLACE = "it has no place in a command here";

/** The agents as they are, whose files we read; another name where theirs is none. */
export async function agentsIn(
  files: readonly TreeFile[],
  skills: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { stringify } = await import("yaml");
  const made = new Map<string, string>();
  for (const file of files) {
    // What it subscribes to is its skill's to answer.
    const {
      head: { subscribe: _, ...head },
      body,
    } = await memberIn(file);
    const called = file.path.slice(file.path.lastIndexOf("/") + 1, -".md".length);
    const name = nameFrom(head["name"] ?? called) || "agent";
    const own = Array.isArray(head["skills"]) ? head["skills"] : [];
    const all = [...new Set([...own, ...skills])];
    const front = {
      ...head,
      name,
      description: lineFrom(head["description"], `The agent ${name}.`),
      ...(all.length === 0 ? {} : { skills: all }),
    };
    made.set(`agents/${name}.md`, `---\n${stringify(front)}---\n${body}\n`);
  }
  return made;
}
