import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/std/clock.ts";
import { type Case, cpuUs, type Figures, repeat } from "./case.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { loop } from "./loop.ts";
import { growthOf } from "./growth.ts";
import { bytesIn } from "./files.ts";

/** The limits: the least code, and the least code that keeps a journal. */

/** 20 steps and an answer, nothing kept. */
export const bareStep: Case = ({ url, quick }) =>
  stepsOf(quick, () => loop({ url, model: "steps-20" }));

/** The same with intent and outcome on disk before each effect. */
export const durableStep: Case = ({ url, quick }) =>
  withLedger((ledger) => stepsOf(quick, () => loop({ url, model: "steps-20", keep: ledger.keep })));

/** Runs before the first that counts: what is compared is the work, not its compilation. */
export const WARM = 20;

/** Warms a 20-step run up and times it: milliseconds a step. */
export async function stepsOf(quick: boolean, run: () => Promise<unknown>): Promise<Figures> {
  for (let i = 0; i < (quick ? 1 : WARM); i++) await run();
  return repeat(quick ? 2 : 15, async () => {
    const [start, cpu] = [systemClock.elapsed(), cpuUs()];
    await run();
    return { stepMs: (systemClock.elapsed() - start) / 20, cpuUs: (cpuUs() - cpu) / 20 };
  });
}

/** One run of 1,000 steps. */
export const durableGrowth: Case = ({ url, quick }) =>
  withLedger(async (ledger, dir) => {
    const steps = quick ? 60 : 1_000;
    const growth = growthOf(steps);
    await loop({ url, model: `steps-${steps}`, keep: ledger.keep, onStep: growth.mark });
    const figures = growth.figures();
    // What stays on disk once the log is written back.
    ledger.close();
    return { ...figures, bytes: bytesIn(dir) / steps };
  });

export const bareGrowth: Case = async ({ url, quick }) => {
  const steps = quick ? 60 : 1_000;
  const growth = growthOf(steps);
  await loop({ url, model: `steps-${steps}`, onStep: growth.mark });
  return growth.figures();
};

/** 4,000 tokens read off a socket and thrown away: what no client can go below. */
export const socketStream: Case = ({ url, quick }) => streamOf(quick, (model) => drain(url, model));

/** 4,000 tokens, decoded and parsed. */
export const bareStream: Case = ({ url, quick }) =>
  streamOf(quick, (model) => loop({ url, model }));

/** CPU of one streamed token in microseconds. */
export async function streamOf(
  quick: boolean,
  run: (model: string) => Promise<unknown>,
): Promise<Figures> {
  const tokens = quick ? 400 : 4_000;
  for (let i = 0; i < (quick ? 1 : 5); i++) await run(`tokens-${tokens}`);
  return repeat(quick ? 2 : 15, async () => {
    const [start, cpu] = [systemClock.elapsed(), cpuUs()];
    await run(`tokens-${tokens}`);
    const wall = systemClock.elapsed() - start;
    return { tokenCpuUs: (cpuUs() - cpu) / tokens, tokenUs: (wall * 1_000) / tokens };
  });
}

function drain(url: string, model: string): Promise<void> {
  const { port, pathname } = new URL(url);
  const body = JSON.stringify({ model, stream: true, messages: [] });
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("data", () => undefined);
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve());
    socket.on("error", reject);
    socket.write(
      `POST ${pathname}/chat/completions HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
}

/** 100 conversations of 5 steps at once that share commits, after one that asks for them. */
export const bareFan: Case = ({ url, quick }) =>
  withLedger(async (ledger) => {
    const agents = quick ? 8 : 100;
    const before = process.memoryUsage.rss();
    const figures = await repeat(quick ? 1 : 5, async () => {
      const start = systemClock.elapsed();
      const one = (): Promise<string> => loop({ url, model: "steps-5", keep: ledger.share });
      await Promise.all(Array.from({ length: agents }, one));
      return { fanMs: systemClock.elapsed() - start };
    });
    return { ...figures, agentKb: (process.memoryUsage.rss() - before) / 1024 / agents };
  });

async function withLedger<T>(use: (ledger: Ledger, dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  const ledger = openLedger(join(dir, "ledger.db"));
  try {
    return await use(ledger, dir);
  } finally {
    ledger.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
