import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ModelConfig } from "../../contracts/model.ts";
import { ScriptTurn, type ScriptInput } from "../../contracts/script.ts";
import { systemClock, type Clock } from "../../std/clock.ts";
import { isObject, type JsonObject } from "../../std/json.ts";
import { compileScript, turnPieces } from "../script.ts";
import { encoderOf, type MockCall } from "./answers.ts";
import { readRequest, type MockRequest, type MockWire } from "./requests.ts";
import { VECTOR_PATHS, vectorAnswer } from "./mock-vectors.ts";
import { wholeAnswer } from "./whole-answers.ts";

/** An answer as a person writes it: one turn of a script. */
export type MockTurn = ScriptInput["turns"][number];

export interface MockOptions {
  /** Which wire is spoken; the others' paths answer 404. All three when absent. */
  readonly wire?: MockWire | "all";
  /** Answers a request. Either this or `script` must be given. */
  readonly answer?: (request: MockRequest) => MockTurn | Promise<MockTurn>;
  /** Answers as the script adapter would; see `scriptModel` for the format. */
  readonly script?: ScriptInput;
  /** The agent a script turn is matched against; the model id when absent. */
  readonly agentOf?: (request: MockRequest) => string;
  readonly clock?: Clock;
}

export interface MockProvider {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly url: string;
  readonly port: number;
  /** How many answers were asked for. */
  readonly count: () => number;
  /** The newest request. */
  readonly last: () => MockRequest | null;
  /** What vectors were asked of it, where its script makes some, oldest first. */
  readonly embedded: () => readonly JsonObject[];
  /** A config for a model of ours that speaks this wire to the mock. */
  config(wire: MockWire, model?: string): ModelConfig;
  close(): Promise<void>;
}

/**
 * A real server on a loopback port that speaks the wires of OpenAI's chat completions, Anthropic's
 * messages and Ollama's chat, streamed or whole, with answers from a function or a script. For
 * tests and benchmarks, of ours and of others.
 *
 * A turn's `fail` becomes an HTTP status before anything is sent; a request no turn answers is 500.
 */
export async function startMockProvider(options: MockOptions): Promise<MockProvider> {
  const clock = options.clock ?? systemClock;
  const find = options.script === undefined ? null : compileScript(options.script, "mock");
  let count = 0;
  let last: MockRequest | null = null;
  const embedded: JsonObject[] = [];
  const turnFor = async (request: MockRequest): Promise<ScriptTurn | null> => {
    if (options.answer) return ScriptTurn.parse(await options.answer(request));
    const agent = options.agentOf?.(request) ?? request.agent;
    return find?.({ ...request, agent }, clock.now()) ?? null;
  };
  const server = createServer((request, response) => {
    void respond(request, response).catch(() => response.destroy());
  });
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    if (request.method === "GET") return list(path, response);
    const embeds = VECTOR_PATHS[path];
    if (embeds !== undefined && options.script?.vectors !== undefined) {
      const asked = JSON.parse(await bodyOf(request)) as JsonObject;
      embedded.push(asked);
      const { status, value } = vectorAnswer(embeds, asked, options.script.vectors);
      return json(response, status, value);
    }
    const wire = WIRES[path.replace(/^\/v1/u, "")];
    const spoken = options.wire ?? "all";
    if (wire === undefined || (spoken !== "all" && spoken !== wire)) {
      return json(response, 404, { error: { message: `nothing at ${path}`, type: "not_found" } });
    }
    const body: unknown = JSON.parse(await bodyOf(request));
    const asked = readRequest(wire, isObject(body) ? body : {});
    count += 1;
    last = asked;
    const turn = await turnFor(asked);
    if (turn === null) {
      return json(response, 500, { error: { message: "the script has no answer for this" } });
    }
    await give(asked, turn, response, clock);
  }
  server.listen(0, "127.0.0.1");
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    count: () => count,
    last: () => last,
    embedded: () => embedded,
    config: (wire, model = "mock") => ({ ...CONFIGS[wire](url), model }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const WIRES: Readonly<Record<string, MockWire>> = {
  "/chat/completions": "openai",
  "/messages": "anthropic",
  "/api/chat": "ollama",
};

const CONFIGS: Readonly<Record<MockWire, (url: string) => ModelConfig>> = {
  openai: (url) => ({ adapter: "openai-compatible", url: `${url}/v1` }),
  // The key variable has a default; any value will do here.
  anthropic: (url) => ({
    ...{ adapter: "anthropic", url: `${url}/v1`, keyEnv: "MOCK_KEY" },
    price: { input: 0, output: 0 },
  }),
  ollama: (url) => ({ adapter: "ollama", url }),
};

const FAIL_STATUS: Readonly<Record<string, number>> = {
  "model.unauthorized": 401,
  "model.quota": 402,
  "model.forbidden": 403,
  "model.not_found": 404,
  "model.context_full": 413,
  "model.bad_request": 400,
  "model.rate_limited": 429,
  "model.overloaded": 503,
};

async function give(
  request: MockRequest,
  turn: ScriptTurn,
  response: ServerResponse,
  clock: Clock,
): Promise<void> {
  if (turn.fail !== undefined) {
    const error = { message: `model ${request.model} not served: ${turn.fail}`, type: turn.fail };
    return json(response, FAIL_STATUS[turn.fail] ?? 500, { error });
  }
  const answered = request.messages.filter((message) => message.role === "assistant").length;
  const calls = (turn.calls ?? []).map(({ name, args, broken }, index): MockCall => ({
    id: `call_${answered + 1}_${index + 1}`,
    name,
    json: broken ?? JSON.stringify(args),
  }));
  const finish = turn.finish ?? (calls.length > 0 ? "calls" : "stop");
  if (!request.stream) {
    const { model } = request;
    const whole = { model, text: turn.say ?? "", calls, finish, usage: turn.usage };
    return json(response, 200, wholeAnswer(request.wire, whole));
  }
  const encoder = encoderOf(request.wire, request.model);
  response.writeHead(200, { "content-type": encoder.type, "cache-control": "no-cache" });
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const send = async (text: string): Promise<void> => {
    if (turn.delayMs) await clock.sleep(turn.delayMs, gone.signal);
    if (!gone.signal.aborted && text !== "") response.write(text);
  };
  // Without delays the whole answer is one write, as a fast provider's packets are.
  const pieces = [
    ...turnPieces(turn.think, turn.chunk).map((piece) => encoder.think(piece)),
    ...turnPieces(turn.say, turn.chunk).map((piece) => encoder.say(piece)),
    ...calls.map((call, index) => encoder.call(call, index)),
  ];
  if (turn.delayMs) {
    response.write(encoder.start());
    for (const piece of pieces) await send(piece);
    response.end(encoder.end(finish, turn.usage));
  } else {
    response.end(encoder.start() + pieces.join("") + encoder.end(finish, turn.usage));
  }
}

function list(path: string, response: ServerResponse): void {
  if (path === "/api/tags") return json(response, 200, { models: [{ name: "mock" }] });
  if (path === "/v1/models") {
    const data = [{ id: "mock", object: "model", created: 0, owned_by: "mock" }];
    return json(response, 200, { object: "list", data });
  }
  return json(response, 404, { error: { message: `nothing at ${path}` } });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
