import { join } from "node:path";
import { systemClock } from "../../src/std/clock.ts";
import { BUN, ROOT } from "../../scripts/machine.ts";
import { type Case, type Figures, repeat } from "./case.ts";
import { makeHome } from "./home.ts";

/**
 * An answer that streams into a real terminal of 80 by 24, a token every 5 ms: what is written to
 * it and what that takes, beyond the same program with an answer of one token.
 */

const TERMINAL = { cols: 80, rows: 24 } as const;
/** A screen that shows nothing new for so long is a fault of the bench, in milliseconds. */
const PATIENCE = 20_000;

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
        return shown(argv, home.env, "Ctrl-C twice leaves");
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
    beyondOne(tokens, (count) =>
      shown([...BUN, file, url, `paced-${count}`], { PATH: process.env["PATH"] ?? "" }, "ready"),
    ),
  );
};

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

/** Types a request once `ready` is shown, and leaves once the answer has ended. */
async function shown(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  ready: string,
): Promise<Shown> {
  let [bytes, text] = [0, ""];
  const child = Bun.spawn([...argv], {
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
    child.terminal?.write("go\r");
    await wait("/trace");
    child.terminal?.write("\x04");
    await child.exited;
    return { bytes, cpuUs: Number(child.resourceUsage()?.cpuTime.total ?? Number.NaN) };
  } finally {
    child.kill("SIGKILL");
    child.terminal?.close();
  }
}
