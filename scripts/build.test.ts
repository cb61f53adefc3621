import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";
import { inTempFolder, run } from "./machine.ts";

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
