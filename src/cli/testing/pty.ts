import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { SETTLE_MS } from "../keyboard/settled.ts";
import type { Script } from "./scripted-nanos.ts";

/** A program in a real pseudo terminal. */
export interface Pty {
  /** Types keys. */
  type(text: string): void;
  /** Types a key at a card, after the while for which one stands before keys count. */
  answer(key: string): Promise<void>;
  /** Everything it wrote, as it wrote it. */
  raw(): string;
  /** Everything it wrote without escape sequences. */
  text(): string;
  /**
   * Waits until the words are written, after those of the last `until`; fails after `patience`
   * milliseconds.
   */
  until(words: string, patience?: number): Promise<void>;
  /** What was written so far counts as read. */
  forget(): void;
  kill(signal: "SIGTERM" | "SIGHUP"): void;
  /** Takes the terminal away, as closing its window does. */
  hangUp(): void;
  readonly ended: Promise<number>;
}

/** How long a screen may take to say what a test waits for, in milliseconds. */
const PATIENCE = 20_000;

/** Runs nanos over a scripted house in a pseudo terminal, in a home of its own. */
export async function inPty(
  script: Omit<Script, "home">,
  argv: readonly string[],
  use: (pty: Pty, home: string) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await inHome(async (home) => {
    const file = join(home, "script.json");
    writeFileSync(file, JSON.stringify({ ...script, home }));
    await drive(home, ["scripted-main.ts", file, ...argv], use, env);
  });
}

/** Runs nanos itself in a pseudo terminal, in an empty home. */
export async function inRealPty(
  argv: readonly string[],
  use: (pty: Pty, home: string) => Promise<void>,
): Promise<void> {
  await inHome((home) => drive(home, ["../main.ts", ...argv], use));
}

async function inHome(use: (home: string) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "nanos-pty-"));
  try {
    await use(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function drive(
  home: string,
  [main = "", ...argv]: readonly string[],
  use: (pty: Pty, home: string) => Promise<void>,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const screen = new Screen();
  const flags = [
    "--config=/dev/null",
    "--no-env-file",
    "--no-install",
    "--tsconfig-override=/dev/null",
  ];
  const file = new URL(main, import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, ...flags, file, ...argv], {
    cwd: home,
    env: {
      PATH: process.env["PATH"] ?? "",
      TERM: "xterm-256color",
      HOME: home,
      NANOS_HOME: join(home, "nanos"),
      ...more,
    },
    terminal: { cols: 80, rows: 30, data: (_terminal, data) => screen.take(data) },
  });
  try {
    const pty: Pty = {
      type: (text) => void child.terminal?.write(text),
      answer: async (key) => {
        await systemClock.sleep(2 * SETTLE_MS);
        child.terminal?.write(key);
      },
      raw: () => screen.raw,
      text: () => Bun.stripANSI(screen.raw),
      until: (words, patience) => screen.until(words, patience),
      forget: () => screen.forget(),
      kill: (signal) => child.kill(signal),
      hangUp: () => {
        child.terminal?.close();
        child.kill("SIGHUP");
      },
      ended: child.exited,
    };
    await use(pty, home);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    child.terminal?.close();
  }
}

/** What a program wrote, and how far a test has read it. */
class Screen {
  raw = "";
  #seen = 0;
  #decoder = new TextDecoder();
  #wake: () => void = () => undefined;

  take(data: Uint8Array): void {
    this.raw += this.#decoder.decode(data, { stream: true });
    this.#wake();
  }

  forget(): void {
    this.#seen = Bun.stripANSI(this.raw).length;
  }

  async until(words: string, patience = PATIENCE): Promise<void> {
    const started = systemClock.elapsed();
    for (;;) {
      const text = Bun.stripANSI(this.raw);
      const found = text.indexOf(words, this.#seen);
      if (found !== -1) {
        this.#seen = found + words.length;
        return;
      }
      const left = patience - (systemClock.elapsed() - started);
      if (left <= 0) throw new Error(`no ${JSON.stringify(words)} in:\n${text.slice(this.#seen)}`);
      const stop = new AbortController();
      this.#wake = () => stop.abort();
      await systemClock.sleep(Math.min(left, 200), stop.signal);
    }
  }
}
