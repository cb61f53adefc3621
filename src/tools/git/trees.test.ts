import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { openSandbox } from "../../sandbox/open.ts";
import { openTrees, type Trees } from "./trees.ts";

setDefaultTimeout(60_000);

const ROOT = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "nanos-trees-test-")));
const sandbox = openSandbox({ clock: systemClock });
const parts = { sandbox, env: { PATH: process.env["PATH"] } };
const { signal } = new AbortController();
afterAll(async () => {
  await sandbox.close();
  fs.rmSync(ROOT, { recursive: true, force: true });
});

let made = 0;
function repository(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = join(ROOT, `repository-${made++}`);
  fs.mkdirSync(folder);
  git(folder, "init", "--quiet", "--initial-branch=main", ".");
  write(folder, files);
  git(folder, "add", "--all");
  if (Object.keys(files).length > 0) git(folder, "commit", "--quiet", "--message=first");
  return folder;
}

function git(folder: string, ...args: readonly string[]): string {
  const who = ["-c", "safe.directory=*", "-c", "user.name=a", "-c", "user.email=a@example.org"];
  return execFileSync("git", ["-C", folder, ...who, ...args], { encoding: "utf8" });
}

function write(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, text] of Object.entries(files)) {
    fs.mkdirSync(dirname(join(folder, path)), { recursive: true });
    fs.writeFileSync(join(folder, path), text);
  }
}

const trees = (): Trees => openTrees(parts, join(ROOT, `trees-${made++}`));

test("a patch of all kinds of changes applies, and the repository stays as it is", async () => {
  const latin = Buffer.from("na\xefve\n", "latin1");
  const from = repository({
    "a.txt": "one\ntwo\n",
    "gone.txt": "gone\n",
    "latin.txt": latin,
    ".gitignore": "made/\n",
    "run.sh": "#!/bin/sh\n",
  });
  const before = git(from, "rev-parse", "HEAD").trim();
  const all = trees();
  const opened = await all.open("r1", { from }, signal);
  expect(opened).toEqual({ commit: before });
  const tree = all.placeOf("r1");
  write(tree, {
    "a.txt": "one\nthree\n",
    "new folder/b.txt": "new\n",
    "bytes.bin": Buffer.from([0, 255, 1, 254]),
    "latin.txt": Buffer.concat([latin, Buffer.from("\xe9\n", "latin1")]),
    "made/out.js": "ignored\n",
  });
  fs.rmSync(join(tree, "gone.txt"));
  fs.chmodSync(join(tree, "run.sh"), 0o755);
  const patch = await all.patch("r1");
  if ("code" in patch) throw new Error(patch.message);
  expect(patch.commit).toBe(before);
  expect(patch.files.map(({ path, kind }) => `${path} ${kind}`)).toEqual([
    "a.txt modified",
    "bytes.bin created",
    "gone.txt deleted",
    "latin.txt modified",
    "new folder/b.txt created",
    "run.sh modified",
  ]);
  expect(git(from, "status", "--porcelain")).toBe("");
  execFileSync("git", ["-C", from, "apply"], { input: patch.text });
  for (const path of ["a.txt", "bytes.bin", "latin.txt", "new folder/b.txt"]) {
    expect(fs.readFileSync(join(from, path))).toEqual(fs.readFileSync(join(tree, path)));
  }
  expect(fs.existsSync(join(from, "gone.txt"))).toBe(false);
  expect(fs.statSync(join(from, "run.sh")).mode & 0o111).not.toBe(0);
  all.close("r1");
  expect(fs.existsSync(tree)).toBe(false);
});

