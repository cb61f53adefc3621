import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apply, exportTo, init, offer, openNanos } from "../src/nanos.ts";

/** What the library does without a process of its own around it. */

const SKILL = join(import.meta.dirname, "..", "starters/indie-developer/skills/file-organiser");

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
    cpSync(SKILL, join(repository, "skills", "file-organiser"), { recursive: true });
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
      expect(offer).toMatchObject({ name: "file-organiser", there: "no" });
      await nanos.skills.install(offer);
      expect(existsSync(join(options.home, "skills", "file-organiser", "SKILL.md"))).toBe(true);
      expect(nanos.traces.verify()).toMatchObject({ ok: true });
    } finally {
      await nanos.close();
    }

    const again = await openNanos(options);
    try {
      expect(await again.skills.check("file-organiser")).toMatchObject({ state: "as installed" });
      await again.skills.remove("file-organiser");
      expect(existsSync(join(options.home, "skills", "file-organiser"))).toBe(false);
    } finally {
      await again.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

test("an arrangement out of one home and into another, and a skill's own cases there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nanos-library-"));
  const user = (name: string): Parameters<typeof init>[0] => {
    mkdirSync(join(folder, name));
    return { home: join(folder, name, ".nano-os"), cwd: join(folder, name), env: process.env };
  };
  const [here, there] = [user("here"), user("there")];
  try {
    await init(here, "basics");
    const skill = join(folder, "here/.nano-os/skills/basics");
    mkdirSync(join(skill, "tests"));
    const turns = [{ calls: [{ name: "calculate", args: { expression: "6*7" } }] }, { say: "42" }];
    const expected = { text: "42", calls: ["calculate"] };
    writeFileSync(
      join(skill, "tests/times.yaml"),
      JSON.stringify({ request: "what is six times seven", model: { turns }, expect: expected }),
    );
    const out = join(folder, "out");
    const exported = await exportTo(here, out);
    expect(exported.files).toContain("skills/basics/tests/times.yaml");

    const offered = await offer(there, "out", out);
    await apply(there, offered);
    const nanos = await openNanos(there);
    try {
      expect(await nanos.skills.test("basics")).toEqual([
        { file: "tests/times.yaml", failures: [] },
      ]);
    } finally {
      await nanos.close();
    }
    const key = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    writeFileSync(
      join(folder, "here/.nano-os/mcp.json"),
      JSON.stringify({
        mcpServers: { hub: { url: "https://hub.example/mcp", headers: { Authorization: key } } },
      }),
    );
    const refused = await exportTo(here, join(folder, "again")).catch(String);
    expect(refused).toContain("mcp.json:1: holds a value for Authorization");
    expect(refused).not.toContain(key);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

test("an agent's own case in a repository of the trial's, and how the home stands after it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nanos-library-"));
  const options = { home: join(folder, ".nano-os"), cwd: folder, env: process.env };
  try {
    await init(options, "coder");
    const nanos = await openNanos(options);
    try {
      const report = await nanos.agents.test("coder", { only: "new-function" });
      expect(report.cases).toMatchObject([{ failures: [], outcome: "succeeded" }]);
      expect(await nanos.status()).toMatchObject({
        evolution: { stage: "DORMANT", xp: 0 },
        missions: { waiting: 0, open: 0 },
        agents: ["coder"],
        spend: { runs: 0 },
      });
    } finally {
      await nanos.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
