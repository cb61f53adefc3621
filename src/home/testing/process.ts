import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** Runs `child.ts` in a process of its own and resolves with what it printed. */
export function child(args: readonly string[], user?: number): Promise<string> {
  const flags = process.versions["bun"] ? ["--config=/dev/null", "--no-env-file"] : [];
  const running: ChildProcess = spawn(
    process.execPath,
    [...flags, join(import.meta.dirname, "child.ts"), ...args],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent" },
      cwd: "/",
      ...(user === undefined ? {} : { uid: user, gid: user }),
    },
  );
  return new Promise((resolve, reject) => {
    let text = "";
    running.stdout?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    running.on("error", reject);
    running.on("close", () => resolve(text));
  });
}

/** True when tests run as root, who may read and write anything: then another user is asked. */
export const AS_ROOT = process.getuid?.() === 0;
/** A user who owns nothing. */
export const NOBODY = 65_534;
