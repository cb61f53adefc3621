import { basename, join } from "node:path";
import type { TrustFile } from "../contracts/config.ts";
import type { TrustView } from "../contracts/nanos.ts";
import type { Change } from "../contracts/skill.ts";
import type { Clock } from "../std/clock.ts";
import { NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { plainText } from "../std/text.ts";
import { type Snapshot, snapshot } from "./arrangement/snapshot.ts";
import { changesOf } from "./changes.ts";
import { utf8 } from "./files.ts";
import { PROJECT } from "./places.ts";
import type { StoreFile } from "./store.ts";

/** The trusted folders of one home. A yes is bound to the hash of everything that would be read. */
export interface Trust {
  /**
   * What trusting a project would mean. Its files are listed, hashed and, where they are plain
   * data, read for what they ask for; nothing of them is run, put in a prompt or obeyed.
   */
  view(dir: string): Promise<TrustView>;
  /** Records the yes, unless a file changed since the view was made. */
  give(view: Pick<TrustView, "dir" | "hash">): Promise<void>;
  /** The hash trusted for a project, or null; whether it still fits is for the caller to compare. */
  trustedHash(dir: string): Promise<string | null>;
}

/** Where contents are kept by their hash, so that a later change of them can be shown. */
export interface Contents {
  put(content: Uint8Array): string;
  get(hash: string): Uint8Array | null;
}

export function openTrustBook(
  store: StoreFile<TrustFile>,
  clock: Clock,
  contents?: Contents,
): Trust {
  const entryOf = async (dir: string): Promise<TrustFile["trusted"][number] | null> =>
    (await store.read()).trusted.find((entry) => entry.dir === dir) ?? null;
  return {
    view: async (given) => {
      const files = projectSnapshot(given);
      const earlier = await entryOf(files.dir);
      // Loaded only here: it needs the schemas, and most starts show nothing.
      const { describe } = await import("./trust-words.ts");
      const { what, scopes } = await describe(files);
      return {
        dir: files.dir,
        hash: files.hash,
        changed: earlier !== null && earlier.hash !== files.hash,
        files: [
          ...files.files.map((file) => ({
            path: plainText(file.path),
            what: what.get(file.path) ?? "data",
            state: stateOf(earlier?.files, file.path, file.hash),
          })),
          ...removed(earlier?.files ?? {}, files),
        ],
        ...(earlier === null ? {} : { changes: changesIn(earlier.files, files, contents) }),
        scopes,
      };
    },
    give: async (view) => {
      const files = projectSnapshot(view.dir);
      if (files.hash !== view.hash) {
        throw new NanosError(
          "trust.changed",
          `The files of ${files.dir} changed while you looked at them; nothing was trusted.`,
          `Look again: nanos trust ${files.workspace}`,
        );
      }
      for (const { content } of files.files) {
        if (content.length <= LIMITS.seenFileBytes && utf8(content) !== null)
          contents?.put(content);
      }
      await store.change((book) => withEntry(book, files, clock.now()));
    },
    trustedHash: async (dir) => (await entryOf(dir))?.hash ?? null,
  };
}

/** The lines that are not as they were when it was trusted. */
function changesIn(
  earlier: Readonly<Record<string, string>>,
  { files, byPath }: Snapshot,
  contents: Contents | undefined,
): readonly Change[] {
  const before = (path: string): Uint8Array | "unknown" | null => {
    const hash = Object.hasOwn(earlier, path) ? earlier[path] : undefined;
    return hash === undefined ? null : (contents?.get(hash) ?? "unknown");
  };
  const changed = files.filter(({ path, hash }) => stateOf(earlier, path, hash) !== "same");
  const gone = Object.keys(earlier).filter((path) => !byPath.has(path));
  const paths = [...changed.map(({ path }) => path), ...gone];
  return changesOf(
    paths.map((path) => ({ path, before: before(path), after: byPath.get(path)?.content ?? null })),
  );
}

/** Reads a project, given as its folder or as its `.nano-os`. */
function projectSnapshot(given: string): Snapshot {
  const dir = basename(given) === PROJECT ? given : join(given, PROJECT);
  const files = snapshot(dir, join(dir, ".."), true);
  const first = files.refused[0];
  if (first === undefined) return files;
  throw new NanosError(
    "trust.unsafe_file",
    `${files.dir}/${first.path} ${first.why}; what it leads to cannot be shown or checked.`,
    "Take it out, or put a regular file in its place.",
  );
}

function withEntry(book: TrustFile, files: Snapshot, at: number): TrustFile {
  const others = book.trusted.filter((entry) => entry.dir !== files.dir);
  const hashes = Object.fromEntries(files.files.map((file) => [file.path, file.hash]));
  const entry = { dir: files.dir, hash: files.hash, at, files: hashes };
  // The oldest yes goes first; asking again is the worst that follows.
  return { v: 1, trusted: [...others, entry].slice(-LIMITS.trustedFolders) };
}

type FileLine = TrustView["files"][number];

function stateOf(
  earlier: Readonly<Record<string, string>> | undefined,
  path: string,
  hash: string,
): FileLine["state"] {
  const before = earlier !== undefined && Object.hasOwn(earlier, path) ? earlier[path] : undefined;
  if (before === undefined) return "new";
  return before === hash ? "same" : "changed";
}

function removed(earlier: Readonly<Record<string, string>>, files: Snapshot): FileLine[] {
  return Object.keys(earlier)
    .filter((path) => !files.byPath.has(path))
    .map((path) => ({ path: plainText(path), what: "gone", state: "removed" }));
}
