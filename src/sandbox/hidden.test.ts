import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { carve } from "./hidden.ts";
import { forced, inFolder, run, type Want } from "./testing/ground.ts";
import { TIERS } from "./testing/tiers.ts";

const PROGRAMS = ["/bin/sh", "/bin/cat", "/bin/ls", "/bin/cp", "/bin/ln", "/bin/true"];

/** A workspace with something to read and something hidden in it. */
function makeWorkspace(folder: string): string {
  const hidden = join(folder, ".nano-os", "memory");
  fs.mkdirSync(join(hidden, "agents"), { recursive: true });
  fs.writeFileSync(join(hidden, "a.md"), "HIDDEN");
  fs.writeFileSync(join(hidden, "agents", "b.md"), "HIDDEN");
  fs.writeFileSync(join(folder, ".nano-os", "arrangement.yaml"), "OPEN");
  fs.writeFileSync(join(folder, "notes.md"), "OPEN");
  fs.symlinkSync(join(hidden, "a.md"), join(folder, "link.md"));
  fs.symlinkSync(hidden, join(folder, "linked"));
  return hidden;
}

/** Ways to a hidden note, by a tool that may read (and write) all around it. */
const WAYS: readonly string[] = [
  "cat .nano-os/memory/a.md",
  "cat .nano-os/memory/agents/b.md",
  "cat ./.nano-os/../.nano-os/memory/a.md",
  "cat link.md",
  "cat linked/a.md",
  "cat /proc/self/cwd/.nano-os/memory/a.md",
  "cat /proc/self/root$PWD/.nano-os/memory/a.md",
  "cp -r .nano-os /tmp/x && cat /tmp/x/memory/a.md",
  "cd .nano-os/memory && cat a.md",
  "cat .nano-os/memory/*",
  "ln -s ../.nano-os/memory/a.md out.md && cat out.md",
];

for (const tier of TIERS) {
  const check = async (folder: string, hidden: string, want: Want): Promise<string> => {
    const sandbox = forced(tier, [hidden]);
    try {
      const shell: Want = { exec: PROGRAMS, cwd: folder, env: { PATH: "/usr/bin:/bin" }, ...want };
      const { out } = await run(sandbox, shell);
      return out;
    } finally {
      await sandbox.close();
    }
  };

  test(`${tier}: what is hidden is read by no way there is, and the rest is`, () =>
    inFolder(async (folder) => {
      const hidden = makeWorkspace(folder);
      const ways = WAYS.map((way) => `(${way}) 2>/dev/null`).join("; ");
      const program = ["/bin/sh", "-c", `${ways}; cat notes.md .nano-os/arrangement.yaml`];
      const read = await check(folder, hidden, { program, reads: [folder] });
      expect([read.includes("HIDDEN"), read.endsWith("OPENOPEN")]).toEqual([false, true]);
      await inFolder(async (beside) => {
        const staged: Want = { program, writes: [folder], stage: join(beside, "stage") };
        const written = await check(folder, hidden, staged);
        expect([written.includes("HIDDEN"), written.endsWith("OPENOPEN")]).toEqual([false, true]);
      });
    }));

  test(`${tier}: naming it in a scope of its own gives nothing`, () =>
    inFolder(async (folder) => {
      const hidden = makeWorkspace(folder);
      for (const path of [hidden, join(hidden, "a.md"), join(folder, "linked")]) {
        const program = ["/bin/cat", join(hidden, "a.md")];
        expect(await check("/", hidden, { program, reads: [path] })).toBe("");
      }
    }));
}

test("a grant around something hidden becomes grants beside it; links lead nowhere", () =>
  inFolder(async (folder) => {
    const hidden = makeWorkspace(folder);
    const { reads, lists } = carve([folder, join(hidden, "a.md"), "/elsewhere"], [hidden]);
    expect([...reads].toSorted()).toEqual(
      [
        "/elsewhere",
        join(folder, ".nano-os", "arrangement.yaml"),
        join(folder, "notes.md"),
      ].toSorted(),
    );
    expect([...lists].toSorted()).toEqual([folder, join(folder, ".nano-os")]);
    expect(carve([folder], [])).toEqual({ reads: [folder], lists: [] });
  }));
