// Runs after `npm ci`: points git at the hooks of this checkout. Says nothing and never fails, as
// it also runs where there is no git, and for whoever installs from a folder or a repository.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

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
