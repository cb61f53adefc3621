import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import type { PendingFile } from "../contracts/config.ts";
import { LIMITS } from "../std/limits.ts";
import { snapshot, withEdits } from "./arrangement/snapshot.ts";
import { openHome } from "./home.ts";
import { begin, pendingFile } from "./pending.ts";
import { refusal, SMALL, testFolder, type TestFolder, under } from "./testing/folder.ts";

const EDITS: ReadonlyMap<string, string | null> = new Map([
  ["agents/oracle.md", "---\nname: oracle\ndescription: Another.\n---\nNew.\n"],
  ["agents/second.md", "---\nname: second\ndescription: Second.\n---\nNew.\n"],
  ["skills/notes/SKILL.md", null],
  ["skills/notes/nanos.yaml", null],
  ["skills/notes/tools/notes.ts", null],
]);

function pendingOf(dir: string, project: boolean): PendingFile {
  const edits = new Map(
    [...EDITS].map(([path, text]) => [path, text === null ? null : Buffer.from(text)]),
  );
  const { hash } = withEdits(snapshot(dir, join(dir, ".."), project), edits);
  const files = [...edits].map(([path, content]) => ({
    path,
    content: content?.toString("base64") ?? null,
    mode: 0o644,
  }));
  return { v: 1, dir, hash, project, files };
}

/** A process wrote down the change, did the first `done` files of it, and was killed. */
function killedAfter(folder: TestFolder, done: number, project = false): string {
  const dir = project ? join(folder.dir, "p/.nano-os") : join(folder.dir, ".nano-os");
  const machine = join(folder.dir, ".nano-os/machine");
  const pending = pendingOf(dir, project);
  begin(machine, pending);
  for (const { path, content } of pending.files.slice(0, done)) {
    if (content === null) fs.rmSync(join(dir, path));
    else fs.writeFileSync(join(dir, path), Buffer.from(content, "base64"));
  }
  return dir;
}

const open = (folder: TestFolder, cwd = folder.dir): ReturnType<typeof openHome> =>
  openHome({ home: join(folder.dir, ".nano-os"), cwd, env: {} });

describe("a change that a killed process had begun", () => {
  for (let done = 0; done <= EDITS.size; done++) {
    test(`is finished by whoever comes next, ${done} of ${EDITS.size} files on`, async () => {
      using folder = testFolder(under(".nano-os", SMALL));
      const dir = killedAfter(folder, done);
      const loaded = await open(folder).arrangement();
      expect([...loaded.agents.keys()]).toEqual(["oracle", "second"]);
      expect(loaded.agents.get("oracle")?.prompt).toBe("New.");
      expect(fs.existsSync(join(dir, "skills"))).toBe(false);
      expect(fs.existsSync(pendingFile(join(folder.dir, ".nano-os/machine")))).toBe(false);
    });
  }

  test("in a project leaves it trusted, as it was said yes to", async () => {
    using folder = testFolder(under("p/.nano-os", SMALL));
    const dir = join(folder.dir, "p/.nano-os");
    const home = open(folder, join(folder.dir, "p"));
    await home.trust.give(await home.trust.view(dir));
    killedAfter(folder, 2, true);
    const loaded = await open(folder, join(folder.dir, "p")).arrangement();
    expect([...loaded.agents.keys()]).toEqual(["oracle", "second"]);
  });

  test("in a project that somebody else changed meanwhile is no yes to that", async () => {
    using folder = testFolder(under("p/.nano-os", SMALL));
    const dir = join(folder.dir, "p/.nano-os");
    const home = open(folder, join(folder.dir, "p"));
    await home.trust.give(await home.trust.view(dir));
    killedAfter(folder, 2, true);
    fs.writeFileSync(join(dir, "tools.ts"), "export default 1;\n");
    const said = await refusal(() => open(folder, join(folder.dir, "p")).arrangement());
    expect(said.code).toBe("trust.changed");
  });

  const DAMAGED: readonly (readonly [what: string, text: string])[] = [
    ["no JSON", "{"],
    ["of another shape", '{"v": 1}'],
    [
      "one that leads out",
      JSON.stringify({
        ...{ v: 1, dir: "/tmp", hash: "", project: false },
        files: [{ path: "../x", content: null, mode: 0o644 }],
      }),
    ],
  ];
  for (const [what, text] of DAMAGED) {
    test(`is not done where it is ${what}`, async () => {
      using folder = testFolder(under(".nano-os", SMALL));
      const home = open(folder);
      fs.writeFileSync(pendingFile(home.paths.machine), text);
      const said = await refusal(() => home.arrangement());
      expect(said.code).toBe("home.damaged");
      expect(said.next).toContain("arrangement.change");
    });
  }

  test("is never larger than what is read back", () => {
    expect((LIMITS.treeBytes * 4) / 3).toBeLessThan(2 * LIMITS.storedBytes);
  });
});
