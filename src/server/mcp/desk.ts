import type { Key } from "../../contracts/http/key.ts";
import type { McpService } from "../../mcp/serve.ts";
import type { Clock } from "../../std/clock.ts";
import { assert } from "../../std/error.ts";
import { isObject, type JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { LEGACY } from "../../std/mcp.ts";
import type { Random } from "../../std/random.ts";
import { type Call as RpcCall, RPC, RpcRefusal } from "../../std/rpc.ts";
import type { Call, Reply } from "../route.ts";
import { eventNamed, type Feed, openFeed } from "./feed.ts";
import { HttpRefusal, postedIn, type Posted } from "./message.ts";
import { openSessions, type Session, type Sessions } from "./sessions.ts";

/**
 * MCP over streamable HTTP. What carries the protocol is here, what it means is in `mcp`; both eras
 * come in at one address and are told apart by what each request says of itself:
 *
 * - Of the stateless revision each request stands alone. It ends with its connection, and what it
 *   asked for is taken back.
 * - Of those before it a client has a session, of its key alone. A connection that is lost takes
 *   nothing back: the client comes again and goes on after the last event it saw.
 */
export interface McpDesk {
  post(call: Call<unknown>): Promise<Reply>;
  get(call: Call<unknown>): Promise<Reply>;
  end(call: Call<unknown>): Promise<Reply>;
  /** What only waits for something to tell ends; what is being answered is. */
  drain(): void;
}

export interface McpDeskParts {
  readonly clock: Clock;
  readonly random: Random;
  /** What a key is served. */
  readonly speak: (key: Key) => Promise<McpService>;
  /** Takes a bug that an answer was. */
  readonly failed: (error: unknown) => void;
}

type Asked = Extract<Posted, { kind: "request" }>;

interface Desk extends McpDeskParts {
  readonly sessions: Sessions;
}

export function openMcpDesk(parts: McpDeskParts): McpDesk {
  const desk: Desk = { ...parts, sessions: openSessions(parts) };
  return {
    post: (call) => refusing(() => post(desk, call)),
    get: (call) => refusing(async () => listen(sessionOf(desk, call), call)),
    end: (call) =>
      refusing(async () => {
        desk.sessions.end(sessionOf(desk, call));
        return { body: {} };
      }),
    drain: () => desk.sessions.hush(),
  };
}

async function refusing(act: () => Promise<Reply>): Promise<Reply> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof HttpRefusal)) throw error;
    return { status: error.status, body: refusalBody(error.id, error) };
  }
}

async function post(desk: Desk, call: Call<unknown>): Promise<Reply> {
  const posted = postedIn(call.body, call.headers);
  if (posted.kind === "request" && posted.isModern) return once(desk, call, posted);
  if (posted.kind === "request" && posted.method === "initialize") return begin(desk, call, posted);
  const id = posted.kind === "request" ? posted.id : null;
  // A notice of the stateless revision has nothing to be about: each request ends with its stream.
  if (posted.kind === "notice" && call.headers.get(SESSION) === null) return ACCEPTED;
  const session = sessionOf(desk, call, id);
  if (posted.kind === "request") return within(desk, session, call, posted);
  const { requestId } = posted.kind === "notice" ? posted.params : {};
  if (posted.kind === "notice" && posted.method === "notifications/cancelled") {
    if (typeof requestId === "string" || typeof requestId === "number") {
      session.calls.get(requestId)?.abort();
    }
  }
  return ACCEPTED;
}

const ACCEPTED: Reply = { status: 202, text: "" };
const SESSION = "mcp-session-id";

/** One request of the stateless revision. */
async function once(desk: Desk, call: Call<unknown>, asked: Asked): Promise<Reply> {
  const mcp = await desk.speak(keyOf(call));
  if (streams(asked, call)) {
    const feed = openFeed("once");
    return {
      stream: async (sink) => {
        const tell = feed.push;
        void answerTo(desk, mcp, asked, { signal: sink.gone, tell }).then((body) => {
          feed.push(body);
          feed.end();
        });
        await feed.tell(0, sink);
      },
    };
  }
  const body = await answerTo(desk, mcp, asked, { signal: call.signal, tell: () => undefined });
  return { status: statusOf(body), body };
}

/** A client that is greeted gets a session. */
async function begin(desk: Desk, call: Call<unknown>, asked: Asked): Promise<Reply> {
  const key = keyOf(call);
  if (call.headers.get(SESSION) !== null) {
    const message = "A session begins once.";
    throw new HttpRefusal(400, RPC.request, message, { id: asked.id });
  }
  const mcp = await desk.speak(key);
  const { signal } = call;
  const body = await answerTo(desk, mcp, asked, { signal, tell: () => undefined });
  if ("error" in body) return { body };
  const { protocolVersion } = isObject(body["result"]) ? body["result"] : {};
  const session = desk.sessions.open(key.id, mcp, protocolVersion === LEGACY);
  return { body, headers: { [SESSION]: session.id } };
}

