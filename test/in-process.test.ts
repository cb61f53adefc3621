import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init, openNanos } from "../src/nanos.ts";

/** What the library does without a process of its own around it. */

const SKILL = join(import.meta.dirname, "..", "starters/indie-developer/skills/notes");

const git = (cwd: string, ...args: readonly string[]): unknown =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1" },
  });

test("a home of its own: context, a probe, and a skill from a repository in and out", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nanos-library-"));
  const options = { home: join(folder, ".nano-os"), cwd: folder, env: process.env };
  try {
    await init(options, "toy");
    const repository = join(folder, "repository");
    mkdirSync(join(repository, "skills"), { recursive: true });
    cpSync(SKILL, join(repository, "skills", "notes"), { recursive: true });
    git(repository, "init", "-q", "-b", "main");
    git(repository, "add", ".");
    git(repository, "commit", "-qm", "one");

    const nanos = await openNanos(options);
    try {
      const { model, parts } = await nanos.context();
      expect(model).toBe("rules");
      expect(parts.some(({ what }) => what === "prompt of oracle")).toBe(true);

      // The built-in rules are no language model, and a probe says so.
      const probed = await nanos.models.probe("rules", { context: 2_000 }).catch(String);
      expect(probed).toContain("No language model is set up");
      const [line] = nanos.traces.list({ limit: 1 });
      expect((await nanos.context(line?.run)).run).toBe(line?.run ?? "");

      const offer = await nanos.skills.offer(`file://${repository}`);
      expect(offer).toMatchObject({ name: "notes", there: "no" });
      await nanos.skills.install(offer);
      expect(existsSync(join(options.home, "skills", "notes", "SKILL.md"))).toBe(true);
      expect(nanos.traces.verify()).toMatchObject({ ok: true });
    } finally {
      await nanos.close();
    }

    const again = await openNanos(options);
    try {
      expect(await again.skills.check("notes")).toMatchObject({ state: "as installed" });
      await again.skills.remove("notes");
      expect(existsSync(join(options.home, "skills", "notes"))).toBe(false);
    } finally {
      await again.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
