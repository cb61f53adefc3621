import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as Sdk from "@restatedev/restate-sdk";
import { systemClock } from "../../../src/std/clock.ts";
import { systemRandom } from "../../../src/std/random.ts";
import { openJournal } from "../../../src/journal/open.ts";
import { restateEngine } from "../../../src/missions/engine/restate/restate.ts";
import { plainDriver } from "../../../src/missions/engine/testing/driver.ts";
import {
  serverIn,
  startServer,
  type TestServer,
} from "../../../src/missions/engine/testing/restate-server.ts";
import type { Case } from "../case.ts";
import { PEERS } from "../peers.ts";

/** Missions of ten steps that do nothing, so many at once, on one server. */
const MISSIONS = { full: 200, quick: 20 };
const STEPS = Array.from({ length: 10 }, (_, n) => `step ${n}`);
const AT_ONCE = 16;

/** Carries so many, and resolves when all are over. */
type Carried = (count: number, from: number) => Promise<void>;

/**
 * Through our engine, and by the SDK alone: a workflow that keeps what each step came to, one that
 * keeps before it as well that it begins, as ours does, and calls of an object that keeps both.
 */
export const restate: Case = async ({ quick }) => {
  const dir = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  const program = serverIn(join(PEERS, "restate"));
  if (program === null) throw new Error("no server was installed");
  const server = await startServer(program, join(dir, "server"));
  const count = quick ? MISSIONS.quick : MISSIONS.full;
  const perSecond = async (carried: Carried): Promise<number> => {
    // What is compiled and connected first is not of the steps.
    await carried(AT_ONCE, 0);
    const start = systemClock.elapsed();
    await carried(count, AT_ONCE);
    return (count * STEPS.length) / ((systemClock.elapsed() - start) / 1_000);
  };
  try {
    const [runs, both, calls] = await bare(server);
    const figures = {
      runsPerSecond: await perSecond(runs),
      bothPerSecond: await perSecond(both),
      callsPerSecond: await perSecond(calls),
    };
    const { carried, stop } = await ours(server, join(dir, "journal"));
    try {
      return { ...figures, perSecond: await perSecond(carried) };
    } finally {
      await stop();
    }
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};

async function ours(
  server: TestServer,
  dir: string,
): Promise<{ carried: Carried; stop(): Promise<void> }> {
  const journal = openJournal({ dir, clock: systemClock, random: systemRandom });
  const place = { ...server, port: 0 };
  const queues = { bench: AT_ONCE };
  const engine = restateEngine({ journal, clock: systemClock, place, queues, space: "bench" });
  const plain = plainDriver(systemClock);
  const ended = new Map<string, () => void>();
  await engine.work(async (held) => {
    await plain(held);
    ended.get(held.mission.run)?.();
  });
  const steps = STEPS.map((name) => ({ does: "nothing", name }));
  const input = { folder: dir, steps };
  const one = async (n: number): Promise<void> => {
    const over = new Promise<void>((resolve) => ended.set(`r${n}`, resolve));
    await engine.submit({ run: `r${n}`, kind: "plain", input, queue: "bench" });
    await over;
  };
  const stop = async (): Promise<void> => {
    await engine.stop(0);
    journal.close();
  };
  return { carried: atOnce(one), stop };
}

async function bare(server: TestServer): Promise<readonly [Carried, Carried, Carried]> {
  const sdk = await import("@restatedev/restate-sdk");
  const workflow = (name: string, entries: readonly string[]): unknown =>
    sdk.workflow({
      name,
      handlers: {
        run: async (ctx: Sdk.WorkflowContext) => {
          for (const step of STEPS) {
            for (const entry of entries) await ctx.run(`${step} ${entry}`, () => step);
          }
        },
      },
    });
  const { exclusive } = sdk.handlers.object;
  const keeps = async (ctx: Sdk.ObjectContext, step: string): Promise<void> =>
    ctx.set(step, { began: step, ended: step });
  const object = sdk.object({
    name: "calls",
    handlers: { keep: exclusive({ enableLazyState: true }, keeps) },
  });
  const services = [workflow("runs", ["ended"]), workflow("both", ["began", "ended"]), object];
  const { identityKeys, url, admin } = server;
  const given = { services, identityKeys, logger: () => undefined };
  const http = createServer(sdk.createEndpointHandler(given as never));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  await post(`${admin}/deployments`, { uri: `http://127.0.0.1:${port}` });
  const flow = (name: string): Carried => atOnce((n) => post(`${url}/${name}/r${n}/run`, null));
  const called = atOnce(async (n) => {
    for (const step of STEPS) await post(`${url}/calls/r${n}/keep`, step);
  });
  return [flow("runs"), flow("both"), called];
}

function atOnce(one: (n: number) => Promise<void>): Carried {
  return async (count, from) => {
    const lanes = Array.from({ length: AT_ONCE }, async (_, lane) => {
      for (let n = from + lane; n < from + count; n += AT_ONCE) await one(n);
    });
    await Promise.all(lanes);
  };
}

async function post(url: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text.slice(0, 200)}`);
}
