import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { sha256 } from "../../std/hash.ts";
import { inFolder } from "../testing/ground.ts";
import type { Tree } from "../testing/tree.ts";
import { BYTES, changesOf, readTree, stageOf, writeTree } from "../testing/tree.ts";
import { restore } from "../testing/restore.ts";
import { prepareStage } from "./copy.ts";
import { stageHandle } from "./handle.ts";
import type { StageHandle } from "./handle.ts";

describe("what counts as a change", () => {
  const cases: [string, Tree, (staged: string) => void, Record<string, string>][] = [
    ["nothing", { a: "1" }, () => undefined, {}],
    ["a new file", {}, (at) => writeFileSync(join(at, "a"), "1"), { a: "created" }],
    ["a changed file", { a: "1" }, (at) => writeFileSync(join(at, "a"), "2"), { a: "modified" }],
    ["a file gone", { a: "1" }, (at) => rmSync(join(at, "a")), { a: "deleted" }],
    ["the same bytes anew", { a: "1" }, (at) => writeFileSync(join(at, "a"), "1"), {}],
    ["times alone", { a: "1" }, (at) => utimesSync(join(at, "a"), 1, 1), {}],
    ["the mode alone", { a: "1" }, (at) => chmodSync(join(at, "a"), 0o700), { a: "modified" }],
    [
      "same size, same time of writing",
      { a: "1" },
      (at) => {
        const { atime, mtime } = statSync(join(at, "a"));
        writeFileSync(join(at, "a"), "2");
        utimesSync(join(at, "a"), atime, mtime);
      },
      { a: "modified" },
    ],
    [
      "a move",
      { a: "1" },
      (at) => renameSync(join(at, "a"), join(at, "b")),
      { a: "deleted", b: "created" },
    ],
    ["an empty folder is none", {}, (at) => mkdirSync(join(at, "empty")), {}],
    [
      "names that other programs obey are like any other",
      { ".git/config": "1" },
      (at) => writeTree(at, { ".git/hooks/pre-commit": "x", ".envrc": "y", "a/.git/config": "z" }),
      { ".envrc": "created", ".git/hooks/pre-commit": "created", "a/.git/config": "created" },
    ],
    [
      "a file in place of a folder",
      { "a/b/c": "1" },
      (at) => {
        rmSync(join(at, "a"), { recursive: true });
        writeFileSync(join(at, "a"), "2");
      },
      { a: "created", "a/b/c": "deleted" },
    ],
    [
      "a folder in place of a file",
      { a: "1" },
      (at) => {
        rmSync(join(at, "a"));
        writeTree(at, { "a/b": "2" });
      },
      { a: "deleted", "a/b": "created" },
    ],
    [
      "a link inside the root",
      { a: "1" },
      (at) => symlinkSync("a", join(at, "link")),
      { link: "created" },
    ],
    ["a link that was there", { link: "-> /etc/hosts" }, () => undefined, {}],
  ];
  for (const [name, files, change, want] of cases) {
    test(name, () =>
      inFolder(async (folder) => {
        const { root, staged, undo, handle } = await stageOf(folder, files);
        change(staged);
        const changes = await changesOf(handle);
        const kinds = changes.map(({ path, kind }) => [path.slice(root.length + 1), kind]);
        expect(Object.fromEntries(kinds)).toEqual(want);
        for (const { path, before } of changes) {
          const was = files[path.slice(root.length + 1)];
          expect(before).toBe(was === undefined ? null : sha256(was));
        }
        const before = readTree(root);
        expect(await handle.commit(undo)).toBeNull();
        expect(readTree(root)).toEqual(readTree(staged));
        expect(await handle.commit(undo)).toBeNull();
        expect(restore(undo)).toBeNull();
        expect(readTree(root)).toEqual(before);
        expect(restore(undo)).toBeNull();
      }),
    );
  }
});

