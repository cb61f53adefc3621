import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Clock } from "../../std/clock.ts";
import type { Failure } from "../../contracts/outcome.ts";
import { failure } from "../failures.ts";
import type { Link, Reply } from "../mcp/link.ts";
import type { Bounds } from "../mcp/stdio.ts";

/** One turn of an agent behind a link: it is greeted, given a session and asked once. */
export interface Asked {
  readonly name: string;
  /** Where it works, as its process sees it. */
  readonly cwd: string;
  readonly request: string;
  /** It may have files read and written for it, and programs started. */
  readonly files: boolean;
  readonly terminals: boolean;
  /** Told the session once there is one. */
  readonly onSession: (id: string) => void;
  readonly clock: Clock;
}

/** The version of the protocol spoken here. */
const VERSION = 1;

/** How the turn ended, in the protocol's word (`end_turn`, `max_tokens`); or why there was none. */
export async function askOnce(link: Link, asked: Asked, bounds: Bounds): Promise<string | Failure> {
  const { name, cwd, files, terminals, onSession } = asked;
  const greeted = await link.request(
    "initialize",
    {
      protocolVersion: VERSION,
      clientCapabilities: {
        fs: { readTextFile: files, writeTextFile: files },
        terminal: terminals,
      },
      clientInfo: { name: "nanos", version: "1" },
    },
    bounds,
  );
  if (!greeted.ok) return unreachable(link, name, greeted.failure);
  const spoken = fieldOf(greeted, "protocolVersion");
  if (spoken !== VERSION) {
    const message = `${name} speaks version ${JSON.stringify(spoken).slice(0, 20)} of the protocol, not ${VERSION}.`;
    return failure("acp.protocol", message);
  }
  const opened = await link.request("session/new", { cwd, mcpServers: [] }, bounds);
  if (!opened.ok) {
    return opened.rpc?.code === SIGN_IN
      ? failure("acp.sign_in", `${name} wants to be signed in first.`)
      : opened.failure;
  }
  const session = fieldOf(opened, "sessionId");
  if (typeof session !== "string") return failure("acp.protocol", `${name} gave no session.`);
  onSession(session);
  return prompt(link, asked, session, bounds);
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
