import type { Nanos, RunHandle, RunHooks, RunRequest } from "../contracts/nanos.ts";
import type { RunState } from "../contracts/run.ts";
import { NanosError } from "../std/error.ts";
import type { Json, JsonObject } from "../std/json.ts";
import { type Call, type Peer, RPC, RpcRefusal } from "../std/rpc.ts";
import { permitting } from "./permit.ts";
import { textOfPrompt } from "./prompt.ts";
import { planTelling, type Send, type Telling, telling } from "./telling.ts";

/** One conversation, open in an editor. What was said in it is in the journal. */
export interface Session {
  readonly nanos: Nanos;
  readonly id: string;
  /** Its runs so far, oldest first. */
  runs: readonly string[];
  mode: Mode;
  /** Stops the turn that is going on; null between turns. */
  stop: AbortController | null;
}

const MODES = {
  ask: { name: "Ask", description: "Works, and asks before what needs your word." },
  local: { name: "Local", description: "The same, and reaches nothing outside this machine." },
  rehearse: { name: "Rehearse", description: "Does nothing: says what it would do and ask." },
} as const;
type Mode = keyof typeof MODES;

/** Modes as an editor offers them. */
export function modesOf(session: Session): JsonObject {
  const availableModes = Object.entries(MODES).map(([id, mode]) => ({ id, ...mode }));
  return { currentModeId: session.mode, availableModes };
}

/** @throws RpcRefusal for a mode that there is not. */
export function setMode(session: Session, mode: Json | undefined): void {
  if (typeof mode !== "string" || !Object.hasOwn(MODES, mode)) {
    throw new RpcRefusal(RPC.params, `Modes: ${Object.keys(MODES).join(", ")}.`);
  }
  session.mode = mode as Mode;
}

/** What begins with a slash: missions by the plans there are, and commands of skills. */
export async function commandsOf({ missions, commands }: Nanos): Promise<readonly Json[]> {
  const plans = await missions.plans();
  const mission = {
    name: MISSION,
    description: "Begins a mission by a plan.",
    input: { hint: `${plans.join(" | ")} INPUT=VALUE` },
  };
  const skills = commands.map(({ name, description }) => {
    return { name, description, input: { hint: "words" } };
  });
  return plans.length === 0 ? skills : [mission, ...skills];
}

const MISSION = "mission";

/** One turn: what the operator typed, worked on to its end or to where it waits. */
export async function promptSession(
  session: Session,
  bounds: Omit<RunRequest, "text" | "client">,
  prompt: Json | undefined,
  { signal, peer }: Call,
): Promise<JsonObject> {
  if (session.stop) throw new RpcRefusal(RPC.request, "A turn of this session is going on.");
  const text = textOfPrompt(prompt);
  const stop = new AbortController();
  session.stop = stop;
  const send = sender(session, peer);
  const told = telling(session.nanos, send);
  try {
    const both = AbortSignal.any([stop.signal, signal]);
    const ask = permitting(session.nanos, session.id, peer);
    const hooks: RunHooks = { on: told.on, ask, signal: both, channel: "editor" };
    const handle = await begin(session, { ...bounds, text, ...hooks }, send);
    return { stopReason: cameTo(told, await handle.done) };
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    told.say(`${error.message} ${error.next}`);
    return { stopReason: stop.signal.aborted ? "cancelled" : "end_turn" };
  } finally {
    session.stop = null;
  }
}

/** Sends updates of a session. */
export function sender({ id: sessionId }: Pick<Session, "id">, peer: Peer): Send {
  return (update) => peer.notify("session/update", { sessionId, update });
}

async function begin(session: Session, request: RunRequest, send: Send): Promise<RunHandle> {
  const { nanos, id, runs, mode } = session;
  const wish = missionIn(request.text);
  if (wish !== null) {
    const { plan } = await nanos.missions.plan(wish.plan);
    const { on, ...hooks } = request;
    const tell = planTelling(plan, send);
    return nanos.missions.begin(wish, {
      ...hooks,
      on: (live) => {
        tell(live);
        on?.(live);
      },
    });
  }
  const handle = await nanos.run({
    ...request,
    after: runs,
    ...(runs.length === 0 ? { run: id } : {}),
    ...(mode === "local" ? { localOnly: true } : {}),
    ...(mode === "rehearse" ? { rehearsal: true } : {}),
  });
  // A mission is no turn of a conversation: nothing goes on from it.
  session.runs = [...runs, handle.run];
  return handle;
}

/** `/mission PLAN INPUT=VALUE …`, a value with spaces in quotes; null for any other text. */
function missionIn(text: string): { plan: string; inputs: Record<string, string> } | null {
  const [, plan, rest = ""] = /^\/mission\s+(\S+)\s*([^]*)$/u.exec(text) ?? [];
  if (plan === undefined) return null;
  const given = rest.matchAll(/([\w-]+)=(?:"([^"]*)"|(\S+))/gu);
  const inputs = [...given].map(([, name = "", quoted, plain]) => [name, quoted ?? plain ?? ""]);
  return { plan, inputs: Object.fromEntries(inputs) as Record<string, string> };
}

/** Says how a turn ended, and gives the protocol's word for it. */
function cameTo(told: Telling, state: RunState): string {
  if (state.state === "waiting") {
    const ids = state.asks.map(({ id }) => `nanos approvals approve ${id}`);
    const how = [...ids, `nanos resume ${state.run}`].join(", then ");
    told.say(`\n\nIt waits for an answer that was not given here: ${how}`);
    return "end_turn";
  }
  if (state.state !== "ended") return "end_turn";
  told.ended(state.ended);
  const { outcome, failure } = state.ended;
  if (outcome === "cancelled") return "cancelled";
  return failure?.code === "run.turns" ? "max_turn_requests" : "end_turn";
}
