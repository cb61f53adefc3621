import { expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { FileChange } from "../../contracts/outcome.ts";
import { systemClock } from "../../std/clock.ts";
import { inFolder } from "../testing/ground.ts";
import { changesOf, readTree, stageOf, type Staging, type Tree } from "../testing/tree.ts";
import { commitChanges, writeChanges } from "./commit.ts";
import { reopenStage } from "./handle.ts";
import { keepPreImages, planUndo, stageUndo, type Undone, unkeptIn } from "./undo.ts";

/** What a call did to a tree, committed. */
interface Committed extends Undone {
  readonly root: string;
  readonly before: Tree;
}

async function committed(
  folder: string,
  files: Tree,
  change: (staged: string) => void,
): Promise<Committed & Pick<Staging, "handle">> {
  const { root, staged, undo, handle } = await stageOf(folder, files);
  const before = readTree(root);
  change(staged);
  const changed = await changesOf(handle);
  expect(await handle.commit(undo)).toBeNull();
  return { root, before, undo, files: changed, handle };
}

/** Takes commits back, keeping what is there then in `undo`. */
function takeBack(commits: readonly Undone[], folder: string): string | null {
  const back = stageUndo(commits, join(folder, "back-stage"));
  if ("code" in back) return back.code;
  return commitChanges(back, join(folder, "back"))?.code ?? null;
}

const states = (commits: readonly Undone[]): readonly string[] =>
  planUndo(commits).map(({ path, kind, state }) => `${kind} ${path.split("/").at(-1)} ${state}`);

test("created, changed, deleted, links and modes come back, and the undo can be undone", () =>
  inFolder(async (folder) => {
    const files = { keep: "1", gone: "2", mode: "3", link: "-> keep" };
    const one = await committed(folder, files, (at) => {
      writeFileSync(join(at, "keep"), "other");
      unlinkSync(join(at, "gone"));
      chmodSync(join(at, "mode"), 0o755);
      unlinkSync(join(at, "link"));
      symlinkSync("mode", join(at, "link"));
      mkdirSync(join(at, "new/deep"), { recursive: true });
      writeFileSync(join(at, "new/deep/file"), "4");
    });
    const after = readTree(one.root);
    expect(states([one])).toEqual([
      "created gone ready",
      "modified keep ready",
      "modified link ready",
      "modified mode ready",
      "deleted file ready",
    ]);
    const plan = planUndo([one]);
    expect(takeBack([one], folder)).toBeNull();
    expect(readTree(one.root)).toEqual(one.before);
    expect(lstatSync(join(one.root, "mode")).mode & 0o777).toBe(0o644);
    expect(existsSync(join(one.root, "new"))).toBe(false);
    expect(states([one]).every((line) => line.endsWith(" done"))).toBe(true);
    const undone = { undo: join(folder, "back"), files: plan };
    expect(takeBack([undone], join(folder, "again"))).toBeNull();
    expect(readTree(one.root)).toEqual(after);
    expect(lstatSync(join(one.root, "mode")).mode & 0o777).toBe(0o755);
  }));

test("a file that was changed since stays, and so does all the rest", () =>
  inFolder(async (folder) => {
    const one = await committed(folder, { a: "1", b: "1" }, (at) => {
      writeFileSync(join(at, "a"), "2");
      writeFileSync(join(at, "b"), "2");
    });
    writeFileSync(join(one.root, "b"), "mine");
    expect(states([one])).toEqual(["modified a ready", "modified b changed"]);
    expect(takeBack([one], folder)).toBe("sandbox.changed_meanwhile");
    expect(readTree(one.root)).toEqual({ a: "2", b: "mine" });
  }));

test("several commits go back as one, unless somebody wrote between them", () =>
  inFolder(async (folder) => {
    const [at1, at2] = [join(folder, "1"), join(folder, "2")];
    const one = await committed(at1, { a: "1" }, (at) => writeFileSync(join(at, "a"), "2"));
    const [change] = one.files;
    const path = join(one.root, "a");
    const staged = join(folder, "staged");
    writeFileSync(staged, "3");
    const next = { path, kind: "modified", bytes: 1, mode: 0o644 } as const;
    const hashOf = (text: string): string =>
      new Bun.CryptoHasher("sha256").update(text).digest("hex");
    const second = { ...next, before: change?.after ?? null, after: hashOf("3") };
    expect(commitChanges([{ ...second, staged }], join(at2, "undo"))).toBeNull();
    const two = { undo: join(at2, "undo"), files: [second] };
    const between = { ...two, files: [{ ...second, before: hashOf("x") }] };
    expect(states([between, one])).toEqual(["modified a changed"]);
    expect(states([two, one])).toEqual(["modified a ready"]);
    expect(takeBack([two, one], folder)).toBeNull();
    expect(readTree(one.root)).toEqual({ a: "1" });
  }));

test("of a file that is too large nothing is kept, and the oldest commits make room", () =>
  inFolder(async (folder) => {
    const root = join(folder, "root");
    mkdirSync(root);
    const keep = (name: string, text: string): string => {
      const path = join(root, name);
      writeFileSync(path, text);
      const before = new Bun.CryptoHasher("sha256").update(text).digest("hex");
      const change = { path, before, after: null, bytes: 0, staged: join(folder, "none") };
      const undo = join(folder, "undo", name);
      keepPreImages([{ ...change, kind: "deleted" }], undo, { file: 100, all: 40_000 });
      unlinkSync(path);
      return undo;
    };
    const large = keep("large", "x".repeat(101));
    const gone = (name: string): FileChange => ({
      ...{ path: join(root, name), kind: "deleted", before: "0".repeat(64), after: null, bytes: 0 },
    });
    expect(unkeptIn(large)).toEqual([join(root, "large")]);
    const [file] = planUndo([{ undo: large, files: [gone("large")] }]);
    expect(file?.state).toBe("unkept");
    for (let n = 0; n < 12; n++) keep(`n${n}`, String(n));
    const kept = readdirSync(join(folder, "undo")).filter((name) => name !== "total");
    expect(kept.length).toBeLessThan(6);
    expect(kept).toContain("n11");
    expect(kept).not.toContain("n0");
    expect(states([{ undo: join(folder, "undo", "n0"), files: [gone("n0")] }])).toEqual([
      "created n0 gone",
    ]);
  }));

test("a kept file that was damaged is not put in place", () =>
  inFolder(async (folder) => {
    const one = await committed(folder, { a: "1" }, (at) => writeFileSync(join(at, "a"), "2"));
    writeFileSync(join(one.undo, one.files[0]?.before ?? ""), "something else");
    expect(takeBack([one], folder)).toBe("undo.damaged");
    expect(readTree(one.root)).toEqual({ a: "2" });
  }));

test("where nothing can be kept nothing is changed", () =>
  inFolder(async (folder) => {
    const { root, staged, handle } = await stageOf(folder, { a: "1" });
    writeFileSync(join(staged, "a"), "2");
    await changesOf(handle);
    writeFileSync(join(folder, "full"), "");
    expect((await handle.commit(join(folder, "full", "undo")))?.code).toBe("sandbox.commit_failed");
    expect(readFileSync(join(root, "a"), "utf8")).toBe("1");
  }));

test("an undo killed anywhere is finished by the next", () =>
  inFolder(async (folder) => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`d${i % 7}/${i}`, "1"]));
    const one = await committed(folder, many, (at) => {
      for (const path of Object.keys(many)) rmSync(join(at, path));
    });
    const stage = join(folder, "back-stage");
    const back = stageUndo([one], stage);
    if ("code" in back) throw new Error(back.code);
    writeChanges(stage, back);
    const script = join(import.meta.dir, "..", "testing", "committer.ts");
    const undo = join(folder, "back");
    const child = Bun.spawn([process.execPath, script, stage, undo], { env: {} });
    for (let i = 0; i < 2_000 && child.exitCode === null; i++) {
      if (existsSync(join(one.root, "d3"))) break;
      await systemClock.sleep(1);
    }
    child.kill("SIGKILL");
    await child.exited;
    expect(await reopenStage(stage)?.commit(undo)).toBeNull();
    expect(readTree(one.root)).toEqual(many);
    expect(states([one]).every((line) => line.endsWith(" done"))).toBe(true);
  }));

