import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import type { Failure } from "../../contracts/outcome.ts";
import { type GitParts, runGit } from "./git.ts";

/** A file as a commit holds it. */
export interface Kept {
  readonly content: Uint8Array;
  readonly executable: boolean;
}

/**
 * Makes the folder a repository whose one commit holds `files`, by path. It is written by hand: as
 * nothing of it depends on this machine, the same files are the same commit everywhere, and no
 * program is started for it.
 */
export function makeRepository(
  folder: string,
  files: Readonly<Record<string, string | Kept>>,
): string {
  const git = join(folder, ".git");
  for (const part of ["objects", "refs/heads"]) fs.mkdirSync(join(git, part), { recursive: true });
  const put = (kind: string, content: Buffer): string => {
    const whole = Buffer.concat([Buffer.from(`${kind} ${content.length}\0`), content]);
    const id = createHash("sha1").update(whole).digest("hex");
    fs.mkdirSync(join(git, "objects", id.slice(0, 2)), { recursive: true });
    fs.writeFileSync(join(git, "objects", id.slice(0, 2), id.slice(2)), deflateSync(whole));
    return id;
  };
  const tree = putTree(put, Object.entries(files));
  const who = "NanoOS <nanos@localhost> 0 +0000";
  const commit = put(
    "commit",
    Buffer.from(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nfirst\n`),
  );
  fs.writeFileSync(join(git, "refs/heads/main"), `${commit}\n`);
  fs.writeFileSync(join(git, "HEAD"), "ref: refs/heads/main\n");
  fs.writeFileSync(join(git, "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = false\n");
  return commit;
}

type Put = (kind: string, content: Buffer) => string;

/** A folder as git keeps it: sorted by name, a folder's as if it ended in a slash. */
function putTree(put: Put, files: readonly (readonly [string, string | Kept])[]): string {
  const folders = new Map<string, (readonly [string, string | Kept])[]>();
  const entries: {
    readonly key: string;
    readonly mode: string;
    readonly name: string;
    id: string;
  }[] = [];
  for (const [path, file] of files) {
    const cut = path.indexOf("/");
    if (cut === -1) {
      const plain = typeof file === "string";
      const mode = plain || !file.executable ? "100644" : "100755";
      const id = put("blob", plain ? Buffer.from(file) : Buffer.from(file.content));
      entries.push({ key: path, mode, name: path, id });
      continue;
    }
    const name = path.slice(0, cut);
    folders.set(name, [...(folders.get(name) ?? []), [path.slice(cut + 1), file]]);
  }
  for (const [name, inner] of folders) {
    entries.push({ key: `${name}/`, mode: "40000", name, id: putTree(put, inner) });
  }
  const lines = entries
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
    .map(({ mode, name, id }) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")]),
    );
  return put("tree", Buffer.concat(lines));
}

/**
 * Applies a patch to the files in `folder`, of which git sees a copy; null where it fits. `dir` is a
 * folder that is used up.
 */
export async function applyPatch(
  git: GitParts,
  { folder, patch, dir }: { readonly folder: string; readonly patch: string; readonly dir: string },
): Promise<Failure | null> {
  const stage = join(dir, "stage");
  const file = join(dir, "patch");
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  fs.writeFileSync(file, patch);
  const staged = join(stage, "root", folder);
  const args = ["-C", staged, "apply", "--whitespace=nowarn", file];
  const ran = await runGit(git, { args, reads: [file], writes: [folder], stage, dir });
  if (!ran.ok) {
    // tree.no_fit -> Take back or commit what changed meanwhile, or ask for it again.
    return { code: "tree.no_fit", message: `The patch does not apply: ${ran.why}.` };
  }
  fs.rmSync(folder, { recursive: true });
  fs.cpSync(staged, folder, { recursive: true });
  fs.rmSync(dir, { recursive: true });
  return null;
}
