import {
  CheckpointShown,
  CognitionShown,
  MemoryShown,
  StatusShown,
  Audited,
  Verifying,
} from "../../contracts/http/status.ts";
import { PlainText } from "../../contracts/http/wire.ts";
import type { NoteLine } from "../../contracts/memory.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { METRICS_TYPE } from "../metrics.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/** How the home stands and what it holds. It is the operator's; nothing is changed here. */
export const HOME: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/nexusmon/organism/status",
    summary: "how far the home has come, and how it stands",
    needs: "operator",
    takes: null,
    gives: StatusShown,
    handle: async ({ nanos }) => ({ body: await nanos.status() }),
  }),
  route({
    method: "GET",
    path: "/v1/cognition/status",
    summary: "what every instrument reads off the thoughts on record",
    needs: "operator",
    takes: null,
    gives: CognitionShown,
    handle: async ({ nanos }) => ({ body: nanos.cognition.status() }),
  }),
  route({
    method: "GET",
    path: "/metrics",
    summary: "what is counted, as Prometheus reads it",
    needs: "operator",
    takes: null,
    gives: PlainText,
    media: "text/plain",
    handle: async ({ nanos, metrics }) => ({
      headers: { "content-type": METRICS_TYPE },
      text: await metrics.read(await nanos.status(), nanos.vitals()),
    }),
  }),
  route({
    method: "POST",
    path: "/v1/audit/verify",
    summary: "whether the journal, or one run of it, is as it was written",
    needs: "operator",
    takes: Verifying,
    gives: Audited,
    handle: verify,
  }),
  route({
    method: "GET",
    path: "/v1/journal/checkpoint",
    summary: "the newest signed checkpoint, to be kept elsewhere",
    needs: "operator",
    takes: null,
    gives: CheckpointShown,
    handle: checkpoint,
  }),
  route({
    method: "GET",
    path: "/v1/memory",
    summary: "what is remembered; with ?q=WORDS the notes that hold them",
    needs: "operator",
    takes: null,
    gives: MemoryShown,
    handle: memory,
  }),
];

async function verify({ nanos, body }: Call<Verifying>): Promise<Reply> {
  const { run } = body;
  if (run !== undefined && nanos.traces.line(run) === null) {
    throw new NanosError("run.unknown", "There is no such run.", "See GET /v1/runs.");
  }
  const policy = run === undefined ? null : policyOf(nanos, run);
  return { body: { ...nanos.traces.verified(run), policy } };
}

/** What a run was judged by beside what would be judged by now. */
function policyOf({ traces, rules }: Call<unknown>["nanos"], run: string): object {
  const judged = traces.events(run).flatMap(({ body }) => {
    return body?.kind === "action.judged" ? [body.decision.policy] : [];
  });
  const [now, made] = [rules.policy(), [...new Set(judged)]];
  return { now, made, same: made.every((one) => one === now) };
}

async function checkpoint({ nanos }: Call<unknown>): Promise<Reply> {
  const { log } = await nanos.evidence.keys();
  const [newest] = nanos.evidence.points(1);
  if (newest) return { body: { checkpoint: newest.checkpoint, log, at: newest.at } };
  throw new NanosError("log.unsigned", "Nothing is signed yet.", "The end of a run signs it.");
}

async function memory({ nanos, query }: Call<unknown>): Promise<Reply> {
  const words = query.get("q");
  const { settings, notes } = await nanos.memory.list();
  const found = words === null ? notes : await nanos.memory.search(words);
  return { body: { settings, notes: found.slice(0, LIMITS.httpListed).map(noteOf) } };
}

function noteOf({ id, memory: where, text, hash, label, byHand }: NoteLine): unknown {
  return { id, memory: where, text, hash, label, byHand };
}
