import { expect, test } from "bun:test";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { systemClock } from "../../std/clock.ts";
import { inFolder } from "../testing/ground.ts";
import type { Tree } from "../testing/tree.ts";
import { changesOf, readTree, stageOf, writeTree } from "../testing/tree.ts";
import { restore } from "../testing/restore.ts";
import { reopenStage } from "./handle.ts";

const names = fc.constantFrom("a", "b", "c/d", "c/e", ".git/config", ".git/hooks/x", "c/f/g");
const trees = fc.dictionary(names, fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }));

test("any change set: committing gives the stage's tree, restoring the old one", async () => {
  await fc.assert(
    fc.asyncProperty(trees, trees, (old, next) =>
      inFolder(async (folder) => {
        const { root, staged, undo, handle } = await stageOf(folder, plain(old));
        for (const name of readdirSync(staged)) rmSync(join(staged, name), { recursive: true });
        writeTree(staged, plain(next));
        await changesOf(handle);
        expect(await handle.commit(undo)).toBeNull();
        expect(readTree(root)).toEqual(plain(next));
        expect(restore(undo)).toBeNull();
        expect(readTree(root)).toEqual(plain(old));
      }),
    ),
    { numRuns: 30 },
  );
}, 60_000);

function plain(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).map(([path, text]) => [path, `=${text}`]));
}

test(
  "a commit killed anywhere is finished, or taken back, by the next",
  () =>
    inFolder(async (folder) => {
      const many = Object.fromEntries(
        Array.from({ length: 120 }, (_, i) => [`d${i % 7}/${i}`, "1"]),
      );
      for (let round = 0; round < 6; round++) {
        const at = join(folder, String(round));
        const { root, staged, undo, handle } = await stageOf(at, many);
        const next = Object.fromEntries(Object.keys(many).map((path, i) => [path, `2${i}`]));
        writeTree(staged, next);
        await changesOf(handle);
        await commitAndKill(handle.folder, undo, round);
        const again = reopenStage(handle.folder);
        if (round % 2 === 0 || !existsSync(join(undo, "undo.json"))) {
          expect(await again?.commit(undo)).toBeNull();
          expect(readTree(root)).toEqual(next);
        } else {
          expect(restore(undo)).toBeNull();
          expect(readTree(root)).toEqual(many);
        }
      }
    }),
  60_000,
);

/** Files may come and go under its hands. */
function countChanged(root: string): number {
  try {
    return Object.values(readTree(root)).filter((text) => text !== "1").length;
  } catch {
    return 0;
  }
}

/** Kills the committing process once it has put `files` or so in place. */
async function commitAndKill(stage: string, undo: string, files: number): Promise<void> {
  const script = join(import.meta.dir, "..", "testing", "committer.ts");
  const child = Bun.spawn([process.execPath, script, stage, undo], { env: {} });
  const root = join(dirname(stage), "root");
  for (let i = 0; i < 2_000 && child.exitCode === null; i++) {
    const done = countChanged(root);
    if (done > files * 9) break;
    await systemClock.sleep(1);
  }
  child.kill("SIGKILL");
  await child.exited;
}
