import { isAbsolute, normalize } from "node:path";
import type { Nanos, RunRequest } from "../contracts/nanos.ts";
import type { Clock } from "../std/clock.ts";
import { NanosError } from "../std/error.ts";
import type { Json, JsonObject } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { newId, systemRandom } from "../std/random.ts";
import { type Call, type Peer, RPC, RpcRefusal } from "../std/rpc.ts";
import { VERSION } from "../version.ts";
import { pastOf, sessionInfo, tellPast } from "./past.ts";
import { commandsOf, modesOf, promptSession, sender, type Session, setMode } from "./session.ts";

/** The agent an editor drives: what each method of the protocol means here. */
export interface Agent {
  /** @throws RpcRefusal for what is refused. */
  answer(method: string, params: JsonObject, call: Call): Promise<JsonObject>;
  heard(method: string, params: JsonObject): void;
}

export interface AgentParts {
  readonly clock: Clock;
  /** What every request is held to. */
  readonly bounds: Omit<RunRequest, "text" | "client">;
  /** The arrangement of a folder, absolute; opened once. @throws NanosError as opening does. */
  readonly open: (cwd: string) => Promise<Nanos>;
}

export function acpAgent(parts: AgentParts): Agent {
  const sessions = new Map<string, Session>();
  const find = ({ sessionId }: JsonObject): Session => {
    const found = typeof sessionId === "string" ? sessions.get(sessionId) : undefined;
    if (found) return found;
    throw new RpcRefusal(RPC.params, "There is no such session open here.");
  };
  return {
    heard: (method, params) => {
      const { sessionId } = params;
      if (method !== "session/cancel" || typeof sessionId !== "string") return;
      sessions.get(sessionId)?.stop?.abort();
    },
    answer: async (method, params, call) => {
      switch (method) {
        case "initialize":
          return GREETING;
        case "session/new":
          return newSession(parts, sessions, params, call.peer);
        case "session/load":
          return loadSession(parts, sessions, params, call.peer);
        case "session/resume":
          return loadSession(parts, sessions, params, call.peer, false);
        case "session/list":
          return listSessions(parts, params);
        case "session/prompt":
          return promptSession(find(params), parts.bounds, params["prompt"], call);
        case "session/set_mode":
          setMode(find(params), params["modeId"]);
          return {};
        case "session/close": {
          const session = find(params);
          session.stop?.abort();
          sessions.delete(session.id);
          return {};
        }
        default:
          throw new RpcRefusal(RPC.method, "There is no such method here.");
      }
    },
  };
}

const GREETING: JsonObject = {
  protocolVersion: 1,
  agentInfo: { name: "nanos", title: "NanoOS", version: VERSION },
  agentCapabilities: {
    loadSession: true,
    promptCapabilities: { image: false, audio: false, embeddedContext: false },
    sessionCapabilities: { list: {}, resume: {}, close: {} },
  },
  authMethods: [],
};

async function newSession(
  parts: AgentParts,
  sessions: Map<string, Session>,
  params: JsonObject,
  peer: Peer,
): Promise<JsonObject> {
  const nanos = await openIn(parts, params["cwd"]);
  const id = newId("r", parts.clock.now(), systemRandom);
  const session = keep(sessions, { nanos, id, runs: [], mode: "ask", stop: null });
  await offerCommands(session, peer);
  return { sessionId: id, modes: modesOf(session) };
}

/** Goes on with a conversation of the journal; the editor that has it open already is not told it anew. */
async function loadSession(
  parts: AgentParts,
  sessions: Map<string, Session>,
  params: JsonObject,
  peer: Peer,
  tells = true,
): Promise<JsonObject> {
  const nanos = await openIn(parts, params["cwd"]);
  const past = pastOf(nanos).find(({ id }) => id === params["sessionId"]);
  if (!past) throw new RpcRefusal(RPC.params, "There is no such conversation in the journal.");
  const { id, runs } = past;
  const session = keep(sessions, { nanos, id, runs, mode: "ask", stop: null });
  if (tells) tellPast(nanos, past, sender(session, peer));
  await offerCommands(session, peer);
  return { modes: modesOf(session) };
}

async function listSessions(parts: AgentParts, { cwd }: JsonObject): Promise<JsonObject> {
  const nanos = await openIn(parts, cwd);
  const all = pastOf(nanos).slice(0, LIMITS.clientListed);
  return { sessions: all.map((past) => sessionInfo(past, nanos.place.workspace)) };
}

/** A session that is opened once more is that one again; what went on in it is stopped. */
function keep(sessions: Map<string, Session>, session: Session): Session {
  const known = sessions.get(session.id);
  if (!known && sessions.size >= LIMITS.acpSessions) {
    throw new RpcRefusal(RPC.busy, `At most ${LIMITS.acpSessions} sessions are open at a time.`);
  }
  known?.stop?.abort();
  sessions.set(session.id, session);
  return session;
}

async function offerCommands(session: Session, peer: Peer): Promise<void> {
  const availableCommands = await commandsOf(session.nanos);
  if (availableCommands.length === 0) return;
  sender(session, peer)({ sessionUpdate: "available_commands_update", availableCommands });
}

/** @throws RpcRefusal for a folder whose arrangement cannot be used, with what to do. */
async function openIn({ open }: AgentParts, cwd: Json | undefined): Promise<Nanos> {
  if (cwd !== undefined && cwd !== null && (typeof cwd !== "string" || !isAbsolute(cwd))) {
    throw new RpcRefusal(RPC.params, "cwd is an absolute path.");
  }
  try {
    return await open(typeof cwd === "string" ? normalize(cwd) : ".");
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    const { code, message, next } = error;
    throw new RpcRefusal(RPC.request, `${message} ${next}`, { code });
  }
}
