import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "../../src/std/clock.ts";
import { BUN, ROOT } from "../../scripts/machine.ts";
import { type Case, type Figures, repeat } from "./case.ts";
import { makeHome } from "./home.ts";
import { PEERS } from "./peers.ts";

/**
 * An answer that streams into a real terminal of 80 by 24, a token every 5 ms: what is written to
 * it and what that takes, beyond the same program with an answer of one token.
 */

const TERMINAL = { cols: 80, rows: 24 } as const;
/** A screen that shows nothing new for so long is a fault of the bench, in milliseconds. */
const PATIENCE = 20_000;
/** A screen that shows nothing new for so long has settled. */
const SETTLED_MS = 700;

/** The session, as it is used. */
export const session: Case = async ({ url, quick }) => {
  const tokens = quick ? 60 : 600;
  const home = await makeHome(url, [`paced-${tokens}`, "paced-1"]);
  try {
    return await repeat(quick ? 1 : 3, () =>
      beyondOne(tokens, (count) => {
        const main = join(ROOT, "src/cli/main.ts");
        const flags = ["--no-install", "--tsconfig-override=/dev/null"];
        const argv = [...BUN, ...flags, main, "--home", home.dir, "--model", `paced-${count}`];
        return shown({ argv, env: home.env, ready: "Ctrl-C twice leaves", ended: "/trace" });
      }),
    );
  } finally {
    home.remove();
  }
};

/** The same library to draw with, used as its own examples do: all of the text again at each token. */
export const library: Case = ({ url, quick }) => {
  const tokens = quick ? 60 : 600;
  const file = join(ROOT, "bench/pi-view.ts");
  return repeat(quick ? 1 : 3, () =>
    beyondOne(tokens, (count) => {
      const argv = [...BUN, file, url, `paced-${count}`];
      return shown({ argv, env: PATH, ready: "ready", ended: "/trace" });
    }),
  );
};

/** A peer's whole session: pi's, on the same runtime, with nothing that reaches out or is kept. */
export const pi: Case = async ({ url, quick }) => {
  const tokens = quick ? 60 : 600;
  const dir = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  const models = [`paced-${tokens}`, "paced-1"].map((id) => ({ id }));
  const mock = { baseUrl: url, api: "openai-completions", apiKey: "none", models };
  writeFileSync(join(dir, "models.json"), JSON.stringify({ providers: { mock } }));
  const main = Bun.resolveSync(
    "@earendil-works/pi-coding-agent/package.json",
    join(PEERS, "pi-session"),
  );
  const env = { ...PATH, HOME: dir, PI_CODING_AGENT_DIR: dir };
  try {
    return await repeat(quick ? 1 : 3, () =>
      beyondOne(tokens, (count) => {
        const cli = join(dirname(main), "dist/bundle/cli.js");
        const flags = ["--offline", "--no-session", "--provider", "mock"];
        const argv = [process.execPath, cli, ...flags, "--model", `paced-${count}`];
        // Its last line counts tokens once there is an answer; it ends on a signal.
        return shown({ argv, env, ready: "0.0%/128k", ended: "5 0.0%/128k", cwd: dir });
      }),
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

const PATH = { PATH: process.env["PATH"] ?? "" };

interface Shown {
  readonly bytes: number;
  readonly cpuUs: number;
}

async function beyondOne(
  tokens: number,
  show: (count: number) => Promise<Shown>,
): Promise<Figures> {
  const [one, all] = [await show(1), await show(tokens)];
  return {
    tokenBytes: (all.bytes - one.bytes) / (tokens - 1),
    tokenCpuUs: (all.cpuUs - one.cpuUs) / (tokens - 1),
  };
}

interface Program {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What it shows once something can be typed, and what once the answer has ended. */
  readonly ready: string;
  readonly ended: string;
}

/** Types a request once the program is ready, and leaves once the answer has ended. */
async function shown({ argv, env, cwd, ready, ended }: Program): Promise<Shown> {
  let [bytes, text] = [0, ""];
  const child = Bun.spawn([...argv], {
    ...(cwd !== undefined && { cwd }),
    env: { ...env, TERM: "xterm-256color" },
    terminal: {
      ...TERMINAL,
      data: (_terminal, data) => {
        bytes += data.length;
        text += Buffer.from(data).toString("latin1");
      },
    },
  });
  const wait = async (words: string): Promise<void> => {
    const start = systemClock.elapsed();
    while (!Bun.stripANSI(text).includes(words)) {
      if (systemClock.elapsed() - start > PATIENCE)
        throw new Error(`${words} was never shown: ${Bun.stripANSI(text).slice(-300)}`);
      await systemClock.sleep(20);
    }
  };
  try {
    await wait(ready);
    // Some draw all of it before they listen to keys.
    for (let seen = -1; seen !== bytes;) {
      seen = bytes;
      await systemClock.sleep(SETTLED_MS);
    }
    child.terminal?.write("go\r");
    await wait(ended);
    child.kill("SIGTERM");
    await child.exited;
    return { bytes, cpuUs: Number(child.resourceUsage()?.cpuTime.total ?? Number.NaN) };
  } finally {
    child.kill("SIGKILL");
    child.terminal?.close();
  }
}
