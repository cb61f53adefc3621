import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import type { Script } from "./scripted-nanos.ts";

/** A program in a real pseudo terminal. */
export interface Pty {
  /** Types keys. */
  type(text: string): void;
  /** Everything it wrote, as it wrote it. */
  raw(): string;
  /** Everything it wrote without escape sequences. */
  text(): string;
  /** Waits until the words are written, after those of the last `until`; fails after a while. */
  until(words: string): Promise<void>;
  readonly ended: Promise<number>;
}

/** How long a screen may take to say what a test waits for, in milliseconds. */
const PATIENCE = 20_000;

/** Runs nanos over a scripted house in a pseudo terminal of 80 by 30, in a home of its own. */
export async function inPty(
  script: Omit<Script, "home">,
  argv: readonly string[],
  use: (pty: Pty, home: string) => Promise<void>,
): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "nanos-pty-"));
  const file = join(home, "script.json");
  writeFileSync(file, JSON.stringify({ ...script, home }));
  let raw = "";
  let seen = 0;
  let wake: () => void = () => undefined;
  const main = new URL("scripted-main.ts", import.meta.url).pathname;
  const flags = ["--config=/dev/null", "--no-env-file", "--no-install"];
  const child = Bun.spawn([process.execPath, ...flags, main, file, ...argv], {
    cwd: home,
    env: { PATH: process.env["PATH"] ?? "", TERM: "xterm-256color", HOME: home },
    terminal: {
      cols: 80,
      rows: 30,
      data: (_terminal, data) => {
        raw += Buffer.from(data).toString("utf8");
        wake();
      },
    },
  });
  const pty: Pty = {
    type: (text) => void child.terminal?.write(text),
    raw: () => raw,
    text: () => Bun.stripANSI(raw),
    until: async (words) => {
      const started = systemClock.elapsed();
      for (;;) {
        const found = Bun.stripANSI(raw).indexOf(words, seen);
        if (found !== -1) {
          seen = found + words.length;
          return;
        }
        const left = PATIENCE - (systemClock.elapsed() - started);
        if (left <= 0)
          throw new Error(`no ${JSON.stringify(words)} in:\n${Bun.stripANSI(raw).slice(seen)}`);
        const stop = new AbortController();
        wake = () => stop.abort();
        await systemClock.sleep(Math.min(left, 200), stop.signal);
      }
    },
    ended: child.exited,
  };
  try {
    await use(pty, home);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    child.terminal?.close();
    rmSync(home, { recursive: true, force: true });
  }
}
