import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init, openNanos } from "../../../src/nanos.ts";
import { serve } from "../../../src/server/serve.ts";
import { systemClock } from "../../../src/std/clock.ts";
import { systemRandom } from "../../../src/std/random.ts";
import { type Case, type Figures, repeat } from "../case.ts";

/**
 * Requests over a socket, sixteen at a time, from the process that answers them: a server that says
 * again what it is sent, and ours.
 */

const ASKED = { model: "nanos/oracle", messages: [{ role: "user", content: "trace" }] };
const AT_ONCE = 16;

export const bareHttp: Case = async ({ quick }) => {
  const server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0 },
    fetch: async (request) => Response.json(await request.json()),
  });
  try {
    return await asked(`http://127.0.0.1:${server.port}`, {}, quick);
  } finally {
    await server.stop(true);
  }
};

/** A chat completion that a route answers by itself: no model and no tool, and all of it on record. */
export const nanosHttp: Case = async ({ quick }) => {
  const folder = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  const options = { home: join(folder, ".nano-os"), cwd: folder, env: { HOME: folder } };
  try {
    await init(options, "toy");
    const nanos = await openNanos(options);
    const { secret } = await nanos.keys.make({ agent: "oracle", rate: 1_000_000 });
    const place = {
      host: "127.0.0.1",
      port: 0,
      names: [],
      plain: false,
      oauth: false,
      log: () => undefined,
    };
    const serving = await serve(nanos, { clock: systemClock, random: systemRandom }, place);
    try {
      return await asked(serving.url, { authorization: `Bearer ${secret}` }, quick);
    } finally {
      await serving.stop();
      await nanos.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

async function asked(url: string, more: Record<string, string>, quick: boolean): Promise<Figures> {
  const headers = { "content-type": "application/json", ...more };
  const body = JSON.stringify(ASKED);
  const one = async (): Promise<void> => {
    const path = `${url}/v1/chat/completions`;
    const answer = await fetch(path, { method: "POST", headers, body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`it answered ${answer.status}: ${text.slice(0, 200)}`);
  };
  const burst = async (requests: number): Promise<void> => {
    let left = requests;
    const client = async (): Promise<void> => {
      while (left-- > 0) await one();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
  };
  const requests = quick ? 32 : 500;
  await burst(requests);
  return repeat(quick ? 1 : 5, async () => {
    const start = systemClock.elapsed();
    await burst(requests);
    return { requests: requests / ((systemClock.elapsed() - start) / 1_000) };
  });
}
