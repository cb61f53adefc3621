import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import type { Draft } from "../../../src/contracts/event.ts";
import { bodiesOf, fill, ONE, TOOLS } from "../../../src/evolution/testing/fill.ts";
import type { Journal } from "../../../src/journal/journal.ts";
import { openJournal } from "../../../src/journal/open.ts";
import { beginIn, missionLab } from "../../../src/missions/testing/mission-lab.ts";
import { init, openNanos } from "../../../src/nanos.ts";
import { serve } from "../../../src/server/serve.ts";
import { systemClock } from "../../../src/std/clock.ts";
import { systemRandom } from "../../../src/std/random.ts";
import type { Case, Figures } from "../case.ts";

/**
 * The cockpit in a real browser over a long record, beside a page of the same server that shows
 * nothing: until the first line is there, a frame while a list is scrolled, and what an update costs.
 */

const LONG = { missions: 10_000, steps: 5_000, updates: 50 };
const SHORT = { missions: 100, steps: 50, updates: 5 };

export const cockpit: Case = async ({ quick }) => {
  const { missions, steps, updates } = quick ? SHORT : LONG;
  const folder = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  const options = { home: join(folder, ".nano-os"), cwd: folder, env: { HOME: folder } };
  try {
    await init(options, "toy");
    const dir = join(options.home, "machine", "journal");
    const journal = openJournal({ dir, clock: systemClock, random: systemRandom });
    const run = await longRun(journal, steps);
    await fill(journal, await bodiesOf({ tasks: [ONE] }), missions);
    const nanos = await openNanos(options);
    const place = { host: "127.0.0.1", port: 0, names: [], plain: false, log: () => undefined };
    const serving = await serve(nanos, { clock: systemClock, random: systemRandom }, place);
    const browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    });
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      const { secret } = await nanos.keys.link();
      await page.goto(`${serving.url}/landing#${secret}`);
      await page.waitForURL("**/organism");
      return await looked(page, { url: serving.url, run, updates, journal });
    } finally {
      await browser.close();
      await serving.stop();
      await nanos.close();
      journal.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** One run of so many calls of one tool, in the journal. */
async function longRun(journal: Journal, steps: number): Promise<string> {
  const made = missionLab({ tools: TOOLS, agents: [{ manifest: { name: "oracle" } }] });
  const begun = await beginIn(made, made.world, { tasks: [ONE] });
  await begun.done;
  const chain = [...made.journal.chain(begun.run)].flatMap(({ event, body }) =>
    body ? [{ event, body }] : [],
  );
  const last = chain.at(-1)?.event.step ?? chain.findLast(({ event }) => event.step)?.event.step;
  const repeated = chain.filter(({ event }) => event.step === last);
  const run = "r0bench";
  const draft = ({ event, body }: (typeof chain)[number], step: string | null): Draft => ({
    ...{ run, step, actor: event.actor, policy: null, isolation: null, label: null, body },
  });
  const [first] = chain;
  if (first) await journal.append([draft(first, null)]);
  for (let n = 1; n <= steps; n++) {
    await journal.append(repeated.map((one) => draft(one, `${run}.${n}`)));
  }
  return run;
}

interface Looking {
  readonly url: string;
  readonly run: string;
  readonly updates: number;
  readonly journal: Journal;
}

async function looked(page: Page, { url, run, updates, journal }: Looking): Promise<Figures> {
  const timed = async (act: () => Promise<unknown>): Promise<number> => {
    const start = systemClock.elapsed();
    await act();
    return systemClock.elapsed() - start;
  };
  const line = page.getByRole("option").first();
  const shown = async (name: string): Promise<void> => {
    await page.goto("about:blank");
    await page.goto(`${url}/organism#/${name}`);
    await line.waitFor();
  };
  const emptyMs = await timed(() => page.goto(`${url}/landing`));
  const emptyFrameMs = await frameMs(page);
  const missionsMs = await timed(() => shown("missions"));
  const missionsFrameMs = await frameMs(page);
  const updateMs = await busyMs(page, async () => {
    const bodies = await bodiesOf({ tasks: [ONE] });
    for (let i = 0; i < updates; i++) await fill(journal, bodies, 1, 1_000_000 + i);
    await page.waitForTimeout(1_000);
  });
  const traceMs = await timed(async () => {
    await shown(`runs/${run}`);
    await page.getByRole("listbox", { name: "Steps" }).getByRole("option").first().waitFor();
  });
  const traceFrameMs = await frameMs(page);
  return {
    ...{ emptyMs, emptyFrameMs, missionsMs, missionsFrameMs, traceMs, traceFrameMs },
    updateMs: updateMs / updates,
  };
}

/** The longest of nearly all frames while the longest list of a page is scrolled through. */
async function frameMs(page: Page): Promise<number> {
  const frames = await page.evaluate<number[]>(SCROLLED);
  return frames.toSorted((one, other) => one - other)[Math.floor(frames.length * 0.95)] ?? 0;
}

/** Runs in the page: the milliseconds of each frame. */
const SCROLLED = `(async () => {
  const list = [...document.querySelectorAll('[role="listbox"]')].at(-1) ?? document.documentElement;
  const frames = [];
  let before = performance.now();
  for (let i = 0; i < 120; i++) {
    list.scrollTop += 400;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    frames.push(performance.now() - before);
    before = performance.now();
  }
  return frames;
})()`;

/** Milliseconds the page itself was at work while something happened. */
async function busyMs(page: Page, act: () => Promise<void>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const work = async (): Promise<number> => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0) * 1000;
  };
  const before = await work();
  await act();
  const after = await work();
  await session.detach();
  return after - before;
}
