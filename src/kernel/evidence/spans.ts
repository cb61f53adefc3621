import { spanIdOf, traceIdOf } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { AssistantMessage } from "../../contracts/message.ts";
import type { KeptVectors } from "../../contracts/model.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { Journal } from "../../journal/journal.ts";
import { chainsOf } from "../views/export.ts";
import { topRun } from "../views/traces.ts";

/**
 * A run as spans, by the GenAI conventions of OpenTelemetry 1.37.0: an agent is invoked, models are
 * asked, tools are executed. What these conventions have no name for (ranks, decisions, approvals,
 * recoveries) has ours, `nanos.*`. Ids follow from the record, so the same run gives the same spans
 * however often it is sent, and a collector that lost them gets them again. What was said and done is
 * in them only when asked for.
 */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 1 internal, 3 client. */
  readonly kind: 1 | 3;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events: readonly SpanEvent[];
  readonly status: { readonly code: 0 | 2; readonly message?: string };
}

export interface Attribute {
  readonly key: string;
  readonly value: Value;
}
type Value =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly Value[] } };

interface SpanEvent {
  readonly timeUnixNano: string;
  readonly name: string;
  readonly attributes: readonly Attribute[];
}

/** The spans of a run and of all it delegated to, in the order they began. */
export function spansOf(journal: Journal, run: string, contents: boolean): readonly Span[] {
  const traceId = traceIdOf(topRun(run));
  return chainsOf(journal, run).flatMap((chain) => {
    const recorded = [...journal.chain(chain)];
    const own = recorded.filter(({ event }) => event.step === null);
    const steps = Map.groupBy(
      recorded.filter(({ event }) => event.step !== null),
      ({ event }) => event.step ?? "",
    );
    const [first] = recorded;
    if (!first) return [];
    const root = spanOf(first);
    const ids = new Map([...steps].map(([step, [begins]]) => [step, spanOf(begins ?? first)]));
    const common = { traceId, contents };
    return [
      runSpan({
        ...common,
        recorded: own,
        end: recorded.at(-1) ?? first,
        parent: parentOf(journal, first),
      }),
      ...[...steps].map(([step, events]) => {
        const parent = ids.get(step.slice(0, step.lastIndexOf("."))) ?? root;
        return stepSpan({ ...common, recorded: events, end: events.at(-1) ?? first, parent });
      }),
    ];
  });
}

interface Given {
  readonly traceId: string;
  readonly contents: boolean;
  readonly recorded: readonly Recorded[];
  readonly end: Recorded;
  readonly parent: string | null;
}

/** A step's is known to whoever takes part in it, before it has ended. */
function spanOf({ event }: Recorded): string {
  return spanIdOf(event.step ?? event.run);
}

/** The step that delegated to a run. */
function parentOf(journal: Journal, { body }: Recorded): string | null {
  const parent = body?.kind === "run.started" ? body.parent : undefined;
  if (!parent) return null;
  for (const recorded of journal.chain(parent.run)) {
    if (recorded.event.step === parent.step) return spanOf(recorded);
  }
  return null;
}

function runSpan({ recorded, end, ...given }: Given): Span {
  const started = bodyOf(recorded, "run.started");
  const ended = bodyOf(recorded, "run.ended")?.end;
  const agent = started?.agent ?? "(erased)";
  return spanFrom({ ...given, recorded, end }, `invoke_agent ${agent}`, 1, ended?.failure, {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": agent,
    "gen_ai.conversation.id": started?.after[0] ?? recorded[0]?.event.run,
    "gen_ai.request.model": started?.model.name,
    "gen_ai.provider.name": started ? providerOf(started) : undefined,
    "gen_ai.usage.input_tokens": ended?.usage.input,
    "gen_ai.usage.output_tokens": ended?.usage.output,
    "nanos.run": recorded[0]?.event.run,
    "nanos.outcome": ended?.outcome,
    "nanos.asks": ended?.asks,
    "nanos.mission": bodyOf(recorded, "mission.started")?.name,
    "nanos.mission.rank": bodyOf(recorded, "mission.started")?.rank,
    "nanos.fork.of": started?.fork?.step,
    ...(given.contents ? said(started?.request, ended?.text) : {}),
  });
}

