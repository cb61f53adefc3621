import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { median } from "../bench/cases/case.ts";
import { systemClock } from "../src/std/clock.ts";
import { chances } from "../src/missions/engine/testing/drill.ts";
import {
  chat,
  heldBy,
  type Holding,
  type Station,
  station,
  until,
  type Up,
} from "./support/server.ts";

/**
 * The load drill: streams where nothing happens and streams that are busy, some of whose clients vanish
 * in the middle and some of whom read nothing. When all have gone the server holds what it held before.
 */

const isSoak = process.env["NANOS_SOAK"] === "1";
const SEED = 20_261_126;
const { idle: IDLE, busy: BUSY } = isSoak ? { idle: 1_000, busy: 128 } : { idle: 200, busy: 16 };
/** In a soak they go on for so long; else each asks so often. */
const MS = isSoak ? 600_000 : 0;
const CHATS = 2;
/** Files it may hold more of than before: what is kept open once it was needed, and connections to the model. */
const KEPT_FILES = 8 + BUSY;
const HELD = "be still";
const WORDS = "one word after another ".repeat(400);

test(
  `${IDLE} streams where nothing happens and ${BUSY} busy ones take nothing that is not given back`,
  async () => {
    const still = Promise.withResolvers<void>();
    const answer = async ({ messages }: { readonly messages: readonly object[] }) => {
      if (JSON.stringify(messages).includes(HELD)) await still.promise;
      return { say: WORDS, delayMs: 5 };
    };
    await using at = await station(answer, { keys: 8 });
    const up = await at.serve();
    for (const key of at.keys) await talk(up, key);
    const begun = await up.ask("/v1/runs", at.operator, { text: HELD });
    const { run } = (await begun.json()) as { run: string };
    const before = await until(
      () => heldBy(up),
      ({ connections }) => connections === 0,
    );
    const idle = Array.from({ length: IDLE }, () =>
      watch(up, at.operator, `/v1/runs/${run}/events`),
    );
    await Promise.all(idle.map(({ heard }) => heard));
    const counts = { chats: 0, vanished: 0, slow: 0, refused: 0 };
    const full = await until(
      () => heldBy(up),
      ({ connections }) => connections === IDLE,
    );
    const samples: number[] = [];
    const end = systemClock.now() + MS;
    const isOver = (n: number): boolean => (isSoak ? systemClock.now() >= end : n >= CHATS);
    await Promise.all([
      ...Array.from({ length: BUSY }, (_, i) => busy(at, up, { i, isOver, counts })),
      ...(isSoak ? [sample(up, samples, () => isOver(0))] : []),
    ]);
    expect(counts.refused).toBe(0);
    // Whoever waits still hears what comes in the end.
    still.resolve();
    await Promise.all(idle.map(({ ended }) => ended));
    for (const { text } of idle) expect(text()).toContain("event: run.ended");
    const after = await until(
      () => heldBy(up),
      ({ connections, files }) => connections === 0 && files <= before.files + KEPT_FILES,
    );
    expect((await up.ask("/health", at.operator)).status).toBe(200);
    if (isSoak) flat(samples);
    up.process.kill("SIGTERM");
    expect((await up.process.ended).code).toBe(0);
    if (isSoak) report({ before, full, after, samples, ...counts });
  },
  isSoak ? 1_800_000 : 60_000,
);

