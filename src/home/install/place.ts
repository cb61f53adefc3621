import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { LockFile } from "../../contracts/config.ts";
import type { Clock } from "../../std/clock.ts";
import { codeOf, NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { type ArrangementChecks, tryFiles } from "../arrangement/load.ts";
import { snapshot, withEdits } from "../arrangement/snapshot.ts";
import { readPlain, readTree, utf8 } from "../files.ts";
import { damaged, withLock, writeAtomic } from "../store.ts";
import type { Trust } from "../trust.ts";
import type { Gathered } from "./gather.ts";

/** Where an arrangement's files are changed by the operator's own word. */
export interface Ground {
  /** The arrangement's folder, absolute. */
  readonly dir: string;
  readonly workspace: string;
  readonly project: boolean;
  readonly trust: Trust;
  /** Machine state: the lock between processes, and what was removed. */
  readonly machine: string;
  readonly clock: Clock;
  readonly checks?: ArrangementChecks | undefined;
}

/** Files that change, by path in the arrangement: null where one is taken away. */
export type Edits = ReadonlyMap<string, Uint8Array | null>;

/**
 * Changes files of the arrangement, once they would still make one. A project that was trusted
 * stays trusted when these files are all that changed in it; anything else that changed meanwhile
 * is for the operator to look at.
 *
 * @throws NanosError `trust.needed`, `trust.changed`, `manifest.invalid`, `home.*`.
 */
export async function change(ground: Ground, edits: Edits, write: () => void): Promise<void> {
  const { dir, workspace, project, trust, machine, clock, checks } = ground;
  await withLock(join(machine, "arrangement"), clock, async () => {
    const before = snapshot(dir, workspace, project);
    if (project) await checkTrusted(trust, before);
    const after = withEdits(before, edits);
    await tryFiles(after, checks);
    write();
    if (project) await trust.give(after);
  });
}

async function checkTrusted(
  trust: Trust,
  now: { readonly dir: string; readonly workspace: string; readonly hash: string },
): Promise<void> {
  const trusted = await trust.trustedHash(now.dir);
  if (trusted === now.hash) return;
  throw new NanosError(
    trusted === null ? "trust.needed" : "trust.changed",
    `${now.dir} is not trusted as it is; nothing was changed.`,
    `See what it would run and read, then decide: nanos trust ${now.workspace}`,
  );
}

/** Changes text files of the arrangement, each whole or not at all. */
export function editFiles(ground: Ground, texts: ReadonlyMap<string, string>): Promise<void> {
  const edits = new Map([...texts].map(([path, text]) => [path, Buffer.from(text)]));
  return change(ground, edits, () => {
    for (const [path, content] of edits) {
      writeAtomic(join(ground.dir, path), content, { mode: modeOf(join(ground.dir, path)) });
    }
  });
}

function modeOf(file: string): number {
  return (fs.statSync(file, { throwIfNoEntry: false })?.mode ?? 0o644) & 0o777;
}

/**
 * Puts a skill into the arrangement: written beside it first, then moved there as one. What lay
 * there before is kept for a while. Gives the folder it is in.
 */
export async function placeSkill(ground: Ground, skill: Gathered): Promise<string> {
  const { dir, clock } = ground;
  const { name } = skill.head;
  const folder = join(dir, "skills", name);
  const own = skill.files.map(({ path, content }): [string, Buffer] => [
    `skills/${name}/${path}`,
    content,
  ]);
  const entry = { hash: skill.hash, at: clock.now(), from: skill.from };
  const lock = lockWith(dir, (skills) => ({ ...skills, [name]: entry }));
  const edits = new Map<string, Uint8Array | null>([...gone(ground, name), ...own, [LOCK, lock]]);
  await change(ground, edits, () => {
    const fresh = freshFolder(ground);
    try {
      for (const { path, content, runs } of skill.files) {
        fs.mkdirSync(dirname(join(fresh, path)), { recursive: true });
        fs.writeFileSync(join(fresh, path), content, { flag: "wx", mode: runs ? 0o755 : 0o644 });
      }
      setAside(ground, name);
      fs.mkdirSync(dirname(folder), { recursive: true });
      fs.renameSync(fresh, folder);
    } finally {
      fs.rmSync(fresh, { recursive: true, force: true });
    }
    writeAtomic(join(dir, LOCK), lock, { mode: 0o644 });
  });
  return folder;
}

/** Takes a skill out of the arrangement; gives where its files are kept for a while. */
export async function removeSkill(ground: Ground, name: string): Promise<string> {
  const { dir } = ground;
  const lock = lockWith(dir, ({ [name]: _gone, ...others }) => others);
  let kept = "";
  await change(ground, new Map([...gone(ground, name), [LOCK, lock]]), () => {
    kept = setAside(ground, name) ?? "";
    writeAtomic(join(dir, LOCK), lock, { mode: 0o644 });
  });
  return kept;
}

/** The record of what was installed, beside the arrangement and as portable as it. */
export const LOCK = "nanos.lock";

/** What was installed into an arrangement, by its own record; nothing where there is none. */
export function readLock(dir: string): LockFile["skills"] {
  const bytes = readPlain(join(dir, LOCK), LIMITS.storedBytes);
  if (bytes === null) return {};
  try {
    const { skills } = JSON.parse(utf8(bytes) ?? "") as LockFile;
    if (typeof skills === "object" && skills !== null) return skills;
  } catch {
    // Said below, as for any other text that is no lock.
  }
  throw damaged(join(dir, LOCK), "it is not a list of skills.");
}

function lockWith(dir: string, edit: (skills: LockFile["skills"]) => LockFile["skills"]): Buffer {
  const skills = Object.entries(edit(readLock(dir))).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(`${JSON.stringify({ v: 1, skills: Object.fromEntries(skills) }, null, 2)}\n`);
}

/** Every file a skill's folder holds now, as taken away. */
function gone({ dir }: Ground, name: string): [string, null][] {
  const files = readTree(join(dir, "skills", name)).files;
  return files.map(({ path }) => [`skills/${name}/${path}`, null]);
}

/** A folder on the same disk that no other process looks at; what a dead one left is cleared. */
function freshFolder({ dir, workspace, project }: Ground): string {
  const parent = project ? workspace : dir;
  for (const name of fs.readdirSync(parent)) {
    if (FRESH.test(name)) fs.rmSync(join(parent, name), { recursive: true, force: true });
  }
  const fresh = join(parent, `.nanos-install-${process.pid}`);
  fs.mkdirSync(fresh, { mode: 0o755 });
  return fresh;
}

const FRESH = /^\.nanos-install-\d+$/u;

/** Moves a skill's folder to machine state, where the last few removed ones are kept. */
function setAside({ dir, machine, clock }: Ground, name: string): string | null {
  const folder = join(dir, "skills", name);
  if (!fs.existsSync(folder)) return null;
  const removed = join(machine, "removed");
  fs.mkdirSync(removed, { recursive: true, mode: 0o700 });
  const kept = join(removed, `${name}-${clock.now()}`);
  try {
    fs.renameSync(folder, kept);
  } catch (error) {
    if (codeOf(error) !== "EXDEV") throw error;
    fs.cpSync(folder, kept, { recursive: true });
    fs.rmSync(folder, { recursive: true });
  }
  const old = fs.readdirSync(removed).toSorted((a, b) => timeOf(a) - timeOf(b));
  for (const each of old.slice(0, -LIMITS.removedSkills)) {
    fs.rmSync(join(removed, each), { recursive: true, force: true });
  }
  return kept;
}

function timeOf(name: string): number {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}
