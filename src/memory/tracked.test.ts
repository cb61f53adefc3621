import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMemory } from "./open.ts";
import { repositoryWith } from "./tracked.ts";

test("a repository that holds notes of one agent or conversation is found", () => {
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
    // What travels with an arrangement may be in it.
    git("add", ".nano-os/memory/c.md");
    expect(repositoryWith(memory.dir)).toBeNull();
    git("add", ".nano-os/memory/agents/tea/a.md");
    expect(repositoryWith(memory.dir)).toBe(project);
  } finally {
    fs.rmSync(project, { recursive: true, force: true });
  }
});