test("what is done to the repository in the copy does not change what the patch is", async () => {
  const from = repository({ "a.txt": "one\n" });
  const marker = join(ROOT, "ran");
  const all = trees();
  await all.open("r1", { from }, signal);
  const tree = all.placeOf("r1");
  write(tree, { "a.txt": "two\n", ".gitattributes": "*.txt diff=evil filter=evil\n" });
  git(tree, "add", "--all");
  git(tree, "commit", "--quiet", "--message=mine");
  git(tree, "config", "diff.evil.command", `touch ${marker}`);
  git(tree, "config", "core.fsmonitor", `touch ${marker}`);
  git(tree, "config", "filter.evil.clean", `touch ${marker}`);
  const patch = await all.patch("r1");
  if ("code" in patch) throw new Error(patch.message);
  expect(patch.text).toContain("-one\n+two\n");
  expect(fs.existsSync(marker)).toBe(false);
  fs.rmSync(join(tree, ".git"), { recursive: true });
  expect(await all.patch("r1")).toMatchObject({ text: patch.text });
});

test("nothing changed is an empty patch", async () => {
  const all = trees();
  await all.open("r1", { from: repository({ "a.txt": "one\n" }) }, signal);
  expect(await all.patch("r1")).toMatchObject({ text: "", files: [] });
});

test("a folder that is no repository is copied within bounds, and its patch applies there", async () => {
  const from = join(ROOT, `plain-${made++}`);
  const latin = Buffer.from("na\xefve\n", "latin1");
  write(from, { "a.txt": "one\n", "in/run.sh": "#!/bin/sh\n", "latin.txt": latin });
  write(from, { ".env": "KEY=1\n", "node_modules/x/y.js": "", ".nano-os/a": "", "id.pem": "x" });
  write(from, { "in/kept/operator.key": "x", "in/kept/deep/a": "x" });
  fs.chmodSync(join(from, "in/run.sh"), 0o755);
  fs.symlinkSync("/etc/passwd", join(from, "link"));
  const all = openTrees(parts, join(ROOT, `trees-${made++}`), join(from, "in/kept"));
  expect(await all.open("r1", { from }, signal)).toEqual({ commit: expect.any(String) });
  const tree = all.placeOf("r1");
  expect(fs.readdirSync(tree).toSorted()).toEqual([".git", "a.txt", "in", "latin.txt"]);
  expect(fs.readdirSync(join(tree, "in"))).toEqual(["run.sh"]);
  expect(fs.readFileSync(join(tree, "latin.txt"))).toEqual(latin);
  expect(fs.statSync(join(tree, "in/run.sh")).mode & 0o100).toBe(0o100);
  expect(await all.patch("r1")).toMatchObject({ text: "", files: [] });
  write(tree, { "a.txt": "two\n", "new.txt": "new\n" });
  const patch = await all.patch("r1");
  if ("code" in patch) throw new Error(patch.message);
  expect(patch.files).toEqual([
    { path: "a.txt", kind: "modified" },
    { path: "new.txt", kind: "created" },
  ]);
  expect(fs.readFileSync(join(from, "a.txt"), "utf8")).toBe("one\n");
  fs.writeFileSync(join(ROOT, "plain.patch"), patch.text);
  execFileSync("git", ["apply", join(ROOT, "plain.patch")], { cwd: from });
  expect(fs.readFileSync(join(from, "a.txt"), "utf8")).toBe("two\n");
  all.close("r1");
  expect(fs.existsSync(tree)).toBe(false);
});

test.each([
  ["files", { many: LIMITS.treeFiles + 1 }],
  ["depth", { deep: LIMITS.treeDepth + 2 }],
  ["bytes", { large: LIMITS.treeBytes + 1 }],
])("a folder of too much to copy by %s is said, and leaves nothing", async (_, size) => {
  const { many = 0, deep = 0, large = 0 } = size as Record<string, number>;
  const from = join(ROOT, `much-${made++}`);
  write(from, Object.fromEntries(Array.from({ length: many }, (__, n) => [`f${n}`, ""])));
  write(from, { [`${"d/".repeat(deep)}x`]: Buffer.alloc(large) });
  const dir = join(ROOT, `trees-${made++}`);
  expect(await openTrees(parts, dir).open("r1", { from }, signal)).toMatchObject({
    code: "tree.no_repository",
    message: expect.stringContaining("too much to copy") as string,
  });
  expect(fs.readdirSync(dir)).toEqual([]);
});

