#!/usr/bin/env node
// Starts nanos with the Bun that came with the package. Plain JavaScript, as it runs on any Node.
import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = join(dirname(fileURLToPath(import.meta.url)), "../../src/cli/main.ts");
const bun = findBun();
if (bun === null) {
  process.stderr.write(
    "nanos: the Bun runtime is missing from this installation.\n" +
      "Next: install again with install scripts allowed, e.g. npm i -g nanos --allow-scripts=bun\n",
  );
  process.exit(2);
}

// What lies in the current folder (bunfig.toml, .env, tsconfig.json) must not run or be read.
const argv = [
  "--config=/dev/null",
  "--no-env-file",
  "--no-install",
  "--tsconfig-override=/dev/null",
  main,
  ...process.argv.slice(2),
];
const env = { ...process.env };
delete env.BUN_OPTIONS;

// Where Node can replace itself there is one process less to stand between; else stay and pass on.
if (typeof process.execve === "function" && process.platform !== "win32") {
  process.execve(bun, [bun, ...argv], env);
}
const child = spawn(bun, argv, { stdio: "inherit", env });
// The terminal sends Ctrl-C to both; the child decides what it means.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP", "SIGQUIT"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  process.stderr.write(`nanos: ${bun} did not start: ${error.message}\n`);
  process.exit(2);
});
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));

/** The real binary: where install scripts put it, or in the platform's own package. */
function findBun() {
  const places = [];
  try {
    const home = dirname(createRequire(import.meta.url).resolve("bun/package.json"));
    places.push(join(home, "bin/bun.exe"));
    const platforms = join(home, "../@oven");
    for (const name of readdirSync(platforms)) {
      // A machine may hold builds for several C libraries; the glibc one sorts first.
      const exe = process.platform === "win32" ? "bun.exe" : "bun";
      if (name.includes(process.platform)) places.push(join(platforms, name, "bin", exe));
    }
  } catch {
    // Not installed: the message above says so.
  }
  return places.find((file) => isReal(file)) ?? null;
}

/** Without install scripts a stub of some hundred bytes lies where the binary should be. */
function isReal(file) {
  try {
    return statSync(file).size > 1_000_000;
  } catch {
    return false;
  }
}
