import type { Nanos } from "../contracts/nanos.ts";
import type { Trace, TraceLine } from "../contracts/trace.ts";
import { NanosError } from "../std/error.ts";
import { plainText } from "../std/text.ts";
import { type Carried, isPartOf } from "./carried.ts";
import { result, type Served, type ToolResult } from "./tool.ts";

/** A run as its client asks about it. All of it is read from the journal. */
export function runResult(
  { traces, approvals }: Nanos,
  { run, state }: Pick<TraceLine, "run" | "state">,
): ToolResult {
  if (state === "ended") return endedResult(traces.show(run));
  const asks = approvals
    .list()
    .filter((ask) => isPartOf(ask.run, run))
    .map(({ id, what, name, expires }) => {
      return { id, what, name, expires, approve: `nanos approvals approve ${id}` };
    });
  if (state === "waiting" && asks.length > 0) {
    const lines = asks.map(({ id, what, approve }) => `- ${id}: ${what} Yes: ${approve}`);
    const text = [
      `Run ${run} waits for the operator, who answers on their own machine; nobody else can.`,
      ...lines,
      `Tell them, and call poll with {"run": "${run}"} when they have answered.`,
    ];
    return result({ run, state, asks }, text.join("\n"));
  }
  const text = `Run ${run} goes on. Call poll with {"run": "${run}"} for what comes of it.`;
  return result({ run, state: "running" }, text);
}

function endedResult({ run, agent, end }: Trace): ToolResult {
  if (end === null) return result({ run, agent, state: "ended" }, "What it ended with was erased.");
  const { outcome, text, failure, usage, files, patches } = end;
  const data = {
    ...{ run, agent, state: "ended", outcome, text, usage },
    ...(files.length > 0 ? { files } : {}),
    ...(patches ? { patches } : {}),
    ...(failure ? { failure } : {}),
  };
  const why = failure ? `${failure.message} ${failure.next ?? ""}`.trim() : "";
  const said = [text, why].filter((one) => one !== "").join("\n\n") || `It ended: ${outcome}.`;
  const came = result(data, said);
  return outcome === "failed" || outcome === "cancelled" ? { ...came, failed: true } : came;
}

/** The same of one this process began, of which nothing may be on disk yet: then only its id. */
export function begunRun(
  nanos: Nanos,
  carried: Carried,
  client: string,
  run: string,
): Pick<TraceLine, "run" | "state"> {
  const isNew = carried.has(run) && nanos.traces.line(run) === null;
  return isNew ? { run, state: "running" } : ownRun(nanos, client, run);
}

/** A run the client asked for. Whether there is another of that name is not for it to know. */
export function ownRun({ traces }: Nanos, client: string, run: string): TraceLine {
  const line = traces.line(run);
  if (line?.client === client && line.parent === null) return line;
  const message = `This client asked for no run ${plainText(run)}.`;
  throw new NanosError("client.unknown_run", message, "The tool runs lists those it asked for.");
}

/** Stops a run the client asked for, also one of which nothing is on disk yet. */
export async function stopRun(
  { nanos, carried, client }: Pick<Served, "nanos" | "carried" | "client">,
  run: string,
  cancel = nanos.cancel,
): Promise<void> {
  if (carried.has(run) && nanos.traces.line(run) === null) return carried.stop(run);
  ownRun(nanos, client, run);
  await cancel(run);
}