describe("what is refused", () => {
  const cases: [string, Tree, (staged: string, root: string) => void, string][] = [
    ["a link out", {}, (at) => symlinkSync("../../x", join(at, "l")), "sandbox.link_outside"],
    ["an absolute link", {}, (at) => symlinkSync("/etc", join(at, "l")), "sandbox.link_outside"],
    [
      "a link moved so that it leads out",
      { "a/b/l": "-> ../../c" },
      (at) => renameSync(join(at, "a/b/l"), join(at, "l")),
      "sandbox.link_outside",
    ],
    [
      "neither file nor folder",
      {},
      (at) => void Bun.spawnSync(["mkfifo", join(at, "pipe")]),
      "sandbox.special_file",
    ],
    [
      "too much",
      {},
      (at) => writeFileSync(join(at, "large"), new Uint8Array(BYTES + 1)),
      "sandbox.stage_too_large",
    ],
    [
      "a file that someone else changed too",
      { a: "1" },
      (at, root) => {
        writeFileSync(join(at, "a"), "2");
        writeFileSync(join(root, "a"), "3");
      },
      "sandbox.changed_meanwhile",
    ],
    [
      "a file that someone else removed",
      { a: "1" },
      (at, root) => {
        writeFileSync(join(at, "a"), "2");
        rmSync(join(root, "a"));
      },
      "sandbox.changed_meanwhile",
    ],
  ];
  for (const [name, files, change, code] of cases) {
    test(name, () =>
      inFolder(async (folder) => {
        const { root, staged, handle } = await stageOf(folder, files);
        change(staged, root);
        expect(await handle.changes()).toMatchObject({ code });
      }),
    );
  }

  test("a change that came after the changes were looked at", () =>
    inFolder(async (folder) => {
      const { root, staged, undo, handle } = await stageOf(folder, { a: "1", b: "1" });
      writeTree(staged, { a: "2", b: "2" });
      await changesOf(handle);
      writeFileSync(join(root, "b"), "3");
      expect(await handle.commit(undo)).toMatchObject({ code: "sandbox.changed_meanwhile" });
      expect(readTree(root)).toEqual({ a: "1", b: "3" });
    }));

  test("a folder that became a link after the changes were looked at", () =>
    inFolder(async (folder) => {
      const { root, staged, undo, handle } = await stageOf(folder, { "a/b": "1" });
      writeTree(staged, { "a/new": "2" });
      await changesOf(handle);
      renameSync(join(root, "a"), join(folder, "elsewhere"));
      symlinkSync(join(folder, "elsewhere"), join(root, "a"));
      expect(await handle.commit(undo)).toMatchObject({ code: "sandbox.changed_meanwhile" });
      expect(readdirSync(join(folder, "elsewhere"))).toEqual(["b"]);
    }));

  test("taking back what was changed since", () =>
    inFolder(async (folder) => {
      const { root, staged, undo, handle } = await stageOf(folder, { a: "1", b: "1" });
      writeTree(staged, { a: "2", b: "2" });
      await changesOf(handle);
      expect(await handle.commit(undo)).toBeNull();
      writeFileSync(join(root, "b"), "3");
      expect(restore(undo)).toMatchObject({ code: "sandbox.changed_meanwhile" });
      expect(readTree(root)).toEqual({ a: "2", b: "3" });
    }));

  test("a commit before the changes were looked at", () =>
    inFolder(async (folder) => {
      const { undo, handle } = await stageOf(folder, {});
      expect(await handle.commit(undo)).toMatchObject({ code: "sandbox.no_changes" });
    }));

  test("a folder that cannot be written", () =>
    inFolder(async (folder) => {
      const { root, staged, undo, handle } = await stageOf(folder, {});
      writeTree(staged, { "a/b": "1" });
      await changesOf(handle);
      writeFileSync(join(root, "a"), "in the way");
      const failure = await handle.commit(undo);
      expect(failure?.code).toMatch(/^sandbox\.(?:commit_failed|changed_meanwhile)$/u);
    }));
});

