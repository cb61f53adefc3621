/**
 * The mock model: an OpenAI chat completions server with no think time, in a process of its own.
 * What it answers follows from the request alone: the model's name says what is wanted, and the id
 * of the newest tool result how far the conversation has come.
 *
 *     steps-20      20 calls of `echo`, one a turn, then an answer
 *     fan-100       100 calls of `delegate`, up to 32 a turn, then an answer
 *     tokens-4000   an answer of 4,000 tokens, one chunk each
 *     paced-600     an answer of 600 tokens, one every 5 ms
 *
 *     bun bench/mock.ts        prints `http://127.0.0.1:PORT/v1` and serves until its input ends
 */

const encoder = new TextEncoder();
const SSE = { headers: { "content-type": "text/event-stream" } };
/** Calls one turn of a `fan` may make: what nanos carries out in one. */
const FAN_TURN = 32;

/** Milliseconds between the tokens of a paced answer: 200 a second, as a fast model's are. */
const PACE_MS = 5;

function answer(request: Buffer): Uint8Array<ArrayBuffer> | ReadableStream {
  const [kind, count] = wanted(request);
  switch (kind) {
    case "steps":
      return stepOf(count, progress(request));
    case "fan":
      return fanOf(count, progress(request));
    case "tokens":
      return cached(`tokens-${count}`, () => tokens(count));
    case "paced":
      return paced(tokens(count));
    default:
      throw new Error(`no model ${kind}`);
  }
}

function paced(sse: string): ReadableStream {
  const frames = sse.split(/(?<=\n\n)/u).map((one) => encoder.encode(one));
  return new ReadableStream({
    async pull(stream) {
      const next = frames.shift();
      if (next === undefined) return stream.close();
      stream.enqueue(next);
      await Bun.sleep(PACE_MS);
    },
  });
}

function stepOf(count: number, done: number): Uint8Array<ArrayBuffer> {
  if (done >= count) return cached(`done-${count}`, () => text(count, ["It is ", "done."]));
  const call = { id: `call_${done + 1}`, name: "echo", args: { text: `step ${done + 1}` } };
  return cached(`step-${done}`, () => calls(done, [call]));
}

function fanOf(count: number, done: number): Uint8Array<ArrayBuffer> {
  if (done >= count) return cached(`done-${count}`, () => text(count, ["It is ", "done."]));
  const size = Math.min(FAN_TURN, count - done);
  return cached(`fan-${done}-${size}`, () =>
    calls(
      done,
      Array.from({ length: size }, (_, i) => ({
        id: `call_${done + i + 1}`,
        name: "delegate",
        args: { agent: "worker", request: `work ${done + i + 1}` },
      })),
    ),
  );
}

/** `"model":"steps-20"` as its two halves. */
function wanted(request: Buffer): [string, number] {
  const key = request.indexOf('"model":');
  const start = request.indexOf('"', key + 8) + 1;
  const name = request.toString("latin1", start, request.indexOf('"', start));
  const dash = name.indexOf("-");
  return [name.slice(0, dash), Number(name.slice(dash + 1))];
}

/** Number of the call the newest result belongs to; looked for from the end, where it lies. */
function progress(request: Buffer): number {
  const key = request.lastIndexOf('"tool_call_id"');
  if (key < 0) return 0;
  const id = request.toString("latin1", key + 14, key + 64);
  return Number(/^\s*:\s*"[a-z_]*_(\d+)/u.exec(id)?.[1] ?? Number.NaN);
}

const kept = new Map<string, Uint8Array<ArrayBuffer>>();

function cached(key: string, make: () => string): Uint8Array<ArrayBuffer> {
  let bytes = kept.get(key);
  if (!bytes) kept.set(key, (bytes = encoder.encode(make())));
  return bytes;
}

interface Call {
  readonly id: string;
  readonly name: string;
  readonly args: object;
}

function calls(at: number, all: readonly Call[]): string {
  const frames = all.flatMap(({ id, name, args }, index) => [
    frame(at, {
      tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }],
    }),
    frame(at, { tool_calls: [{ index, function: { arguments: JSON.stringify(args) } }] }),
  ]);
  return [
    frame(at, { role: "assistant", content: null }),
    ...frames,
    ...end(at, "tool_calls"),
  ].join("");
}

function text(at: number, pieces: readonly string[]): string {
  const frames = pieces.map((content) => frame(at, { content }));
  return [frame(at, { role: "assistant", content: "" }), ...frames, ...end(at, "stop")].join("");
}

function tokens(count: number): string {
  return text(
    count,
    Array.from({ length: count }, (_, i) => (i % 12 === 11 ? "token.\n" : " token")),
  );
}

function end(at: number, reason: string): string[] {
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  return [
    frame(at, {}, reason),
    `data: ${JSON.stringify({ ...head(at), choices: [], usage })}\n\n`,
    "data: [DONE]\n\n",
  ];
}

/** Some clients take two answers of one id for the same message, so each step has its own. */
function head(at: number): object {
  const common = { object: "chat.completion.chunk", created: 1_790_000_000, model: "mock" };
  return { id: `chatcmpl-${at}`, ...common };
}

function frame(at: number, delta: object, reason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: reason }];
  return `data: ${JSON.stringify({ ...head(at), choices })}\n\n`;
}

if (import.meta.main) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => new Response(answer(Buffer.from(await request.arrayBuffer())), SSE),
  });
  process.stdout.write(`http://127.0.0.1:${server.port}/v1\n`);
  process.stdin.on("end", () => process.exit(0)).resume();
}
