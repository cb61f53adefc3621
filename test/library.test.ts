import { expect, test } from "bun:test";
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromLanguageModel } from "../src/models/authoring.ts";
import { init, openNanos } from "../src/nanos.ts";

test("as a library: set up, run, export, and be told what is missing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nanos-library-"));
  try {
    const options = { home: join(folder, ".nano-os"), cwd: folder, env: {} };
    await init(options, "toy");
    const nanos = await openNanos(options);
    const { run, done } = await nanos.run({ text: "echo hello" });
    expect(await done).toMatchObject({ state: "ended", ended: { outcome: "succeeded" } });
    const file = join(folder, "run.jsonl");
    const written = await nanos.traces.export(run, file);
    const lines = readFileSync(file, "utf8").trim().split("\n");
    expect(lines.length).toBe(written);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ run, kind: "run.started" });
    const checks = await nanos.doctor(false);
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["home", "arrangement", "sandbox", "model", "journal", "tools"]),
    );
    await nanos.close();
    expect(typeof fromLanguageModel).toBe("function");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