test("why there is no copy, or no patch", async () => {
  const from = repository({ "a.txt": "one\n" });
  const codeOf = async (came: Promise<object>): Promise<unknown> =>
    ((await came) as { code?: string }).code;
  expect(await codeOf(trees().open("r1", { from: repository({}) }, signal))).toBe("tree.no_commit");
  const plain = join(ROOT, `plain-${made++}`);
  write(plain, { "a.txt": "one\n" });
  expect(await codeOf(trees().open("r1", { from: plain, branch: "x" }, signal))).toBe(
    "tree.branch",
  );
  expect(await codeOf(trees().open("r1", { from, branch: "missing" }, signal))).toBe("tree.git");
  const inside = openTrees(parts, join(from, "copies"));
  expect(await codeOf(inside.open("r1", { from }, signal))).toBe("tree.inside");
  const open = join(ROOT, "everybody's");
  fs.mkdirSync(open);
  fs.chmodSync(open, 0o777);
  expect(await codeOf(openTrees(parts, open).open("r1", { from }, signal))).toBe("tree.not_ours");
  const broken = join(ROOT, "broken");
  fs.mkdirSync(join(broken, ".git"), { recursive: true });
  expect(await codeOf(trees().open("r1", { from: broken }, signal))).toBe("tree.git");
  const without = openTrees({ sandbox, env: { PATH: "/nowhere" } }, join(ROOT, "without"));
  expect(await without.open("r1", { from }, signal)).toMatchObject({
    code: "tree.git",
    message: "git could not work on the copy: git is not installed here.",
  });
  expect(await codeOf(trees().patch("r1"))).toBe("tree.gone");
  expect(await codeOf(trees().open("r1", { from }, AbortSignal.abort()))).toBe("tree.git");
  const large = trees();
  await large.open("r1", { from }, signal);
  write(large.placeOf("r1"), { "large.txt": "0123456789abcde\n".repeat(LIMITS.patchBytes / 15) });
  expect(await codeOf(large.patch("r1"))).toBe("tree.patch_too_large");
});

test("only so many at once; copies nobody keeps are swept away, and then there is room", async () => {
  const from = repository({ "a.txt": "one\n" });
  const all = trees();
  for (let i = 0; i < LIMITS.trees; i++)
    fs.mkdirSync(join(all.placeOf(`r${i}`), ".."), { recursive: true, mode: 0o700 });
  fs.chmodSync(join(all.placeOf("r0"), "../.."), 0o700);
  expect(await all.open("more", { from }, signal)).toMatchObject({ code: "tree.too_many" });
  all.sweep((run) => run !== "r3");
  expect(fs.existsSync(join(all.placeOf("r3"), ".."))).toBe(false);
  expect(await all.open("more", { from }, signal)).toHaveProperty("commit");
  all.sweep(() => false);
  expect(fs.existsSync(join(all.placeOf("more"), "../.."))).toBe(false);
});

test("what sweeps takes no copy away that another process is just making", async () => {
  const dir = join(fs.mkdtempSync(join(tmpdir(), "nanos-trees-")), "trees");
  const code = `import { openTrees } from ${JSON.stringify(join(import.meta.dirname, "trees.ts"))};
    const trees = openTrees({}, ${JSON.stringify(dir)});
    console.log("sweeping");
    for (;;) trees.sweep(() => true);`;
  const sweeper = spawn(process.execPath, ["-e", code]);
  try {
    await new Promise((resolve) => sweeper.stdout.once("data", resolve));
    for (let i = 0; i < 1_000; i++) {
      const copy = join(dir, `r${i}`, "copy");
      try {
        fs.mkdirSync(copy, { recursive: true });
      } catch {
        // The empty folder of all went while it was made: that is tried again.
        continue;
      }
      expect(fs.existsSync(copy)).toBe(true);
      fs.rmSync(join(dir, `r${i}`), { recursive: true });
    }
  } finally {
    sweeper.kill("SIGKILL");
    fs.rmSync(join(dir, ".."), { recursive: true, force: true });
  }
});
