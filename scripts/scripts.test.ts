import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { inTempFolder, ROOT } from "./machine.ts";

/** The small scripts of a checkout. */

function script(name: string, args: readonly string[], cwd: string, input = "") {
  const ran = spawnSync("sh", [join(ROOT, "scripts", name), ...args], {
    ...{ cwd, input, encoding: "utf8" },
    env: { PATH: process.env["PATH"] ?? "" },
  });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

test("a provider's variables are written for the operator alone, and nothing is written over", () =>
  inTempFolder("configure", async (folder) => {
    const file = join(folder, "mine.env");
    for (const [provider, answers, text] of [
      ["openai", ["m", "k"], "OPENAI_MODEL=m\nOPENAI_API_KEY=k\n"],
      ["anthropic", ["m", "k"], "ANTHROPIC_MODEL=m\nANTHROPIC_API_KEY=k\n"],
      [
        "custom",
        ["http://a/v1", "m", "k"],
        "CUSTOM_MODEL_BASE_URL=http://a/v1\nCUSTOM_MODEL_NAME=m\nCUSTOM_MODEL_API_KEY=k\n",
      ],
    ] as const) {
      const to = `${file}.${provider}`;
      const made = script("configure.sh", [provider, to], folder, `${answers.join("\n")}\n`);
      expect([made.code, readFileSync(to, "utf8")]).toEqual([0, text]);
      expect(statSync(to).mode & 0o777).toBe(0o600);
      const again = script("configure.sh", [provider, to], folder, "x\ny\nz\n");
      expect([again.code, readFileSync(to, "utf8")]).toEqual([2, text]);
    }
    expect(script("configure.sh", ["openai"], folder, "\n").code).toBe(2);
    expect(script("configure.sh", ["elsewhere"], folder).code).toBe(2);
    expect(existsSync(join(folder, ".env"))).toBe(false);
  }));

test("the receipts say what they run", () => {
  const steps = script("verify.sh", ["--print"], ROOT);
  expect([steps.code, steps.out]).toEqual([
    0,
    "npm run --silent check -- boundary secrets\nnpm test\n",
  ]);
  expect(script("verify.sh", ["--loud"], ROOT).code).toBe(2);
});
