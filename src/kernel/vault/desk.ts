import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canonical } from "../../std/canonical.ts";
import { codeOf, messageOf, NanosError } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Action } from "../../contracts/action.ts";
import type { Artifacts, ArtifactView } from "../../contracts/artifact.ts";
import { changesOf } from "../../home/changes.ts";
import type { Journal } from "../../journal/journal.ts";
import { note } from "../desk/note.ts";
import { artifactOf, linesOf, type StoredArtifact, storedArtifacts } from "../views/artifacts.ts";
import type { World } from "../world.ts";
import { outputIn } from "./output.ts";

/** The results of runs and missions: what was kept, what was said of it, and the bytes. */
export function artifactDesk(world: World): Artifacts {
  const { journal } = world;
  const line = (one: StoredArtifact): ReturnType<Artifacts["list"]> => linesOf(journal, [one]);
  return {
    list: ({ limit = 50, ...wish } = {}) =>
      linesOf(journal, storedArtifacts(journal, { ...wish, limit })),
    show: (id) => viewOf(world, find(journal, id)),
    diff: (id, from) => {
      const to = find(journal, id);
      const other = from === undefined ? olderOf(journal, to) : find(journal, from);
      return {
        from: other ? (line(other)[0] ?? null) : null,
        to: line(to)[0] as ReturnType<Artifacts["list"]>[number],
        changes: changesBetween(world, other, to),
      };
    },
    history: (id) => {
      const { run, title } = find(journal, id);
      return linesOf(journal, storedArtifacts(journal, { run, title }));
    },
    review: async (id, verdict, why, channel = "terminal") => {
      const one = find(journal, id);
      const review = { verdict, by: `operator@${channel}`, ...(why === undefined ? {} : { why }) };
      await note(journal, { kind: "artifact.reviewed", artifact: id, hash: one.hash, review });
      return line(find(journal, id))[0] as ReturnType<Artifacts["list"]>[number];
    },
    get: (id) => contentOf(world, find(journal, id)),
    export: async (dir, run) => exportTo(world, dir, run),
  };
}

function find(journal: Journal, id: string): StoredArtifact {
  const found = artifactOf(journal, id);
  if (found) return found;
  throw new NanosError("artifact.unknown", `No step ${id} made an artifact.`, "nanos vault list");
}

/** The bytes, which are those that were kept or none. */
function contentOf({ journal, vault }: World, { id, hash, inVault }: StoredArtifact): Uint8Array {
  const content = inVault ? vault.get(hash) : recordedAs(journal, id, hash);
  if (content) return content;
  const message = `What ${id} made is gone: its bytes were erased or lost.`;
  throw new NanosError(
    "artifact.gone",
    message,
    "Restore the home from a backup: nanos trace verify",
  );
}

/** The output of a task's step, where it still is what the task ended with. */
function recordedAs(journal: Journal, step: string, hash: string): Uint8Array | null {
  const [run = ""] = step.split(".", 1);
  for (const { event, body } of journal.chain(run)) {
    if (event.step !== step || body?.kind !== "action.settled") continue;
    const bytes = outputIn(body.outcome, hash);
    if (bytes) return bytes;
  }
  return null;
}

function viewOf(world: World, one: StoredArtifact): ArtifactView {
  const { journal } = world;
  const { label, review, id } = one;
  const older = olderOf(journal, one);
  const { length } = contentOf(world, one);
  const action = actionOf(journal, id);
  const [line] = linesOf(journal, [one]);
  return {
    ...(line as ReturnType<Artifacts["list"]>[number]),
    ...{ bytes: length, label, review, previous: older?.id ?? null },
    ...{ agent: action?.agent ?? "(erased)", made: action ? `${action.kind} ${action.name}` : "" },
    changes: changesBetween(world, older, one),
  };
}

/** The version before. */
function olderOf(
  journal: Journal,
  { run, title, version }: StoredArtifact,
): StoredArtifact | undefined {
  return storedArtifacts(journal, { run, title }).find((other) => other.version === version - 1);
}

function changesBetween(
  world: World,
  from: StoredArtifact | undefined,
  to: StoredArtifact,
): ArtifactView["changes"] {
  const before = from === undefined ? null : contentOf(world, from);
  return changesOf([{ path: to.title, before, after: contentOf(world, to) }]);
}

function actionOf(journal: Journal, step: string): Action | null {
  const [run = ""] = step.split(".", 1);
  for (const { event, body } of journal.chain(run)) {
    if (event.step === step && body?.kind === "action.proposed") return body.action;
  }
  return null;
}

/** Into a folder that is not there yet: nothing of anybody's is written over. */
function exportTo(world: World, dir: string, run: string | undefined): readonly string[] {
  const { journal } = world;
  const seen = new Set<string>();
  const newest = storedArtifacts(journal, {
    ...(run === undefined ? {} : { run }),
    limit: LIMITS.artifacts,
  })
    .filter(({ status }) => status !== "rejected")
    .filter((one) => {
      const key = canonical([one.run, one.title]);
      return seen.has(key) ? false : seen.add(key);
    });
  if (newest.length === 0) {
    throw new NanosError("artifact.none", "There is nothing to export.", "nanos vault list");
  }
  try {
    mkdirSync(dir, { mode: 0o700 });
    const files = newest.map((one) => {
      const file = fileName(one);
      writeFileSync(join(dir, file), contentOf(world, one), { flag: "wx", mode: 0o600 });
      return file;
    });
    const list = linesOf(journal, newest).map((line, i) => ({ file: files[i], ...line }));
    const text = `${JSON.stringify({ v: 1, artifacts: list }, null, 2)}\n`;
    writeFileSync(join(dir, "artifacts.json"), text, { flag: "wx", mode: 0o600 });
    return [...files, "artifacts.json"];
  } catch (error) {
    if (error instanceof NanosError || codeOf(error) === "") throw error;
    const message = `The artifacts cannot be written to ${dir}: ${messageOf(error)}.`;
    throw new NanosError("artifact.export", message, "Name a folder that is not there yet.", error);
  }
}

/** A name whatever the title is: plain letters, and hashes that tell all apart. */
function fileName({ run, title, version }: StoredArtifact): string {
  const plain = title
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-");
  const short = plain.replaceAll(/^-+|-+$/gu, "").slice(0, 48) || "artifact";
  return `${short}-${sha256(canonical([run, title])).slice(0, 8)}-v${version}.txt`;
}
