// Runs after `npm ci`: points git at the hooks of this checkout, and builds the cockpit. Says nothing
// and never fails, as it also runs where there is no git, and for whoever installs from a folder or a
// repository; what is not built says so when it is opened.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const git = (...args) =>
  execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();

try {
  if (existsSync(".git") && existsSync(".githooks") && !process.env.CI) {
    let set = "";
    try {
      set = git("config", "core.hooksPath");
    } catch {
      // Not set: ours to set. A path somebody chose stays.
    }
    if (set === "") git("config", "core.hooksPath", ".githooks");
  }
} catch {
  // No git: no hooks.
}

try {
  const bun = fileURLToPath(new URL("../node_modules/bun/bin/bun.exe", import.meta.url));
  const flags = ["--config=/dev/null", "--no-env-file"];
  execFileSync(bun, [...flags, "scripts/build/cockpit.ts"], { stdio: "ignore" });
} catch {
  // Without what it is built with: `npm run cockpit` says what is missing.
}
