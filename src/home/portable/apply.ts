import * as fs from "node:fs";
import type { Grant } from "../../contracts/config.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Applied, ApplyOffer } from "../../contracts/portable.ts";
import { NanosError } from "../../std/error.ts";
import { plainText } from "../../std/text.ts";
import { emptyArrangement } from "../arrangement/empty.ts";
import { readFiles } from "../arrangement/load.ts";
import { type Snapshot, snapshot, withEdits } from "../arrangement/snapshot.ts";
import { changesOf } from "../changes.ts";
import { treeHash, type TreeFile } from "../files.ts";
import { checkEntries } from "../install/entries.ts";
import { change, type Edits, type Ground, keepFiles } from "../install/place.ts";
import { scan } from "../install/scan.ts";
import { contentsOf, needsOf, offeredIn } from "./contents.ts";
import { reachChanges } from "./reach.ts";

/** An offer as it was made: what is written is what was shown, in place of what was there then. */
interface Made {
  readonly edits: Edits;
  readonly runs: ReadonlySet<string>;
  /** Over what travels of the arrangement that is there. */
  readonly was: string;
  readonly skills: Arrangement["skills"];
}

const made = new WeakMap<ApplyOffer, Made>();

/** Where an arrangement is taken over. */
export interface Target {
  /** The arrangement in force, or the home's own where there is none yet. */
  readonly ground: Ground;
  readonly grants: readonly Grant[];
}

/**
 * Reads the arrangement in `dir` whole and says what having it in place of the present one would
 * change. Nothing of it is run or written.
 *
 * @throws NanosError `apply.missing`, `manifest.invalid`, `install.*` for files that may not be.
 */
export async function offerFrom(from: string, dir: string, target: Target): Promise<ApplyOffer> {
  if (!fs.existsSync(`${dir}/arrangement.yaml`)) throw missing(from);
  const offered = offeredIn(fs.realpathSync(dir));
  return offerFiles({ from, files: contentsOf(offered, { memory: true }).files }, target);
}

/** The same for files wherever they are from: what the arrangement would consist of. */
export async function offerFiles(
  { from, files }: { readonly from: string; readonly files: readonly TreeFile[] },
  { ground, grants }: Target,
): Promise<ApplyOffer> {
  checkEntries(files.map(({ path, content }) => ({ path, kind: "file", content, runs: false })));
  const now = snapshot(ground.dir, ground.workspace, ground.project);
  const old = contentsOf(now, { memory: false }).files;
  const edits = editsOf(now, old, files);
  const after = await readFiles(withEdits(now, edits), ground.checks);
  const before = await presentOf(now, ground);
  const fresh = !now.byPath.has("arrangement.yaml");
  const own = files.filter(({ path }) => edits.has(path));
  const { found, more } = scan(own);
  const offer: ApplyOffer = {
    from,
    name: after.manifest.name,
    dir: ground.dir,
    fresh,
    hash: treeHash(files),
    reach: await reachChanges(
      { arrangement: before, files: old },
      { arrangement: after, files: files.filter(({ path }) => !path.startsWith("memory/")) },
      grants,
    ),
    files: changesOf(pairsOf(old, edits)),
    needs: await needsOf(files),
    findings: found,
    more,
  };
  const runs = new Set(own.flatMap(({ path, abs }) => (isProgram(abs) ? [path] : [])));
  made.set(offer, { edits, runs, was: treeHash(old), skills: after.skills });
  return offer;
}

/** What changes: files that are other than they were, and those that go. Notes are never replaced. */
function editsOf(now: Snapshot, old: readonly TreeFile[], files: readonly TreeFile[]): Edits {
  const was = new Map(old.map((file) => [file.path, file]));
  const wanted = new Set(files.map(({ path }) => path));
  return new Map<string, Uint8Array | null>([
    ...old.flatMap(({ path }): [string, null][] => (wanted.has(path) ? [] : [[path, null]])),
    ...files.flatMap(({ path, hash, content }): [string, Uint8Array][] => {
      const there = path.startsWith("memory/") && fs.existsSync(`${now.dir}/${path}`);
      return was.get(path)?.hash === hash || there ? [] : [[path, content]];
    }),
  ]);
}

/** What is there; where that is no arrangement, or one that cannot be read, everything is new. */
async function presentOf(now: Snapshot, { workspace, checks }: Ground): Promise<Arrangement> {
  return readFiles(now, checks).catch((error: unknown) => {
    if (error instanceof NanosError) return emptyArrangement(workspace);
    throw error;
  });
}

function pairsOf(old: readonly TreeFile[], edits: Edits): Parameters<typeof changesOf>[0] {
  const was = new Map(old.map(({ path, content }) => [path, content]));
  return [...edits].map(([path, after]) => ({ path, before: was.get(path) ?? null, after }));
}

function isProgram(abs: string): boolean {
  return ((fs.statSync(abs, { throwIfNoEntry: false })?.mode ?? 0) & 0o100) !== 0;
}

/**
 * Puts exactly what was offered in place of what was there, all of it or nothing.
 *
 * @throws NanosError `apply.changed` when the arrangement is no longer what was compared.
 */
export async function applyOffer(
  offer: ApplyOffer,
  { ground }: Pick<Target, "ground">,
): Promise<{ readonly applied: Applied; readonly skills: Arrangement["skills"] }> {
  const own = made.get(offer);
  if (own === undefined) throw new Error("bug: an offer that was not made here");
  const { edits, runs, was, skills } = own;
  let kept: string | null = null;
  await change(ground, edits, {
    runs,
    first: (before) => {
      const { files } = contentsOf(before, { memory: false });
      if (treeHash(files) !== was) throw changed(ground.dir, offer.from);
      if (files.length > 0) kept = keepFiles(ground, files, "arrangement");
    },
  });
  return { applied: { dir: ground.dir, files: [...edits.keys()], kept }, skills };
}

function missing(from: string): NanosError {
  return new NanosError(
    "apply.missing",
    `${plainText(from)} holds no arrangement.yaml.`,
    "Name the folder of an arrangement, as nanos export writes it.",
  );
}

function changed(dir: string, from: string): NanosError {
  return new NanosError(
    "apply.changed",
    `${dir} changed while you looked at it; nothing was written.`,
    `Look again: nanos apply ${plainText(from)}`,
  );
}