function stepSpan(given: Given): Span {
  const { recorded, contents } = given;
  const action = bodyOf(recorded, "action.proposed")?.action;
  const decision = bodyOf(recorded, "action.judged")?.decision;
  const settled = bodyOf(recorded, "action.settled");
  const answered = bodyOf(recorded, "model.answered");
  const outcome = settled?.outcome;
  const failure =
    answered?.failure ?? (outcome && "failure" in outcome ? outcome.failure : undefined);
  // A model call that was not answered in words made vectors.
  const embedded = action?.kind === "model" && outcome?.status === "done" ? outcome : null;
  const [operation, kind] = OPERATIONS[embedded ? "embed" : (action?.kind ?? "run")] ?? [
    `nanos.${action?.kind ?? "step"}`,
    1,
  ];
  const name = action?.name ?? "(erased)";
  const isTool = operation === "execute_tool";
  return spanFrom(given, `${operation} ${name}`, kind, failure, {
    "gen_ai.operation.name": operation,
    ...(isTool ? { "gen_ai.tool.name": name, "gen_ai.tool.type": "function" } : {}),
    "gen_ai.tool.call.id": isTool ? recorded[0]?.event.step : undefined,
    ...(answered ? modelAttributes(name, answered, contents) : {}),
    ...(embedded ? embeddingAttributes(name, embedded) : {}),
    "nanos.step": recorded[0]?.event.step,
    "nanos.step.kind": action?.kind,
    "nanos.agent": action?.agent,
    "nanos.rank": decision?.rank,
    "nanos.verdict": decision?.verdict,
    "nanos.reason": decision?.reason,
    "nanos.rule": decision?.rule ?? undefined,
    "nanos.review": decision?.review || undefined,
    "nanos.isolation": given.end.event.isolation ?? undefined,
    "nanos.approval.by": bodyOf(recorded, "approval.used")?.answer.by,
    "nanos.approval.verdict": bodyOf(recorded, "approval.used")?.answer.verdict,
    "nanos.step.status": outcome?.status,
    "nanos.step.degraded": outcome?.status === "done" ? outcome.degraded : undefined,
    "nanos.fallback": bodyOf(recorded, "recovery.taken")?.to,
    "nanos.task": bodyOf(recorded, "task.started")?.task,
    "gen_ai.tool.call.arguments": contents && isTool ? text(action?.args) : undefined,
    "gen_ai.tool.call.result":
      contents && outcome?.status === "done" && !embedded ? text(outcome.output) : undefined,
  });
}

/** What each kind of action is called by the conventions; the rest has a name of ours. */
const OPERATIONS: Readonly<Record<string, readonly [string, 1 | 3]>> = {
  model: ["chat", 3],
  embed: ["embeddings", 3],
  tool: ["execute_tool", 1],
  agent: ["execute_tool", 1],
  note: ["upsert_memory", 1],
};

type Fields = Readonly<Record<string, Json | undefined>>;
type Answered = Extract<EventBody, { kind: "model.answered" }>;

function modelAttributes(name: string, answered: Answered, contents: boolean): Fields {
  const { usage, model, finish, message } = answered;
  return {
    "gen_ai.request.model": name,
    "gen_ai.response.model": model,
    "gen_ai.response.finish_reasons": [finish],
    "gen_ai.usage.input_tokens": usage?.input,
    "gen_ai.usage.output_tokens": usage?.output,
    "gen_ai.usage.cache_read.input_tokens": usage?.cached,
    "nanos.cost.usd": usage?.cost,
    "gen_ai.output.messages": contents ? text(outputOf(message, finish)) : undefined,
  };
}

function embeddingAttributes(name: string, { used, output }: Done): Fields {
  const { dimensions, model } = output as KeptVectors;
  return {
    "gen_ai.request.model": name,
    "gen_ai.response.model": model,
    "gen_ai.embeddings.dimension.count": dimensions,
    "gen_ai.usage.input_tokens": used?.input,
    "nanos.cost.usd": used?.cost,
  };
}

