import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Clock } from "../../std/clock.ts";
import type { Failure } from "../../contracts/outcome.ts";
import { failure } from "../failures.ts";
import type { Link, Reply } from "../mcp/link.ts";
import type { Bounds } from "../mcp/stdio.ts";

/** One turn of an agent behind a link: it is greeted, given a session and asked. */
export interface Asked {
  readonly name: string;
  /** Where it works, as its process sees it. */
  readonly cwd: string;
  /** The request, with what was said before it. */
  readonly request: string;
  /** Null at a beginning; else the session it was in, null for none, and the request alone. */
  readonly continues: { readonly session: string | null; readonly request: string } | null;
  /** It may have files read and written for it, and programs started. */
  readonly files: boolean;
  readonly terminals: boolean;
  /** Told the session once there is one. */
  readonly onSession: (id: string) => void;
  readonly clock: Clock;
}

/** A turn that came to its end. */
export interface Turn {
  /** The protocol's word for how: `end_turn`, `max_tokens`. */
  readonly stop: string;
  /** The session another process of it can take up; null where none can. */
  readonly session: string | null;
  /** How it went on: in its process, in its session, or told anew what was said before; null at a beginning. */
  readonly continued: "kept" | "resumed" | "loaded" | "told" | null;
}

/** The version of the protocol spoken here. */
const VERSION = 1;

/** A turn, or why there was none. */
export async function askOnce(link: Link, asked: Asked, bounds: Bounds): Promise<Turn | Failure> {
  const { request, continues, onSession } = asked;
  const greeted = await greet(link, asked, bounds);
  if (!greeted.ok) return greeted.failure;
  const way = wayBack(greeted);
  const taken = await takeUp(link, asked, way, bounds);
  const session = taken ?? (await begin(link, asked, bounds));
  if (typeof session !== "string") return session;
  onSession(session);
  const text = taken !== null && continues ? continues.request : request;
  const stop = await prompt(link, { ...asked, request: text }, session, bounds);
  if (typeof stop !== "string") return stop;
  const how = way === "session/resume" ? "resumed" : "loaded";
  return {
    stop,
    session: way !== null && SESSION.test(session) ? session : null,
    continued: continues === null ? null : taken === null ? "told" : how,
  };
}

/** The next turn of a process that is in its session still. */
export async function askAgain(
  link: Link,
  asked: Asked,
  { session, named }: { readonly session: string | null; readonly named: string | null },
  bounds: Bounds,
): Promise<Turn | Failure> {
  const request = asked.continues?.request ?? asked.request;
  const stop = await prompt(link, { ...asked, request }, session ?? "", bounds);
  return typeof stop === "string" ? { stop, session: named, continued: "kept" } : stop;
}

async function greet(
  link: Link,
  { name, files, terminals }: Asked,
  bounds: Bounds,
): Promise<Reply> {
  const fs = { readTextFile: files, writeTextFile: files };
  const params = {
    protocolVersion: VERSION,
    clientCapabilities: { fs, terminal: terminals },
    clientInfo: { name: "nanos", version: "1" },
  };
  const reply = await link.request("initialize", params, bounds);
  if (!reply.ok) return { ok: false, failure: unreachable(link, name, reply.failure) };
  const spoken = fieldOf(reply, "protocolVersion");
  if (spoken === VERSION) return reply;
  const said = JSON.stringify(spoken).slice(0, 20);
  const message = `${name} speaks version ${said} of the protocol, not ${VERSION}.`;
  return { ok: false, failure: failure("acp.protocol", message) };
}

/** What a session's name may look like to be kept. */
const SESSION = /^[\w.:/-]{1,200}$/u;

/** How it takes up a session another process of it began; null where it says it cannot. */
function wayBack(greeted: Extract<Reply, { ok: true }>): "session/resume" | "session/load" | null {
  const can = fieldOf(greeted, "agentCapabilities");
  if (!isObject(can)) return null;
  const { sessionCapabilities: more, loadSession } = can;
  // Resumed, it does not tell all over again what was said.
  if (isObject(more) && isObject(more["resume"])) return "session/resume";
  return loadSession === true ? "session/load" : null;
}

/** Has it go on in its session. Null where there is none, or it does not know it any more. */
async function takeUp(
  link: Link,
  { cwd, continues }: Asked,
  way: ReturnType<typeof wayBack>,
  bounds: Bounds,
): Promise<string | null> {
  const sessionId = continues?.session ?? null;
  if (sessionId === null || way === null) return null;
  const reply = await link.request(way, { sessionId, cwd, mcpServers: [] }, bounds);
  return reply.ok ? sessionId : null;
}

async function begin(link: Link, { name, cwd }: Asked, bounds: Bounds): Promise<string | Failure> {
  const opened = await link.request("session/new", { cwd, mcpServers: [] }, bounds);
  if (!opened.ok) {
    return opened.rpc?.code === SIGN_IN
      ? failure("acp.sign_in", `${name} wants to be signed in first. ${opened.failure.message}`)
      : opened.failure;
  }
  const session = fieldOf(opened, "sessionId");
  return typeof session === "string"
    ? session
    : failure("acp.protocol", `${name} gave no session.`);
}

/** What an agent answers that has to be signed in. */
const SIGN_IN = -32000;

/** Asks, and where that is stopped tells the agent and leaves it a moment for its last words. */
async function prompt(
  link: Link,
  { name, request, clock }: Asked,
  sessionId: string,
  { ms, signal }: Bounds,
): Promise<string | Failure> {
  const gone = new AbortController();
  const cancel = (): void => {
    link.notify("session/cancel", { sessionId });
    void clock.sleep(LIMITS.lastWordsMs / 2, gone.signal).then(() => gone.abort());
  };
  if (signal.aborted) return failure("tool.cancelled", `${name} was cancelled.`);
  signal.addEventListener("abort", cancel, { once: true });
  const params = { sessionId, prompt: [{ type: "text", text: request }] };
  const reply = await link.request("session/prompt", params, { ms, signal: gone.signal });
  signal.removeEventListener("abort", cancel);
  gone.abort();
  if (!reply.ok) return reply.failure;
  const stop = fieldOf(reply, "stopReason");
  switch (stop) {
    case "end_turn":
    case "max_tokens":
    case "max_turn_requests":
      return stop;
    case "refusal":
      return failure("acp.refused", `${name} refused to go on.`);
    case "cancelled":
      return failure("tool.cancelled", `${name} was cancelled.`);
    default:
      return failure("acp.protocol", `${name} did not say why its turn ended.`);
  }
}

function fieldOf({ result }: Extract<Reply, { ok: true }>, name: string): Json {
  return isObject(result) ? (result[name] ?? null) : null;
}

function unreachable(link: Link, name: string, cause: Failure): Failure {
  // How a process ended says more than that it did not greet back.
  const ended = link.broken?.code.startsWith("tool.") && link.broken.code !== "tool.crashed";
  if (ended || cause.code === "tool.cancelled") return cause;
  const message = `${name} does not answer as an agent of the protocol: ${cause.message}`;
  return failure("acp.unreachable", message);
}
