import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { LockFile } from "../../contracts/config.ts";
import type { Clock } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { type ArrangementChecks, tryFiles } from "../arrangement/load.ts";
import { snapshot, type Snapshot, withEdits } from "../arrangement/snapshot.ts";
import { readPlain, readTree, type TreeFile, utf8 } from "../files.ts";
import { begin, finish, isPending } from "../pending.ts";
import { damaged, withLock } from "../store.ts";
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

/** How files are changed. */
export interface ChangeOptions {
  /** Those its owner may run; others keep what they have. */
  readonly runs?: ReadonlySet<string>;
  /** Called with what is there, under the lock and before anything is written. */
  readonly first?: (before: Snapshot) => void;
}

/**
 * Changes files of the arrangement, all or none of them, once they would still make one. A project
 * that was trusted stays trusted when these files are all that changed in it; anything else that
 * changed meanwhile is for the operator to look at.
 *
 * @throws NanosError `trust.needed`, `trust.changed`, `manifest.invalid`, `home.*`.
 */
export async function change(
  ground: Ground,
  edits: Edits,
  { runs, first }: ChangeOptions = {},
): Promise<void> {
  const { dir, workspace, project, trust, machine, checks } = ground;
  await locked(ground, async () => {
    const before = snapshot(dir, workspace, project);
    if (project) await checkTrusted(trust, before);
    const after = withEdits(before, edits);
    await tryFiles(after, checks);
    first?.(before);
    const files = [...edits].map(([path, content]) => ({
      path,
      content: content === null ? null : Buffer.from(content).toString("base64"),
      mode: runs?.has(path) === true ? 0o755 : modeOf(join(dir, path)),
    }));
    begin(machine, { v: 1, dir, hash: after.hash, project, files });
  });
}

/**
 * Does something while no other process changes the arrangement: after what one that was killed had
 * begun, and before what this one begins.
 */
async function locked(
  { machine, clock, trust }: Pick<Ground, "machine" | "clock" | "trust">,
  act: () => Promise<void>,
): Promise<void> {
  const finishOne = (): Promise<void> =>
    finish(machine, async ({ dir, hash, project }) => {
      // Where something else changed in it meanwhile, it is not what was said yes to.
      if (project) await trust.give({ dir, hash }).catch(unlessChanged);
    });
  await withLock(join(machine, "arrangement"), clock, async () => {
    await finishOne();
    await act();
    await finishOne();
  });
}

function unlessChanged(error: unknown): void {
  if (!(error instanceof NanosError) || error.code !== "trust.changed") throw error;
}

/** Finishes what a process that was killed had begun to change; waits for one that lives. */
export async function settle(ground: Pick<Ground, "machine" | "clock" | "trust">): Promise<void> {
  if (isPending(ground.machine)) await locked(ground, async () => undefined);
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

/** Changes text files of the arrangement, each whole or not at all; null takes one away. */
export function editFiles(
  ground: Ground,
  texts: ReadonlyMap<string, string | null>,
): Promise<void> {
  const edits = new Map(
    [...texts].map(([path, text]) => [path, text === null ? null : Buffer.from(text)]),
  );
  return change(ground, edits);
}

function modeOf(file: string): number {
  return (fs.statSync(file, { throwIfNoEntry: false })?.mode ?? 0o644) & 0o777;
}

/** Puts a skill into the arrangement. What lay there before is kept for a while. */
export async function placeSkill(ground: Ground, skill: Gathered): Promise<void> {
  const { dir, clock } = ground;
  const { name } = skill.head;
  const inside = (path: string): string => `skills/${name}/${path}`;
  const own = skill.files.map(({ path, content }): [string, Buffer] => [inside(path), content]);
  const runs = new Set(skill.files.flatMap(({ path, runs: it }) => (it ? [inside(path)] : [])));
  const entry = { hash: skill.hash, at: clock.now(), from: skill.from };
  const lock = lockWith(dir, (skills) => ({ ...skills, [name]: entry }));
  const edits = new Map<string, Uint8Array | null>([...gone(ground, name), ...own, [LOCK, lock]]);
  await change(ground, edits, { runs, first: () => keepAside(ground, `skills/${name}`, name) });
}

/** Takes a skill out of the arrangement; gives where its files are kept for a while. */
export async function removeSkill(ground: Ground, name: string): Promise<string> {
  const lock = lockWith(ground.dir, ({ [name]: _gone, ...others }) => others);
  let kept: string | null = null;
  await change(ground, new Map([...gone(ground, name), [LOCK, lock]]), {
    first: () => (kept = keepAside(ground, `skills/${name}`, name)),
  });
  return kept ?? "";
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

/**
 * Copies a folder of the arrangement to machine state, where the last few are kept, before it is
 * changed or goes. Gives the copy; null where there is no such folder.
 */
function keepAside({ dir, machine, clock }: Ground, path: string, name: string): string | null {
  const { files } = readTree(join(dir, path));
  return files.length === 0 ? null : keepFiles({ machine, clock }, files, name);
}

/** Keeps files for a while as a folder of machine state, the last few such folders; gives it. */
export function keepFiles(
  { machine, clock }: Pick<Ground, "machine" | "clock">,
  files: readonly TreeFile[],
  name: string,
): string {
  const removed = join(machine, "removed");
  const kept = join(removed, `${name}-${clock.now()}`);
  for (const { path, abs, content } of files) {
    fs.mkdirSync(dirname(join(kept, path)), { recursive: true, mode: 0o700 });
    fs.writeFileSync(join(kept, path), content, { mode: modeOf(abs) });
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
