import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/std/clock.ts";
import { SETTLE_MS } from "../../src/cli/keyboard/settled.ts";
import { command } from "./nanos.ts";

/** How long a screen may take to show what a test waits for, in milliseconds. */
const PATIENCE = 20_000;

/** A command in a terminal of 80 by 24 that somebody looks at, by tmux. */
export interface Screen {
  /** What stands on it now, without blank lines at the end. */
  lines(): readonly string[];
  type(text: string): void;
  /** Presses keys by tmux's names: `Enter`, `C-c`. */
  press(...keys: readonly string[]): void;
  /** Waits until the words stand on it. */
  until(words: string | RegExp): Promise<void>;
  /** Waits until the command has ended; its exit code. */
  ended(): Promise<number>;
  close(): void;
}

/** Null where there is no tmux. */
export function openScreen(userHome: string, args: readonly string[]): Screen | null {
  if (spawnSync("tmux", ["-V"]).status !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), "nanos-tmux-"));
  const tmux = (...argv: readonly string[]): string => {
    const env = { PATH: process.env["PATH"] ?? "", TERM: "xterm-256color", LC_ALL: "C.UTF-8" };
    const socket = ["-S", join(folder, "socket"), "-f", "/dev/null"];
    const done = spawnSync("tmux", [...socket, ...argv], { env, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`tmux ${argv.join(" ")}: ${done.stderr}`);
    return done.stdout;
  };
  const env = [`HOME=${userHome}`, `PATH=${process.env["PATH"] ?? ""}`, "TERM=screen-256color"];
  const started = ["env", "-i", ...env, "LC_ALL=C.UTF-8", ...command(), ...args];
  const size = ["-x", "80", "-y", "24", "-c", userHome];
  tmux(...["new-session", "-d", "-s", "s", ...size, "sleep", "60"]);
  tmux("set-option", "-g", "remain-on-exit", "on");
  tmux("set-option", "-g", "status", "off");
  tmux("respawn-pane", "-k", "-t", "s", "-c", userHome, ...started);
  const lines = (): readonly string[] =>
    tmux("capture-pane", "-p", "-t", "s").replace(/\s+$/u, "").split("\n");
  const waitFor = async (is: () => boolean): Promise<boolean> => {
    const start = systemClock.elapsed();
    while (!is()) {
      if (systemClock.elapsed() - start > PATIENCE) return false;
      await systemClock.sleep(50);
    }
    return true;
  };
  return {
    lines,
    type: (text) => void tmux("send-keys", "-t", "s", "-l", text),
    press: (...keys) => void tmux("send-keys", "-t", "s", ...keys),
    until: async (words) => {
      const there = (): boolean => {
        const screen = lines().join("\n");
        return typeof words === "string" ? screen.includes(words) : words.test(screen);
      };
      if (!(await waitFor(there)))
        throw new Error(`no ${String(words)} on:\n${lines().join("\n")}`);
    },
    ended: async () => {
      const state = (): string =>
        tmux("display-message", "-p", "-t", "s", "#{pane_dead} #{pane_dead_status}");
      if (!(await waitFor(() => state().startsWith("1"))))
        throw new Error(`goes on: ${lines().join("\n")}`);
      return Number(state().split(" ")[1]);
    },
    close: () => {
      tmux("kill-server");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * What a command writes to a terminal, byte for byte, and its exit code. Keys are typed once the
 * words before them were written, after those of the last keys.
 */
export async function writtenTo(
  terminal: { readonly columns: number; readonly rows: number },
  userHome: string,
  args: readonly string[],
  typed: readonly (readonly [after: string, keys: string])[] = [],
): Promise<{ readonly code: number; readonly raw: Buffer }> {
  const chunks: Buffer[] = [];
  const keys = [...typed];
  let seen = 0;
  const child = Bun.spawn([...command(), ...args], {
    cwd: userHome,
    env: { PATH: process.env["PATH"] ?? "", TERM: "xterm-256color", HOME: userHome },
    terminal: {
      cols: terminal.columns,
      rows: terminal.rows,
      data: (it, data) => {
        chunks.push(Buffer.from(data));
        const [next] = keys;
        const text = Bun.stripANSI(Buffer.concat(chunks).toString());
        const at = next ? text.indexOf(next[0], seen) : -1;
        if (!next || at === -1) return;
        keys.shift();
        seen = at + next[0].length;
        // A card stands a while before a key can answer it.
        const isAnswer = /^[a-z?]$/u.test(next[1]);
        void systemClock.sleep(isAnswer ? 2 * SETTLE_MS : 0).then(() => it.write(next[1]));
      },
    },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  const code = await child.exited;
  clearTimeout(timer);
  child.terminal?.close();
  return { code, raw: Buffer.concat(chunks) };
}
