import * as fs from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import type { Exported } from "../../contracts/portable.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import type { TreeFile } from "../files.ts";
import { realOrSame } from "../places.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Snapshot } from "../arrangement/snapshot.ts";
import { type Contents, contentsOf, isEmpty, needsOf } from "./contents.ts";
import { literalsIn } from "./literals.ts";

/** What is written out, and where. */
export interface ExportOrder {
  /** The arrangement in force. */
  readonly source: Snapshot;
  /** Absolute. */
  readonly target: string;
  /** Take the shared notes too. */
  readonly memory: boolean;
  readonly secrets: Pick<Secrets, "open">;
  /** What of this machine the arrangement was used with, by name: it stays. */
  readonly machine: Contents["left"];
}

/**
 * Writes the arrangement as a folder for others: its own files and nothing of this machine. The
 * folder is there whole or not at all.
 *
 * @throws NanosError `export.not_empty`, `export.inside`, `export.secret` with every place,
 *   `home.read_only`, and as opening the secrets does.
 */
export async function exportTo(order: ExportOrder): Promise<Exported> {
  const { source, memory, secrets, machine } = order;
  const target = realOrSame(order.target);
  if (!isEmpty(target)) throw notEmpty(target);
  if (target === source.dir || target.startsWith(source.dir + sep)) throw inside(target);
  const { files, left } = contentsOf(source, { memory });
  const found = literalsIn(files, await secrets.open());
  if (found.length > 0) throw holdsSecrets(source.dir, found);
  write(target, files);
  return {
    dir: target,
    files: files.map(({ path }) => path),
    left: [...left, ...machine],
    needs: await needsOf(files),
  };
}

function write(target: string, files: readonly TreeFile[]): void {
  const fresh = join(dirname(target), `.${basename(target)}.nanos-export-${process.pid}`);
  try {
    fs.rmSync(fresh, { recursive: true, force: true });
    for (const { path, abs, content } of files) {
      fs.mkdirSync(dirname(join(fresh, path)), { recursive: true });
      const runs = (fs.statSync(abs, { throwIfNoEntry: false })?.mode ?? 0) & 0o100;
      fs.writeFileSync(join(fresh, path), content, { mode: runs === 0 ? 0o644 : 0o755 });
    }
    // In place of an empty folder, and of nothing else.
    fs.renameSync(fresh, target);
  } catch (error) {
    throw new NanosError(
      "home.read_only",
      `${plainText(target)} cannot be written.`,
      "Make its folder writable for you, or choose another one.",
      error,
    );
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
}

function notEmpty(target: string): NanosError {
  return new NanosError(
    "export.not_empty",
    `${plainText(target)} is there and holds something; nothing was written.`,
    "Name a folder that is empty or not there yet: nanos export DIR",
  );
}

function inside(target: string): NanosError {
  return new NanosError(
    "export.inside",
    `${plainText(target)} lies in the arrangement itself.`,
    "Name a folder outside of it: nanos export ../arrangement",
  );
}

function holdsSecrets(dir: string, found: ReturnType<typeof literalsIn>): NanosError {
  const lines = found
    .slice(0, LIMITS.problemsListed)
    .map(({ path, line, what }) => `${plainText(path)}:${line}: holds ${what}`);
  const rest = found.length - lines.length;
  const more = rest > 0 ? [`and ${rest} more`] : [];
  return new NanosError(
    "export.secret",
    [
      `Nothing was written: secrets stand in the files of ${plainText(dir)}.`,
      ...lines,
      ...more,
    ].join("\n"),
    "Store each with nanos secret set NAME, and write {secret:NAME} or keySecret in its place.",
  );
}