/** One request in a session. */
async function within(
  desk: Desk,
  session: Session,
  call: Call<unknown>,
  asked: Asked,
): Promise<Reply> {
  const { id } = asked;
  const { calls, mcp } = session;
  if (calls.has(id)) throw new HttpRefusal(400, RPC.request, "This id is in use.", { id });
  if (calls.size >= LIMITS.rpcCalls) {
    const message = `At most ${LIMITS.rpcCalls} requests at a time.`;
    throw new HttpRefusal(503, RPC.busy, message, { id });
  }
  const stop = new AbortController();
  calls.set(id, stop);
  const feed = streams(asked, call) ? desk.sessions.feed(session) : null;
  // What is told of a call goes with its answer; what it set going is told on the standing stream.
  const tells = TELLING.includes(asked.method) ? feed : session.standing;
  const tell = (message: JsonObject): void => tells?.push(message);
  const answered = answerTo(desk, mcp, asked, { signal: stop.signal, tell }).finally(() => {
    calls.delete(id);
  });
  if (feed === null) return { body: await answered };
  void answered.then((body) => {
    feed.push(body);
    feed.end();
  });
  return read(session, feed, 0);
}

/** The stream that goes on where a client lost one, or the one on which what nobody asked is told. */
function listen(session: Session, { headers }: Call<unknown>): Reply {
  if (!accepts(headers, "text/event-stream")) {
    throw new HttpRefusal(406, RPC.request, "That answers with text/event-stream.");
  }
  const last = headers.get("last-event-id");
  const event = last === null ? { feed: session.standing.id, n: 0 } : eventNamed(last);
  const feed = session.feeds.get(event?.feed ?? "");
  if (!event || !feed)
    throw new HttpRefusal(400, RPC.request, "There is no such event to go on after.");
  if (feed !== session.standing) return read(session, feed, event.n);
  if (session.heard) throw new HttpRefusal(409, RPC.request, "That stream is read already.");
  session.heard = true;
  return read(session, feed, event.n, () => {
    session.heard = false;
  });
}

function read(session: Session, feed: Feed, since: number, over = (): void => undefined): Reply {
  session.readers += 1;
  return {
    stream: async (sink) => {
      try {
        await feed.tell(since, sink, { names: true, primes: session.primes });
      } finally {
        session.readers -= 1;
        over();
      }
    },
  };
}

/** @throws HttpRefusal 400 where none is named, 404 where it is none of this key's. */
function sessionOf(desk: Desk, call: Call<unknown>, id: Asked["id"] | null = null): Session {
  const named = call.headers.get(SESSION);
  if (named === null) {
    const message = "A session is named by its header; one begins with initialize.";
    throw new HttpRefusal(400, RPC.request, message, { id });
  }
  const session = desk.sessions.find(keyOf(call).id, named);
  if (session) return session;
  const message = "There is no such session; begin with initialize.";
  throw new HttpRefusal(404, RPC.request, message, { id });
}

function keyOf({ key }: Call<unknown>): Key {
  assert(key, "MCP is asked with a key");
  return key;
}

/** Methods that may tell something before they answer. */
const TELLING: readonly string[] = ["tools/call", "subscriptions/listen"];

function streams({ method }: Asked, { headers }: Call<unknown>): boolean {
  return TELLING.includes(method) && accepts(headers, "text/event-stream");
}

function accepts(headers: Headers, type: string): boolean {
  return (headers.get("accept") ?? "").includes(type);
}

/** The answer to a request, as a message. Never rejects. */
async function answerTo(
  { failed }: Desk,
  mcp: McpService,
  { id, method, params }: Asked,
  { signal, tell }: { readonly signal: AbortSignal; readonly tell: (message: JsonObject) => void },
): Promise<JsonObject> {
  const notify = (told: string, about: JsonObject): void =>
    tell({ jsonrpc: "2.0", method: told, params: about });
  // Nothing is asked of a client.
  const peer: RpcCall["peer"] = { request: () => Promise.resolve(null), notify };
  try {
    return { jsonrpc: "2.0", id, result: await mcp.answer(method, params, { id, signal, peer }) };
  } catch (error) {
    if (error instanceof RpcRefusal) return refusalBody(id, error);
    failed(error);
    const message = "This failed inside; nothing about it can be mended from there.";
    return refusalBody(id, new RpcRefusal(RPC.bug, message));
  }
}

/** A refusal as a message. */
export function refusalBody(
  id: Asked["id"] | null,
  { code, message, data }: RpcRefusal,
): JsonObject {
  return { jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}

/** Only a method there is not is no success of HTTP. */
function statusOf(body: JsonObject): number {
  const { error } = body as { error?: { code: number } };
  return error?.code === RPC.method ? 404 : 200;
}
