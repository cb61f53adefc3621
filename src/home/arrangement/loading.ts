import type { z } from "zod";
import { LIMITS } from "../../std/limits.ts";
import { type TreeFile, utf8 } from "../files.ts";
import type { Path } from "./explain.ts";
import { parseManifest, type Parsed, type ParseOptions, type Problem } from "./manifest.ts";
import type { Snapshot } from "./snapshot.ts";

/** A manifest that could be read. */
export type Read<T> = Extract<Parsed<T>, { ok: true }>;

/** What the loaders of agents, skills and files share: where to read and where to report. */
export interface Loading {
  readonly files: Snapshot;
  readonly problems: Problem[];
  readonly warnings: string[];
  /** Names that lead nowhere: said where an arrangement is loaded, a fault where it is checked. */
  readonly loose: Problem[];
  /** Where a value of a manifest that was read stands; the top of any other file. */
  at(file: string, path: Path): { readonly line: number; readonly column: number };
  /**
   * Reads one manifest of the snapshot; null when absent, or when wrong, which is then reported:
   * as a problem in our own files, as a warning in another program's.
   */
  read<T>(
    path: string,
    schema: z.ZodType<T>,
    kind: "yaml" | "markdown",
    options?: ParseOptions,
  ): Promise<Read<T> | null>;
}

/** True for a file another program keeps beside a project's `.nano-os`. */
export function isForeign(path: string): boolean {
  return path.startsWith("../");
}

export function startLoading(files: Snapshot): Loading {
  const problems: Problem[] = files.refused.map(({ path, why }) =>
    atTop(path, `${why}; an arrangement holds regular files only`),
  );
  const warnings = [...files.warnings];
  const places = new Map<string, Read<unknown>["at"]>();
  return {
    files,
    problems,
    warnings,
    loose: [],
    at: (file, path) => places.get(file)?.(path) ?? { line: 1, column: 1 },
    read: async (path, schema, kind, options) => {
      const file = files.byPath.get(path);
      if (file === undefined) return null;
      const text = textOf(file);
      const parsed =
        typeof text === "string"
          ? await parseManifest(path, text, schema, kind, options)
          : { ok: false as const, problems: [atTop(path, text.problem)] };
      if (parsed.ok) {
        places.set(path, parsed.at);
        return parsed;
      }
      if (!isForeign(path)) problems.push(...parsed.problems);
      else warnings.push(...parsed.problems.map((p) => `${p.file}:${p.line}: left out: ${p.text}`));
      return null;
    },
  };
}

/** The text of a manifest, or why it is none. */
export function textOf(file: TreeFile): string | { readonly problem: string } {
  if (file.content.length > LIMITS.manifestBytes) {
    return { problem: `is larger than ${LIMITS.manifestBytes} bytes` };
  }
  return utf8(file.content) ?? { problem: "is not UTF-8 text" };
}

/** A problem of a whole file or folder. */
export function atTop(file: string, text: string): Problem {
  return { file, line: 1, column: 1, text };
}

/** Says so when there are more agents, skills or tools than one arrangement may hold. */
export function limitItems(loading: Loading, folder: string, count: number): void {
  if (count <= LIMITS.arrangementItems) return;
  const most = LIMITS.arrangementItems;
  loading.problems.push(
    atTop(folder, `holds ${count} ${folder}; one arrangement has at most ${most}`),
  );
}