describe("roots", () => {
  const staging = async (
    folder: string,
    root: string,
  ): Promise<{ handle: StageHandle; staged: string }> => {
    const stage = join(folder, "stage");
    const wants = { stage, writes: [root], reads: [], cwd: folder, bytes: BYTES, owner: null };
    const prepared = await prepareStage(wants);
    if ("code" in prepared) throw new Error(prepared.code);
    const handle = stageHandle(stage, prepared.roots, BYTES, systemClock.now());
    return { handle, staged: join(stage, "root", root) };
  };

  test("a root that is one file", () =>
    inFolder(async (folder) => {
      const root = join(folder, "list.md");
      writeFileSync(root, "1");
      const { handle, staged } = await staging(folder, root);
      writeFileSync(staged, "2");
      expect((await changesOf(handle)).map(({ path, kind }) => [path, kind])).toEqual([
        [root, "modified"],
      ]);
      expect(await handle.commit(join(folder, "undo"))).toBeNull();
      expect(readFileSync(root, "utf8")).toBe("2");
    }));

  test("a root that is not there yet is a folder, or a file if its name has a suffix", () =>
    inFolder(async (folder) => {
      const notes = join(folder, "notes");
      const made = await staging(folder, notes);
      expect(await changesOf(made.handle)).toEqual([]);
      writeFileSync(join(made.staged, "a.md"), "1");
      const list = join(folder, "list.md");
      const other = await staging(join(folder), list);
      expect(lstatSync(other.staged).isFile()).toBe(true);
      expect(await changesOf(other.handle)).toEqual([]);
      expect(await changesOf(made.handle)).toEqual([]);
    }));

  test("a new folder is made, and taken back with what came in it", () =>
    inFolder(async (folder) => {
      const { handle, staged } = await staging(folder, join(folder, "notes"));
      writeTree(staged, { "2026/01/a.md": "1" });
      await changesOf(handle);
      expect(await handle.commit(join(folder, "undo"))).toBeNull();
      expect(readTree(join(folder, "notes"))).toEqual({ "2026/01/a.md": "1" });
      expect(restore(join(folder, "undo"))).toBeNull();
      expect(existsSync(join(folder, "notes"))).toBe(false);
    }));

  test("beside a root, the working folder's readable entries are links to the real ones", () =>
    inFolder(async (folder) => {
      writeTree(folder, {
        "w/notes/a": "1",
        "w/read/b": "2",
        "w/closed/c": "3",
        "w/x/deep/d": "4",
      });
      const cwd = join(folder, "w");
      const prepared = await prepareStage({
        stage: join(folder, "stage"),
        writes: [join(cwd, "notes")],
        reads: [join(cwd, "read"), join(cwd, "x/deep")],
        cwd,
        bytes: BYTES,
        owner: null,
      });
      if ("code" in prepared) throw new Error(prepared.code);
      expect(readdirSync(prepared.cwd).toSorted()).toEqual(["notes", "read", "x"]);
      expect(readlinkSync(join(prepared.cwd, "read"))).toBe(join(cwd, "read"));
      expect(readFileSync(join(prepared.cwd, "read/b"), "utf8")).toBe("2");
    }));
});

test("as root, a changed file stays its owner's and a new one is its folder owner's", () =>
  inFolder(async (folder) => {
    if (process.getuid?.() !== 0) return;
    const root = join(folder, "root");
    writeTree(root, { a: "1" });
    for (const path of [root, join(root, "a")]) chownSync(path, 1500, 1501);
    const { staged, undo, handle } = await stageOf(folder, {});
    writeTree(staged, { a: "2", "b/c": "2" });
    await changesOf(handle);
    expect(await handle.commit(undo)).toBeNull();
    for (const path of ["a", "b", "b/c"]) {
      const { uid, gid } = statSync(join(root, path));
      expect([path, uid, gid]).toEqual([path, 1500, 1501]);
    }
  }));
