import * as fs from "node:fs";
import { basename, join, resolve } from "node:path";
import type { SkillHead, SkillManifest } from "../../contracts/skill.ts";
import { NanosError } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import { manifestError, parseManifest } from "../arrangement/manifest.ts";
import { scriptsOf } from "../arrangement/scripts.ts";
import { readPlain, treeHash, type TreeFile, utf8 } from "../files.ts";
import { checkEntries, type Entry } from "./entries.ts";
import { HEAD, readFolder, skillFolders } from "./folder.ts";
import { readTar } from "./tar.ts";

/** A skill read whole into memory from where it is offered; nothing of it is written or run. */
export interface Gathered {
  readonly head: SkillHead;
  readonly manifest: SkillManifest;
  /** As the source was named, or the address with its commit. */
  readonly from: string;
  readonly hash: string;
  readonly files: readonly (TreeFile & { readonly runs: boolean })[];
}

/** Gets a repository: its files in a folder that is gone when `act` is done, and its commit. */
export type Clone = <T>(
  address: string,
  act: (folder: string, commit: string) => Promise<T>,
) => Promise<T>;

/** Where a skill is offered. */
export interface Source {
  /** A folder, a `.tar` or `.tar.gz`, or the address of a git repository. */
  readonly from: string;
  /** Which folder in it, where it holds several. */
  readonly path?: string | undefined;
  readonly cwd: string;
  readonly clone: Clone;
}

/**
 * Reads a skill from a folder, an archive or a repository.
 *
 * @throws NanosError `install.*`, `manifest.invalid`.
 */
export async function gather(source: Source): Promise<Gathered> {
  const { from, path, cwd, clone } = source;
  if (ADDRESS.test(from)) {
    return clone(from, (folder, commit) =>
      skillOf(fromFolder(folder, path), `${from.replace(/#.*$/u, "")}#${commit}`),
    );
  }
  const place = resolve(cwd, from);
  const stat = fs.statSync(place, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return skillOf(fromFolder(fs.realpathSync(place), path), from);
  const bytes = stat?.isFile() ? readPlain(fs.realpathSync(place), MOST_ARCHIVE) : null;
  if (bytes !== null) return skillOf(fromArchive(readTar(bytes), path), from);
  throw new NanosError(
    "install.not_found",
    `There is no folder, archive or repository ${plainText(from)}.`,
    "Name a folder, a .tar.gz, or an address: nanos skill install https://HOST/REPO.git",
  );
}

/**
 * A skill that says nothing of its reach, with what the operator says it may reach. Its own files
 * stay as they are; a `nanos.yaml` is put beside them.
 *
 * @throws NanosError `install.has_scopes`, `manifest.invalid`.
 */
export async function withScopes(
  { head, from, files }: Gathered,
  scopes: readonly string[],
): Promise<Gathered> {
  if (files.some(({ path }) => path === OWN)) {
    const message = `${head.name} brings a ${OWN} that says what it may reach.`;
    throw new NanosError("install.has_scopes", message, "Install it without --scope.");
  }
  const starts = Object.values(scriptsOf(head, files)).map((program) => `exec:${program}`);
  const all = [...new Set([...scopes, ...starts])];
  const content = Buffer.from(
    `scopes:\n${all.map((one) => `  - ${JSON.stringify(one)}\n`).join("")}`,
  );
  const own = { path: OWN, content, kind: "file", runs: false } as const;
  return skillOf({ name: head.name, entries: [...files.map(entryOf), own] }, from);
}

function entryOf({ path, content, runs }: Gathered["files"][number]): Entry {
  return { path, content, runs, kind: "file" };
}

const OWN = "nanos.yaml";

/** `https://…`, `file://…`, `git@host:…`. */
const ADDRESS = /^(?:[a-z][a-z0-9+.-]{1,20}:\/\/|[\w.-]{1,64}@[\w.-]{1,255}:)/iu;
const MOST_ARCHIVE = 2 * LIMITS.treeBytes;

/** One skill's entries, by their path in it, and the name of its folder. */
interface Found {
  readonly name: string;
  readonly entries: readonly Entry[];
}

function fromFolder(root: string, path: string | undefined): Found {
  const own = choose(skillFolders(root), path);
  const folder = join(root, own);
  // A name on the way that is a link would lead elsewhere.
  if (fs.realpathSync(folder) !== folder) throw noSkill([]);
  return { name: basename(folder), entries: readFolder(folder) };
}

function fromArchive(entries: readonly Entry[], path: string | undefined): Found {
  const heads = entries.flatMap((entry) =>
    entry.path === HEAD || entry.path.endsWith(`/${HEAD}`)
      ? [entry.path.slice(0, -HEAD.length - 1)]
      : [],
  );
  const own = choose(heads, path);
  const start = own === "" ? "" : `${own}/`;
  const inside = entries
    .filter((entry) => entry.path.startsWith(start))
    .map((entry) => ({ ...entry, path: entry.path.slice(start.length) }))
    .filter((entry) => !/(?:^|\/)\.git(?:\/|$)/u.test(entry.path));
  return { name: basename(own), entries: inside };
}

/** The folder meant: the one named, the source itself, or the only one there is. */
function choose(folders: readonly string[], path: string | undefined): string {
  const wanted = path?.replace(/^(?:\.\/)+|\/+$/gu, "");
  if (wanted !== undefined) {
    if (folders.includes(wanted === "." ? "" : wanted)) return wanted === "." ? "" : wanted;
    throw noSkill(folders);
  }
  if (folders.includes("")) return "";
  const [only] = folders;
  if (only !== undefined && folders.length === 1) return only;
  throw noSkill(folders);
}

function noSkill(folders: readonly string[]): NanosError {
  const names = folders.slice(0, LIMITS.problemsListed).map((name) => plainText(name || "."));
  return names.length === 0
    ? new NanosError(
        "install.no_skill",
        "There is no SKILL.md in it; nothing was installed.",
        "A skill is a folder with a SKILL.md; name that folder.",
      )
    : new NanosError(
        "install.which",
        `It holds several skills: ${names.join(", ")}.`,
        `Say which: --path ${names[0] ?? "DIR"}`,
      );
}

async function skillOf({ name, entries }: Found, from: string): Promise<Gathered> {
  checkEntries(entries);
  const files = entries
    .map(({ path, content, runs }) => {
      const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
      return { path, abs: path, content: bytes, hash: sha256(bytes), runs };
    })
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const { SkillHead, SkillManifest } = await import("../../contracts/skill.ts");
  const text = (path: string): string | null => {
    const file = files.find((one) => one.path === path);
    return file === undefined ? null : utf8(file.content);
  };
  // A folder may be named as no skill can be; the file's own name is then needed.
  const defaults = { name };
  const head = await parseManifest(HEAD, text(HEAD) ?? "", SkillHead, "markdown", { defaults });
  if (!head.ok) throw manifestError(from, head.problems);
  const own = await parseManifest(OWN, text(OWN) ?? "", SkillManifest, "yaml");
  if (!own.ok) throw manifestError(from, own.problems);
  return { head: head.value, manifest: own.value, from, hash: treeHash(files), files };
}
