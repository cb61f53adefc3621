import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";
import { inTempFolder, run } from "./machine.ts";
import { release } from "./release.ts";
import { type Target, targetOf } from "./release/runtime.ts";
import { checkPages } from "./release/signature.ts";

test(
  "the binary starts in an empty folder and runs nothing that lies there",
  () =>
    inTempFolder("nanos-build", async (folder) => {
      const binary = join(folder, "nanos");
      await build(binary);
      const here = join(folder, "here");
      mkdirSync(here);
      writeFileSync(join(here, "bunfig.toml"), 'preload = ["./trap.ts"]\n');
      writeFileSync(join(here, "trap.ts"), 'require("node:fs").writeFileSync("trapped", "");\n');
      writeFileSync(join(here, ".env"), "NANOS_HOME=/nowhere\n");
      const version = await run([binary, "--version"], { cwd: here, env: {} });
      expect(version.code).toBe(0);
      expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/u);
      const help = await run([binary, "--help"], { cwd: here, env: { HOME: folder } });
      expect(help.code).toBe(0);
      expect(existsSync(join(here, "trapped"))).toBe(false);
      expect(readdirSync(folder).toSorted()).toEqual(["here", "nanos"]);
    }),
  120_000,
);

const OWN = `linux-${process.arch}` as Target;

test(
  "a release has what its sums name, the same from two builds",
  () =>
    inTempFolder("nanos-release", async (folder) => {
      const sums = await release([OWN], folder);
      const [binary = "", parts = ""] = sums.map((line) => join(folder, line.slice(66)));
      expect(sums).toHaveLength(2);
      const checked = await run(["sha256sum", "--check", "SHA256SUMS"], { cwd: folder });
      expect(checked.code).toBe(0);
      expect((await run([binary, "--version"], { env: {} })).code).toBe(0);
      expect(() => checkPages(readFileSync(binary))).toThrow("no program for macOS");

      const list = JSON.parse(readFileSync(parts, "utf8")) as { components: { name: string }[] };
      const names = list.components.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(["zod", "yaml", "commander"]));
      expect(names).not.toContain("knip");
    }),
  300_000,
);

test.if(process.env["NANOS_TEST_MAC"] !== undefined)(
  "every page of the binary for a Mac is what its signature says, and another is found",
  () =>
    inTempFolder("nanos-release", async (folder) => {
      const [mac = ""] = await release(["darwin-arm64"], folder);
      const program = readFileSync(join(folder, mac.slice(66)));
      const { pages, bad } = checkPages(program);
      expect([pages > 20_000, bad]).toEqual([true, 0]);
      program[5_000_000] = (program[5_000_000] ?? 0) ^ 1;
      expect(checkPages(program)).toEqual({ pages, bad: 1 });
    }),
  300_000,
);

test("for what machine there is no binary is said, and why", () => {
  expect(() => targetOf("darwin-x64")).toThrow("codesign");
  expect(() => targetOf("amiga")).toThrow("linux-x64, linux-arm64, darwin-arm64");
});
