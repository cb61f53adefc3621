import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init, openNanos } from "../../../src/nanos.ts";
import { serve } from "../../../src/server/serve.ts";
import { systemClock } from "../../../src/std/clock.ts";
import { systemRandom } from "../../../src/std/random.ts";
import { type Case, type Figures, repeat } from "../case.ts";

/**
 * Requests over a socket, so many at a time, from the process that answers them: a server that says
 * again what it is sent, and ours. What is kept open costs memory: a stream where nothing happens.
 */

const ASKED = { model: "nanos/oracle", messages: [{ role: "user", content: "trace" }] };
const [CHAT, ECHO] = ["/v1/chat/completions", "/echo"];
/** At once, and how much of them one key may ask at once. */
const CROWDS = [16, 128, 512];
const PER_KEY = 64;
const STREAMS = 1_000;

export const bareHttp: Case = async ({ quick }) => {
  const server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0 },
    fetch: async (request) => {
      if (request.method === "GET") return new Response(silent(), { headers: EVENTS });
      return Response.json(await request.json());
    },
  });
  try {
    const url = `http://127.0.0.1:${server.port}`;
    const echoes = await crowds((key) => ({ url: `${url}${ECHO}`, key }), [""], quick);
    return { ...echoes, streamKb: await streamKb(`${url}/events`, "", quick) };
  } finally {
    await server.stop(true);
  }
};

const EVENTS = { "content-type": "text/event-stream" };

function silent(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (control) => control.enqueue(Buffer.from(": \n\n")) });
}

/** Echoes; and chat completions that a route answers by itself: no model and no tool, and all on record. */
export const nanosHttp: Case = async ({ quick }) => {
  const folder = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  const options = { home: join(folder, ".nano-os"), cwd: folder, env: { HOME: folder } };
  try {
    await init(options, "toy");
    const nanos = await openNanos(options);
    const keys: string[] = [];
    for (let left = 512; left > 0; left -= PER_KEY) {
      keys.push((await nanos.keys.make({ agent: null, rate: 1_000_000 })).secret);
    }
    const names = { names: [], plain: false, oauth: false, log: () => undefined };
    const place = { host: "127.0.0.1", port: 0, ...names };
    const serving = await serve(nanos, { clock: systemClock, random: systemRandom }, place);
    const [first = ""] = keys;
    try {
      const { url } = serving;
      const echoes = await crowds((key) => ({ url: `${url}${ECHO}`, key }), keys, quick);
      const chats = await asked(
        [{ url: `${url}${CHAT}`, key: first }],
        { atOnce: 16, requests: quick ? 32 : 500 },
        quick,
      );
      const kb = await streamKb(`${url}/v1/events`, first, quick);
      return { ...echoes, chats: chats.requests, chatsP99Ms: chats.p99Ms, streamKb: kb };
    } finally {
      await serving.stop();
      await nanos.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

interface To {
  readonly url: string;
  readonly key: string;
}

/** Requests a second, and how long all but one of a hundred took, for each size of crowd. */
async function crowds(
  to: (key: string) => To,
  keys: readonly string[],
  quick: boolean,
): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const atOnce of CROWDS) {
    const requests = quick ? atOnce : Math.max(2_000, 4 * atOnce);
    const found = await asked(keys.map(to), { atOnce, requests }, quick);
    figures[`requests${atOnce}`] = found.requests;
    figures[`p99Ms${atOnce}`] = found.p99Ms;
  }
  return figures;
}

interface Asking {
  readonly requests: number;
  readonly p99Ms: number;
}

async function asked(
  to: readonly To[],
  { atOnce, requests }: { readonly atOnce: number; readonly requests: number },
  quick: boolean,
): Promise<Asking> {
  const body = JSON.stringify(ASKED);
  const one = async ({ url, key }: To): Promise<number> => {
    const start = systemClock.elapsed();
    const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
    const answer = await fetch(url, { method: "POST", headers, body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`it answered ${answer.status}: ${text.slice(0, 200)}`);
    return systemClock.elapsed() - start;
  };
  const burst = async (): Promise<readonly number[]> => {
    let left = requests;
    const took: number[] = [];
    const client = async (_: unknown, i: number): Promise<void> => {
      const own = to[i % to.length] as To;
      while (left-- > 0) took.push(await one(own));
    };
    await Promise.all(Array.from({ length: atOnce }, client));
    return took.toSorted((a, b) => a - b);
  };
  await burst();
  const found = await repeat(quick ? 1 : 3, async () => {
    const start = systemClock.elapsed();
    const took = await burst();
    const p99Ms = took[Math.floor(took.length * 0.99)] ?? Number.NaN;
    return { requests: requests / ((systemClock.elapsed() - start) / 1_000), p99Ms };
  });
  return found as unknown as Asking;
}

/** Memory of one stream where nothing happens: both its ends, as the client is this process as well. */
async function streamKb(url: string, key: string, quick: boolean): Promise<number> {
  const count = quick ? 20 : STREAMS;
  const headers = { authorization: `Bearer ${key}` };
  const open = async (): Promise<() => Promise<unknown>> => {
    const stop = new AbortController();
    const answer = await fetch(url, { headers, signal: stop.signal });
    const reader = answer.body?.getReader();
    await reader?.read();
    return async () => stop.abort();
  };
  const rss = (): number => {
    Bun.gc(true);
    return process.memoryUsage.rss() / 1024;
  };
  const before = rss();
  const opened: (() => Promise<unknown>)[] = [];
  for (let i = 0; i < count; i++) opened.push(await open());
  const kb = (rss() - before) / count;
  for (const close of opened) await close();
  return kb;
}
