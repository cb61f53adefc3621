import { NanosError } from "../../std/error.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { Event, RunStarted } from "../../contracts/event.ts";
import type { Label } from "../../contracts/label.ts";
import type { Message } from "../../contracts/message.ts";
import type { AgentSession } from "../../contracts/run.ts";
import { REQUEST_LABEL, UNKNOWN_LABEL, joinLabels } from "../../gate/labels.ts";
import { LIMITS } from "../../std/limits.ts";
import { type EarlierCalls, earlierCalls, earlierMessages } from "./earlier.ts";
import type { Journal } from "../../journal/journal.ts";

/** The conversation before a run. */
export interface Past {
  readonly messages: readonly Message[];
  /** What came after its request, with what the agent itself did between. */
  readonly since: readonly Message[];
  /** Join of all that was in it. */
  readonly label: Label;
  /** The first event whose words are gone. */
  readonly erased: Event | null;
  /** Where the agent of the newest run of it can go on by itself. */
  readonly session: AgentSession | null;
  /** What the gate decided in the newest run of it, a line for each; worked out when asked for. */
  decisions(): string;
}

const HELD_LABEL: Label = { ...UNKNOWN_LABEL, sources: ["conversation"] };

type Told = Pick<RunStarted, "after" | "earlier" | "results" | "since" | "client">;

const NO_CALLS: EarlierCalls = { calls: [], left: 0, erased: null };

/**
 * The conversation before: what a client holds of it, then what was asked, called and answered, run
 * by run. What came of a run only later than the entry numbered `before` was not known then.
 */
export function pastOf(
  journal: Journal,
  { after, earlier = [], results: room, since = [], client }: Told,
  before: number = Number.POSITIVE_INFINITY,
): Past {
  const messages: Message[] = [...earlier];
  const known = room === undefined ? NO_CALLS : earlierCalls(journal, after, { before, room });
  let label = joinLabels(REQUEST_LABEL, ...known.calls.map((one) => one.label));
  // What somebody holds of a conversation is in their words, whoever they are.
  if (earlier.length + since.length > 0) label = joinLabels(label, HELD_LABEL);
  let { erased } = known;
  let session: AgentSession | null = null;
  for (const run of after) {
    const first = firstOf(journal, run);
    const asked = first?.body?.kind === "run.started" ? askedFirst(first.body) : GONE;
    if (first?.body === null) erased ??= first.event;
    const noted = first?.body?.kind === "run.started" ? imagesNoted(first.body) : [];
    messages.push({ role: "user", parts: [{ type: "text", text: asked }, ...noted] });
    messages.push(...(first?.body?.kind === "run.started" ? (first.body.since ?? []) : []));
    messages.push(...earlierMessages(known, run));
    const end = endOf(journal, run, before);
    if (end?.body === null) erased ??= end.event;
    const said = end?.body?.kind === "run.ended" ? end.body.end.text : end ? GONE : "";
    messages.push({ role: "assistant", parts: [{ type: "text", text: said || NO_ANSWER }] });
    session = (end?.body?.kind === "run.ended" && end.body.end.session) || null;
    if (end) label = joinLabels(label, end.event.label ?? UNKNOWN_LABEL);
  }
  const between = betweenIn(journal, { since, client }, before);
  label = joinLabels(label, ...between.labels);
  erased ??= between.erased;
  const given = { messages, since: between.messages };
  return { ...given, label, erased, session, decisions: () => decidedIn(journal, after.at(-1)) };
}

/**
 * What a client says came of its calls, each after what the run that made them did itself: the client
 * knows nothing of that, and the agent must not do it again.
 */
function betweenIn(
  journal: Journal,
  { since, client }: { readonly since: readonly Message[]; readonly client: string | undefined },
  before: number,
): Pick<Past, "messages" | "erased"> & { readonly labels: readonly Label[] } {
  const messages: Message[] = [];
  const labels: Label[] = [];
  let erased: Event | null = null;
  for (const message of since) {
    const parts = message.role === "assistant" ? message.parts : [];
    const own = new Set(parts.flatMap((part) => (part.type === "call" ? [part.id] : [])));
    for (const run of new Set([...own].map((id) => id.split(".", 1)[0] ?? ""))) {
      const first = firstOf(journal, run);
      if (first?.body === null) erased ??= first.event;
      if (first?.body?.kind !== "run.started" || first.body.client !== client) continue;
      const found = earlierCalls(journal, [run], { before, room: LIMITS.earlierTokens });
      const calls = found.calls.filter(({ call }) => !own.has(call.id));
      messages.push(...earlierMessages({ calls, left: found.left }, run));
      labels.push(...calls.map(({ label }) => label));
      erased ??= found.erased;
    }
    messages.push(message);
  }
  return { messages, labels, erased };
}

/** Images are given with their own turn. A file's name may be another's words, so none is said again. */
function imagesNoted({ images = [] }: RunStarted): readonly { type: "text"; text: string }[] {
  if (images.length === 0) return [];
  const came = images.length === 1 ? "An image" : `${images.length} images`;
  return [{ type: "text", text: `[${came} came with it.]` }];
}

/** What the operator typed; what a program or an agent's plan says where they said nothing. */
function askedFirst({ client, said, request, mission }: RunStarted): string {
  if (client !== undefined || (mission && said === "")) return request;
  return said ?? request;
}

/** Every decision of a run by what was decided on: its verdict, its reason, the rule that made it. */
function decidedIn(journal: Journal, run: string | undefined): string {
  const names = new Map<string | null, string>();
  const lines: string[] = [];
  for (const { event, body } of run === undefined ? [] : journal.chain(run)) {
    if (body?.kind === "action.proposed") {
      const { kind, name } = body.action;
      names.set(event.step, `${kind} ${name}`);
    } else if (body?.kind === "action.judged") {
      const { verdict, reason, rule } = body.decision;
      const by = rule === null ? "" : `, rule ${rule}`;
      lines.push(`${names.get(event.step) ?? GONE}: ${verdict} (${reason}${by})`);
    }
  }
  return lines.join("\n") || "Nothing was decided yet.";
}

const GONE = "(erased)";
const NO_ANSWER = "(no answer)";

/**
 * Only what the operator said is theirs: a request that an agent or a client wrote must not pass for
 * it. And a client hears nothing of what others asked.
 */
export function checkPast(journal: Journal, run: string, client: string | undefined): void {
  const first = firstOf(journal, run);
  if (first?.event.kind !== "run.started") {
    throw new NanosError("run.unknown", `There is no run ${run}.`, "See `nanos trace list`.");
  }
  if (first.body?.kind !== "run.started") return;
  if (first.body.client !== client) {
    const message = `Run ${run} is of another conversation.`;
    throw new NanosError("run.foreign", message, "Begin one anew, without it.");
  }
  if (!first.body.parent) return;
  const { run: parent } = first.body.parent;
  const message = `${run} is part of run ${parent} and no turn of a conversation.`;
  throw new NanosError("run.delegated", message, `Go on from ${parent}.`);
}

/** The first event of a run, or null. */
export function firstOf(journal: Journal, run: string): Recorded | null {
  for (const recorded of journal.chain(run)) return recorded;
  return null;
}

function endOf(journal: Journal, run: string, before: number): Recorded | null {
  const event = journal.head(run);
  if (event?.kind !== "run.ended" || event.seq >= before) return null;
  return { event, body: journal.body(event) };
}
