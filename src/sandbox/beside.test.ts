import { afterAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Boxed } from "./sandbox.ts";
import { forced, inFolder, makeNotes, run, specOf, start } from "./testing/ground.ts";
import { TIERS } from "./testing/tiers.ts";

const exec = ["/bin/sh", "/bin/cat", "/bin/sleep"];

for (const tier of TIERS) {
  const sandbox = forced(tier);
  afterAll(() => sandbox.close());

  /** One that waits in a stage over `workspace`, until its input is closed. */
  const waiting = (folder: string, workspace: string): Promise<Boxed> =>
    start(sandbox, {
      program: ["/bin/sh", "-c", "echo own > own; cat; echo late >> own"],
      ...{ exec, writes: [workspace], cwd: workspace, stage: join(folder, "stage") },
    });
  const shell = (script: string, beside: Boxed) => ({
    ...{ program: ["/bin/sh", "-c", script], exec, cwd: beside.cwd, beside },
  });

  test(`${tier}: a process beside another works in its stage, and nowhere else`, () =>
    inFolder(async (folder) => {
      const workspace = makeNotes(folder);
      writeFileSync(join(workspace, "a"), "was");
      const boxed = await waiting(folder, workspace);
      const first = await run(sandbox, shell("cat a; echo is > a; echo new > notes/b", boxed));
      expect([first.out, first.ended]).toEqual(["was", { kind: "exited", code: 0 }]);
      // What it reaches is its own box's: the real folder is not in that.
      const real = await run(sandbox, shell(`echo x > ${workspace}/a`, boxed));
      expect(real.ended).toEqual({ kind: "exited", code: 2 });
      expect(readFileSync(join(workspace, "a"), "utf8")).toBe("was");
      const second = await run(sandbox, shell("cat a notes/b", boxed));
      expect(second.out).toBe("is\nnew\n");
      boxed.endInput();
      await boxed.ended;
      const changes = await boxed.changes();
      expect("code" in changes ? changes : changes.map(({ path }) => path)).toEqual(
        ["a", "notes/b", "own"].map((path) => join(workspace, path)),
      );
      expect(await boxed.commit(join(folder, "undo"))).toBeNull();
      expect(readFileSync(join(workspace, "own"), "utf8")).toBe("own\nlate\n");
      expect(readdirSync(join(workspace, "notes"))).toEqual(["b"]);
    }));

  test(`${tier}: beside one that has ended, or that writes nothing, none is started`, () =>
    inFolder(async (folder) => {
      const boxed = await waiting(folder, makeNotes(folder));
      await boxed.stop();
      const still = await start(sandbox, { program: ["/bin/sleep", "9"], exec });
      for (const one of [boxed, still]) {
        const came = await sandbox.start(specOf(shell("true", one)));
        expect(came).toMatchObject({ code: "sandbox.no_stage" });
      }
      await still.stop();
    }));
}
