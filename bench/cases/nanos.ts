import { closeSync, openSync, writeSync } from "node:fs";
import { systemClock } from "../../src/std/clock.ts";
import type { Live, Nanos } from "../../src/contracts/nanos.ts";
import { type Case, cpuUs, type Figures, repeat } from "./case.ts";
import { streamOf, WARM } from "./bare.ts";
import { bytesIn } from "./files.ts";
import { growthOf } from "./growth.ts";
import { type BenchHome, makeHome, runToEnd } from "./home.ts";

/** Nanos as a library: gate, journal and sandbox as they always are. */

/**
 * 20 steps and an answer. `stepMs` counts from the first result on, when the tool's process is
 * there; `wholeMs` counts all, the start of that process too.
 */
export const step: Case = ({ url, quick }) =>
  inHome(url, ["steps-20"], async (nanos) => {
    for (let i = 0; i < (quick ? 1 : WARM); i++) await runToEnd(nanos, { text: "go" });
    return repeat(quick ? 2 : 15, async () => {
      const watch = settledWatch();
      const start = systemClock.elapsed();
      await runToEnd(nanos, { text: "go", on: watch.on });
      const end = systemClock.elapsed();
      return {
        // 19 of the 20 calls and the answer lie after the first result.
        stepMs: (end - watch.first.ms) / 19.5,
        cpuUs: (cpuUs() - watch.first.cpu) / 19.5,
        wholeMs: (end - start) / 20,
      };
    });
  });

/** One run of 1,000 steps, then its replay from the journal alone, and the check of the journal. */
export const growth: Case = ({ url, quick }) => {
  const steps = quick ? 60 : 1_000;
  return inHome(url, [`steps-${steps}`], async (nanos, home, close) => {
    // So that the run below is not charged with the first look at the tools.
    await nanos.tools.list();
    const before = bytesIn(home.dir);
    const watched = growthOf(steps);
    let done = 0;
    const on = (live: Live): void => {
      if (isSettled(live)) watched.mark(++done);
    };
    const { run } = await runToEnd(nanos, { text: "go", on });
    const figures = watched.figures();
    const replayed = await repeat(quick ? 1 : 3, () => replay(nanos, run, steps));
    const verified = await repeat(quick ? 1 : 3, () => verify(nanos));
    // What stays on disk once the log is written back.
    await close();
    const bytes = (bytesIn(home.dir) - before) / steps;
    return { ...figures, ...replayed, ...verified, bytes };
  });
};

async function replay(nanos: Nanos, run: string, steps: number): Promise<Figures> {
  const start = systemClock.elapsed();
  const report = await nanos.traces.replay(run);
  if (!report.ok) throw new Error(`replay differs: ${report.differs}`);
  const seconds = (systemClock.elapsed() - start) / 1_000;
  return { replaySteps: steps / seconds, replayActions: report.steps / seconds };
}

async function verify(nanos: Nanos): Promise<Figures> {
  const start = systemClock.elapsed();
  const report = nanos.traces.verify();
  if (!report.ok) throw new Error(`verify found ${report.bad}`);
  return { verifyEvents: report.events / ((systemClock.elapsed() - start) / 1_000) };
}

/** 4,000 tokens, each handed to a surface that writes it as a line, as `run --json` does. */
export const stream: Case = ({ url, quick }) => {
  const tokens = quick ? 400 : 4_000;
  return inHome(url, [`tokens-${tokens}`], async (nanos) => {
    const sink = openSync("/dev/null", "w");
    const on = (live: Live): void => {
      writeSync(sink, `${JSON.stringify(live)}\n`);
    };
    const figures = await streamOf(quick, () => runToEnd(nanos, { text: "go", on }));
    const quiet = await streamOf(quick, () => runToEnd(nanos, { text: "go" }));
    closeSync(sink);
    return { ...figures, quietCpuUs: quiet["tokenCpuUs"] ?? Number.NaN };
  });
};

/** An oracle that delegates to 100 workers of 5 steps each. */
export const fan: Case = ({ url, quick }) => {
  const agents = quick ? 8 : 100;
  return inHome(url, [`fan-${agents}`, "steps-5"], async (nanos) => {
    await nanos.tools.list();
    const before = process.memoryUsage.rss();
    let peakKb = 0;
    const figures = await repeat(quick ? 1 : 5, async () => {
      const [start, cpu] = [systemClock.elapsed(), cpuUs()];
      await runToEnd(nanos, { text: "go" });
      // Of the first hundred alone: what later ones need is there already.
      peakKb ||= process.resourceUsage().maxRSS - before / 1024;
      return { fanMs: systemClock.elapsed() - start, fanCpuMs: (cpuUs() - cpu) / 1_000 };
    });
    return { ...figures, agentKb: peakKb / agents };
  });
};

/** 100 runs of 5 steps at once, with no delegation between. */
export const crowd: Case = ({ url, quick }) => {
  const agents = quick ? 8 : 100;
  return inHome(url, ["steps-5"], async (nanos) => {
    await nanos.tools.list();
    const before = process.memoryUsage.rss();
    const figures = await repeat(1, async () => {
      const start = systemClock.elapsed();
      const one = (): Promise<unknown> => runToEnd(nanos, { text: "go" });
      await Promise.all(Array.from({ length: agents }, one));
      return { fanMs: systemClock.elapsed() - start };
    });
    return { ...figures, agentKb: (process.memoryUsage.rss() - before) / 1024 / agents };
  });
};

async function inHome<T>(
  url: string,
  models: readonly string[],
  use: (nanos: Nanos, home: BenchHome, close: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const home = await makeHome(url, models);
  const nanos = await home.open();
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => (closed ??= nanos.close());
  try {
    return await use(nanos, home, close);
  } finally {
    await close();
    home.remove();
  }
}

/** Notes when the first tool call of a run had its result. */
function settledWatch(): { on: (live: Live) => void; first: { ms: number; cpu: number } } {
  const first = { ms: 0, cpu: 0 };
  const on = (live: Live): void => {
    if (first.ms > 0 || !isSettled(live)) return;
    first.ms = systemClock.elapsed();
    first.cpu = cpuUs();
  };
  return { on, first };
}

function isSettled(live: Live): boolean {
  return live.type === "event" && live.recorded.event.kind === "action.settled";
}