/** A stream that is only read, on a connection of its own. */
function watch(up: Up, key: string, path: string, body?: object, isRead = true) {
  const { hostname, port } = new URL(up.url);
  const text = body === undefined ? "" : JSON.stringify(body);
  const head = [
    `${body === undefined ? "GET" : "POST"} ${path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${key}`,
    "Connection: close",
    ...(body === undefined
      ? []
      : ["Content-Type: application/json", `Content-Length: ${text.length}`]),
  ].join("\r\n");
  const [heard, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const socket = connect(Number(port), hostname, () => socket.write(`${head}\r\n\r\n${text}`));
  let came = "";
  socket.on("data", (data) => {
    // All of a watcher's is small; of what is not read nothing is kept.
    if (isRead) came += data.toString();
    heard.resolve();
    if (!isRead) socket.pause();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    heard.resolve();
    ended.resolve();
  });
  const vanish = (): void => void socket.resetAndDestroy();
  return { heard: heard.promise, ended: ended.promise, text: () => came, vanish };
}

interface Busy {
  readonly i: number;
  readonly isOver: (n: number) => boolean;
  readonly counts: { chats: number; vanished: number; slow: number; refused: number };
}

/** One client: it asks, and asks again; by its own chance it vanishes, or reads nothing for a while. */
async function busy(
  { keys, operator }: Station,
  up: Up,
  { i, isOver, counts }: Busy,
): Promise<void> {
  const chance = chances(SEED + i);
  const key = keys[i % keys.length] ?? "";
  for (let n = 0; !isOver(n); n++) {
    const kind = chance();
    if (kind < 0.2) {
      const one = watch(up, key, STREAMED, chat("how are you?", { stream: true }), kind < 0.1);
      await one.heard;
      if (kind >= 0.1) await systemClock.sleep(200 * chance());
      one.vanish();
      await one.ended;
      counts[kind < 0.1 ? "vanished" : "slow"] += 1;
    } else if (kind < 0.3) {
      // Who looks at the home hears of all that others do.
      const one = watch(up, operator, "/v1/events");
      await one.heard;
      one.vanish();
      await one.ended;
      counts.vanished += 1;
    } else {
      counts[(await talk(up, key)) ? "chats" : "refused"] += 1;
    }
  }
}

const STREAMED = "/v1/chat/completions";

/** A whole conversation; whether all of the answer came. */
async function talk(up: Up, key: string): Promise<boolean> {
  const answer = await up.ask(STREAMED, key, chat("how are you?", { stream: true }));
  const text = await answer.text();
  return answer.status === 200 && text.endsWith("data: [DONE]\n\n") && text.includes("another");
}

/** Its memory in MB, every few seconds. */
async function sample(up: Up, samples: number[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    samples.push(heldBy(up).mb);
    await systemClock.sleep(Math.max(1_000, MS / 120));
  }
}

/** A fifth of the samples, by number. */
function fifth(samples: readonly number[], n: number): number {
  const size = Math.floor(samples.length / 5);
  return median(samples.slice(n * size, (n + 1) * size));
}

/** What it took once all was under way it takes at the end, but for a tenth. */
function flat(samples: readonly number[]): void {
  expect(fifth(samples, 4)).toBeLessThan(fifth(samples, 1) * 1.1);
}

interface Found extends Readonly<Busy["counts"]> {
  readonly before: Holding;
  readonly full: Holding;
  readonly after: Holding;
  readonly samples: readonly number[];
}

function report({ before, full, after, samples, ...counts }: Found): void {
  const mb = (n: number): string => `${Math.round(n)} MB`;
  const fifths = [0, 1, 2, 3, 4].map((n) => mb(fifth(samples, n))).join(", ");
  const page = `# Load drill: the server

${IDLE} streams where nothing happens and ${BUSY} clients that ask all the time, on one \`nanos serve\`, for
${MS / 60_000} minutes (\`test/server-load.test.ts\`; \`npm run soak\` writes this page anew). Seed ${SEED}.

| what | found |
|---|---|
| answers that were streamed to their end | ${counts.chats} |
| clients that vanished in the middle of a stream | ${counts.vanished} |
| clients that stopped reading | ${counts.slow} |
| refused, or cut off | ${counts.refused} |
| streams where nothing happened that heard what came in the end | ${IDLE} of ${IDLE} |
| connections of clients before, with all idle streams, after | ${before.connections}, ${full.connections}, ${after.connections} |
| open files and sockets | ${before.files}, ${full.files}, ${after.files} |
| memory | ${mb(before.mb)}, ${mb(full.mb)}, ${mb(after.mb)} |
| memory in each fifth of the time, the middle of its samples | ${fifths} |
`;
  writeFileSync(join(import.meta.dirname, "../docs/evidence/load-drill-server.md"), page);
}