test("on a full disk an undo says so, changes nothing, and works once there is space", () =>
  inFolder(async (folder) => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    const size = ["-t", "tmpfs", "-o", "size=600k", "tmpfs", disk];
    if (Bun.spawnSync(["mount", ...size], { stderr: "ignore" }).exitCode !== 0) {
      process.stdout.write("not available: a small disk (run as root on Linux)\n");
      return;
    }
    try {
      const was = { a: "1".repeat(100_000), b: "2" };
      const one = await committed(disk, was, (at) => {
        writeFileSync(join(at, "a"), "short");
        unlinkSync(join(at, "b"));
      });
      const ballast = join(disk, "ballast");
      expect(() => {
        for (let i = 0; ; i++) appendFileSync(ballast, Buffer.alloc(4_096));
      }).toThrow("ENOSPC");
      const tried = (): string | null => {
        try {
          return takeBack([one], disk);
        } catch (error) {
          return (error as NodeJS.ErrnoException).code ?? String(error);
        }
      };
      expect(tried()).toMatch(/^(?:ENOSPC|sandbox\.commit_failed)$/u);
      expect(readTree(one.root)).toEqual({ a: "short" });
      rmSync(ballast);
      expect(tried()).toBeNull();
      expect(readTree(one.root)).toEqual(was);
    } finally {
      Bun.spawnSync(["umount", "-l", disk]);
    }
  }));
