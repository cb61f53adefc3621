import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMemory } from "./open.ts";
import { repositoryWith } from "./tracked.ts";

test("notes come into no repository by themselves, and one that holds them is found", () => {
  const project = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "nanos-tracked-")));
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-C", project, ...args], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "", HOME: project },
    });
  try {
    const memory = openMemory(join(project, ".nano-os", "memory"));
    expect(repositoryWith(memory.dir)).toBeNull();
    git("init", "-q");
    memory.write("agents/tea", "a", "Only tea knows.");
    memory.write("conversation", "b", "It was said.");
    memory.write("shared", "c", "For all.");
    fs.writeFileSync(join(project, "open.md"), "x");
    git("add", "--all");
    expect(git("ls-files").trim()).toBe("open.md");
    expect(repositoryWith(memory.dir)).toBeNull();
    // What travels with an arrangement may be in it.
    git("add", "--force", ".nano-os/memory/c.md");
    expect(repositoryWith(memory.dir)).toBeNull();
    git("add", "--force", ".nano-os/memory/agents/tea/a.md");
    expect(repositoryWith(memory.dir)).toBe(project);
  } finally {
    fs.rmSync(project, { recursive: true, force: true });
  }
});
