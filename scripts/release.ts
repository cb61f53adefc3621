/**
 * `npm run release -- [TARGET...]`: the binaries that are given away, into `dist/release`: one for
 * each machine (or for those named), a list of what they are made of, and `SHA256SUMS` over all.
 * Whoever builds the same commit gets the same bytes: every binary is built twice and compared.
 */
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { VERSION } from "../src/version.ts";
import { build } from "./build.ts";
import { inTempFolder, ROOT, run } from "./machine.ts";
import { partsOf } from "./release/parts.ts";
import { runtimeOf, type Target, TARGETS, targetOf } from "./release/runtime.ts";
import { checkPages } from "./release/signature.ts";

/** Makes them in `folder`, which is emptied before. @returns the lines of SHA256SUMS. */
export async function release(targets: readonly Target[], folder: string): Promise<string[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files: string[] = [];
  for (const target of targets) files.push(await binaryOf(target, folder));
  const parts = join(folder, `nanos-${VERSION}.cdx.json`);
  writeFileSync(parts, await partsOf(await committedAt()));
  const sums = [...files, parts].map((file) => `${hashIn(file)}  ${basename(file)}`);
  writeFileSync(join(folder, "SHA256SUMS"), `${sums.join("\n")}\n`);
  return sums;
}

/** @throws Error when two builds differ, or a program for macOS would be ended by its system. */
async function binaryOf(target: Target, folder: string): Promise<string> {
  const runtime = await runtimeOf(target);
  const file = join(folder, `nanos-${VERSION}-${target}`);
  await inTempFolder("nanos-release", async (temp) => {
    // The name of the file is in it, so both have the same one.
    const made = ["first", "second"].map((name) => join(temp, name, "nanos"));
    for (const one of made) await build(one, { target, runtime });
    const [first = "", second = ""] = made;
    if (hashIn(first) !== hashIn(second)) throw new Error(`two builds for ${target} differ`);
    copyFileSync(first, file);
  });
  if (TARGETS[target].os === "darwin") {
    const { pages, bad } = checkPages(readFileSync(file));
    if (bad > 0) throw new Error(`${bad} of ${pages} pages are not what its signature says`);
  }
  return file;
}

/** When the commit was made: the moment a release tells, so that it is the same for everybody. */
async function committedAt(): Promise<string> {
  const ran = await run(["git", "log", "-1", "--format=%cI"]);
  if (ran.code !== 0) throw new Error("a release is made from a commit, and this is no repository");
  return ran.stdout.trim();
}

function hashIn(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

if (import.meta.main) {
  const all = Object.keys(TARGETS) as Target[];
  try {
    const named = process.argv.slice(2).map(targetOf);
    const sums = await release(named.length > 0 ? named : all, join(ROOT, "dist/release"));
    console.log(sums.join("\n"));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