type Done = Extract<Outcome, { status: "done" }>;

/** What a run was asked and answered, as the conventions write messages. */
function said(request: string | undefined, answer: string | undefined): Fields {
  const told = (role: string, content: string | undefined): string | undefined =>
    content === undefined ? undefined : text([{ role, parts: [{ type: "text", content }] }]);
  return {
    "gen_ai.input.messages": told("user", request),
    "gen_ai.output.messages": told("assistant", answer),
  };
}

/** A message as the conventions write it. */
function outputOf({ parts }: AssistantMessage, finish: string): Json {
  const told = parts.flatMap((part): Json[] => {
    if (part.type === "text") return [{ type: "text", content: part.text }];
    if (part.type !== "call") return [];
    return [{ type: "tool_call", id: part.id, name: part.name, arguments: part.args }];
  });
  return [{ role: "assistant", parts: told, finish_reason: finish }];
}

/** Who was asked: the host, as the adapter is no part of the record. */
function providerOf({ model }: Extract<EventBody, { kind: "run.started" }>): string {
  return model.host ?? "nanos";
}

function spanFrom(
  { traceId, recorded, end, parent }: Given,
  name: string,
  kind: 1 | 3,
  failure: { readonly code: string } | undefined,
  fields: Fields,
): Span {
  const [first] = recorded;
  const start = first?.event.at ?? end.event.at;
  const errors = failure ? { "error.type": failure.code } : {};
  return {
    traceId,
    spanId: spanOf(first ?? end),
    ...(parent === null ? {} : { parentSpanId: parent }),
    name,
    kind,
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(Math.max(start, end.event.at)),
    attributes: attributes({ ...fields, ...errors, "nanos.entry.hash": end.event.hash }),
    events: recorded.flatMap(eventOf),
    status: failure ? { code: 2, message: failure.code } : { code: 0 },
  };
}

/** What took place in between and has no span of its own. */
function eventOf({ event, body }: Recorded): readonly SpanEvent[] {
  const at = { timeUnixNano: nanoseconds(event.at), name: `nanos.${event.kind}` };
  switch (body?.kind) {
    case "approval.asked":
      return [{ ...at, attributes: attributes({ "nanos.approval.id": body.ask.id }) }];
    case "approval.used": {
      const { verdict, by } = body.answer;
      const fields = { "nanos.approval.verdict": verdict, "nanos.approval.by": by };
      return [{ ...at, attributes: attributes({ "nanos.approval.id": body.id, ...fields }) }];
    }
    case "recovery.taken":
    case "task.recovered": {
      const fields = { "nanos.recovery": body.how, "error.type": body.why.code };
      return [{ ...at, attributes: attributes(fields) }];
    }
    case "run.waiting":
    case "run.resumed":
    case "action.in_doubt":
    case "approval.expired":
    case "context.cut":
    case "tools.chosen":
      return [{ ...at, attributes: [] }];
    default:
      return [];
  }
}

function bodyOf<K extends EventBody["kind"]>(
  recorded: readonly Recorded[],
  kind: K,
): Extract<EventBody, { kind: K }> | undefined {
  const found = recorded.findLast(({ body }) => body?.kind === kind)?.body;
  return found as Extract<EventBody, { kind: K }> | undefined;
}

/** Fields as attributes; those without a value are left out. */
export function attributes(fields: Fields): readonly Attribute[] {
  return Object.entries(fields).flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [{ key, value: valueOf(value) }],
  );
}

function valueOf(value: Json): Value {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") {
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  if (Array.isArray(value))
    return { arrayValue: { values: value.map((one: Json) => valueOf(one)) } };
  return { stringValue: typeof value === "string" ? value : JSON.stringify(value) };
}

function text(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/** OTLP counts nanoseconds as text. */
function nanoseconds(ms: number): string {
  return `${ms}000000`;
}
