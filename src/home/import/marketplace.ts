import * as fs from "node:fs";
import { join, posix, sep } from "node:path";
import type { PluginList } from "../../contracts/portable.ts";
import { NanosError } from "../../std/error.ts";
import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { nearest } from "../../std/nearest.ts";
import { plainText } from "../../std/text.ts";
import { readTree, readTreeFile, type TreeFile } from "../files.ts";
import type { Foreign } from "./converter.ts";
import { type Fields, fieldsIn, lineFrom, nameFrom, textOf } from "./members.ts";

/**
 * A marketplace of Claude Code: a list of plugins, some of them folders beside it. Those can be brought
 * in one at a time; what lies elsewhere is named and never fetched. Only what is chosen is read.
 */
const MANIFEST = ".claude-plugin/marketplace.json";

interface Entry {
  readonly name: string;
  readonly about: string;
  /** Its folder below the marketplace, `""` for all of it; null where it lies elsewhere. */
  readonly folder: string | null;
  readonly fields: Fields;
}

/** The plugins a folder lists; null for a folder that is no marketplace. */
export async function marketplaceAt(root: string): Promise<readonly Entry[] | null> {
  const place = insideOf(root, ".claude-plugin");
  const file = place === null ? null : readTreeFile(join(place, "marketplace.json"), MANIFEST);
  if (file === null) return null;
  const { plugins, metadata } = await fieldsIn(textOf(file));
  if (!Array.isArray(plugins)) return null;
  const base = isObject(metadata) ? metadata["pluginRoot"] : undefined;
  return plugins
    .filter(isObject)
    .slice(0, LIMITS.marketplacePlugins)
    .map((fields) => ({
      name: nameFrom(fields["name"]),
      about: lineFrom(fields["description"], ""),
      folder: folderOf(fields["source"], typeof base === "string" ? base : "./"),
      fields,
    }));
}

/** What there is to choose from. */
export function listOf(entries: readonly Entry[]): PluginList {
  const plugins = entries.map(({ name, about, folder }) => ({
    name,
    about,
    here: folder !== null,
  }));
  return { format: "claude-marketplace", plugins };
}

/** @throws NanosError `import.no_plugin`, `home.too_large`. */
export function pluginIn(root: string, entries: readonly Entry[], name: string): Foreign {
  const entry = entries.find((one) => one.name === name);
  const shown = plainText(name);
  if (entry === undefined) {
    const near = nearest(
      name,
      entries.map((one) => one.name),
    );
    const next = near === null ? "nanos import PATH lists them." : `Did you mean ${near}?`;
    throw new NanosError("import.no_plugin", `The marketplace lists no plugin ${shown}.`, next);
  }
  const folder = entry.folder === null ? null : insideOf(root, entry.folder);
  if (folder === null) {
    const message = `The plugin ${shown} lies elsewhere, and nothing is fetched.`;
    throw new NanosError(
      "import.no_plugin",
      message,
      "Fetch it yourself, then: nanos import FOLDER",
    );
  }
  const files = filesOf(folder, entry);
  return { ...placeOf(folder), name, files: [...files.values()] };
}

/** Name of a folder or file, and of the one it lies in. */
export function placeOf(path: string): Pick<Foreign, "called" | "within"> {
  const [within = "", called = ""] = path.split(sep).slice(-2);
  return { called, within };
}

/**
 * All of its folder; where the list itself says what the plugin is made of, that alone, each part where
 * a plugin has it.
 */
function filesOf(folder: string, { fields, name }: Entry): ReadonlyMap<string, TreeFile> {
  const made = new Map<string, TreeFile>();
  const take = (file: TreeFile, path: string): void => void made.set(path, { ...file, path });
  const parts = PARTS.flatMap((part) => {
    const given = fields[part];
    const paths = typeof given === "string" ? [given] : Array.isArray(given) ? given : [];
    return paths.flatMap((one) => (typeof one === "string" ? [{ part, path: one }] : []));
  });
  if (parts.length === 0 || fields["strict"] !== false) {
    for (const file of readTree(folder, { skip: isGit }).files) take(file, file.path);
  }
  for (const { part, path } of parts.slice(0, LIMITS.treeFiles)) {
    const inside = folderOf(path, "./");
    const from = inside === null ? null : insideOf(folder, inside);
    if (from === null) continue;
    const isSkill = part === "skills" && fs.existsSync(join(from, "SKILL.md"));
    const below =
      isSkill || !fs.statSync(from).isDirectory() ? `${part}/${placeOf(from).called}` : part;
    if (!fs.statSync(from).isDirectory()) {
      const file = readTreeFile(from, below);
      if (file !== null) take(file, below);
      continue;
    }
    for (const file of readTree(from, { skip: isGit }).files) take(file, `${below}/${file.path}`);
  }
  if (![...made.keys()].some((path) => /^(?:\.claude-plugin\/)?plugin\.json$/u.test(path))) {
    const { description, version, mcpServers } = fields;
    const content = Buffer.from(JSON.stringify({ name, description, version, mcpServers }));
    take({ path: "plugin.json", abs: "plugin.json", content, hash: "" }, "plugin.json");
  }
  checkSize(made);
  return made;
}

const PARTS = ["skills", "commands", "agents"] as const;
const isGit = (path: string): boolean => /(?:^|\/)\.git$/u.test(path);

/** A list may name one big folder many times over. */
function checkSize(files: ReadonlyMap<string, TreeFile>): void {
  const bytes = [...files.values()].reduce((sum, { content }) => sum + content.length, 0);
  if (files.size <= LIMITS.treeFiles && bytes <= LIMITS.treeBytes) return;
  throw new NanosError(
    "home.too_large",
    `The plugin holds more than ${LIMITS.treeFiles} files or ${LIMITS.treeBytes} bytes.`,
    "Bring in a smaller one.",
  );
}

/** A path below the marketplace, as its list writes it; null for any other. */
function folderOf(source: unknown, base: string): string | null {
  if (typeof source !== "string" || !(source.startsWith("./") || base !== "./")) return null;
  const path = posix.normalize(posix.join(base, source));
  const isOutside = posix.isAbsolute(path) || path === ".." || path.startsWith("../");
  return isOutside || path.includes("\0") ? null : path;
}

/** The real path of what lies in a folder; null where there is nothing, or a link leads out of it. */
function insideOf(root: string, path: string): string | null {
  try {
    const real = fs.realpathSync(root);
    const found = fs.realpathSync(join(real, path));
    return found === real || found.startsWith(`${real}${sep}`) ? found : null;
  } catch {
    return null;
  }
}
