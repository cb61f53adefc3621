import type { Action } from "../../contracts/action.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { Failure, FileChange, Outcome } from "../../contracts/outcome.ts";
import { target, title } from "./args.ts";
import { type Line, span, type Style, textOf } from "./line.ts";
import { cellsOf, fit, fitLine } from "./width.ts";
import { count, duration, shortCount } from "./words.ts";

/** One call of the tree as it happens. */
export interface Call {
  readonly step: string;
  /** 0 for what the asked agent does itself, 1 inside a delegation. */
  readonly depth: number;
  readonly action: Action;
  readonly status: Outcome["status"] | "open" | "waiting";
  readonly ms: number | null;
  readonly failure: Failure | null;
  /** Files it changed. */
  readonly files: readonly FileChange[];
}

/**
 * The calls of a run and of the runs it delegates to, built from the events as they come. Model
 * calls are the agent thinking and are left out, unless one fails.
 */
export class CallTree {
  readonly #calls = new Map<string, Call>();
  /** Step that delegated to a run. */
  readonly #parents = new Map<string, string>();

  /** Takes an event; returns the call it changed, or null. */
  take({ event, body }: Recorded): Call | null {
    const { step } = event;
    if (body === null) return null;
    if (body.kind === "run.started") {
      if (body.parent !== undefined) this.#parents.set(event.run, body.parent.step);
      return null;
    }
    if (step === null) return null;
    switch (body.kind) {
      case "action.proposed":
        return this.#put({ ...fresh(step, this.#depth(event.run, step)), action: body.action });
      case "approval.asked":
        return this.#change(step, { status: "waiting" });
      case "approval.used":
        return this.#change(step, { status: "open" });
      case "recovery.taken": {
        const message = `${body.why.message} ${body.to} is asked in its place.`;
        return this.#change(step, { status: "failed", failure: { ...body.why, message } });
      }
      case "action.settled":
        return this.#change(step, {
          status: body.outcome.status,
          ms: body.ms,
          failure: "failure" in body.outcome ? body.outcome.failure : null,
          files: body.outcome.status === "done" ? (body.outcome.files ?? []) : [],
        });
      default:
        return null;
    }
  }

  call(step: string): Call | null {
    return this.#calls.get(step) ?? null;
  }

  /** The calls named, in the order they were proposed. */
  lines(width: number, steps: ReadonlySet<string>): readonly Line[] {
    const calls = [...this.#calls.values()].filter((call) => steps.has(call.step));
    return calls.filter(worthALine).map((call) => callLine(call, width));
  }

  #depth(run: string, step: string): number {
    const parent = this.#parents.get(run);
    const above = parent === undefined ? 0 : (this.#calls.get(parent)?.depth ?? 0) + 1;
    // What a running tool asks for is the step `RUN.N.M`, inside the tool's `RUN.N`.
    return above + Math.max(0, step.split(".").length - 2);
  }

  #put(call: Call): Call {
    this.#calls.set(call.step, call);
    return call;
  }

  #change(step: string, change: Partial<Call>): Call | null {
    const call = this.#calls.get(step);
    return call === undefined ? null : this.#put({ ...call, ...change });
  }
}

function fresh(step: string, depth: number): Omit<Call, "action"> {
  return { step, depth, status: "open", ms: null, failure: null, files: [] };
}

/** Whether a call is shown: everything but a model call that went well. */
export function worthALine(call: Call): boolean {
  if (call.action.kind === "run") return false;
  return call.action.kind !== "model" || call.status === "failed" || call.status === "denied";
}

/** `  ▸ research · web_fetch 127.0.0.1:4321 … 0.1 s ✓`. */
export function callLine(call: Call, width: number): Line {
  const { action, status, ms, failure } = call;
  const head = [
    span(`${"  ".repeat(call.depth)}▸ `, "dim"),
    span(`${action.agent} ${action.kind === "agent" ? "→" : "·"} `, "dim"),
    action.kind === "agent" ? action.name : title(action),
  ];
  const tail = [
    span(ms === null ? " " : ` … ${duration(ms)} `, "dim"),
    span(MARK[status].sign, MARK[status].style),
  ];
  // However long the target is, how it went stays on the line.
  const room = width - cellsOf(textOf([...head, ...tail])) - 1;
  const about = fit(target(action, call.files), failure === null ? room : Math.min(room, 40));
  const why = failure === null ? "" : ` ${failure.message}`;
  const where = span(about === "" ? "" : ` ${about}`, "cyan");
  return fitLine([...head, where, ...tail, span(why, "red")], width);
}

/** What is worth a line of its own and is no call: what a model is not sent, and not offered. */
export function aside({ body }: Recorded): Line | null {
  if (body?.kind === "tools.chosen") return [span(offeredWords(body.model, body), "dim")];
  if (body?.kind !== "context.cut") return null;
  const { left, window } = body;
  const why = `to fit ${shortCount(window)} tokens; nanos context shows what uses them`;
  return [span(`${count(left, "earlier message")} left out ${why}`, "dim")];
}

/** That a model is offered some of the tools, and finds the others. */
export function offeredWords(model: string, { most, of }: { most: number; of: number }): string {
  return `${model} is offered ${most} of ${count(of, "tool")}, as many as it calls right; it finds the others`;
}

/** How a step stands, in one cell. */
export const MARK: Readonly<Record<Call["status"], { sign: string; style: Style }>> = {
  open: { sign: "…", style: "dim" },
  waiting: { sign: "?", style: "yellow" },
  done: { sign: "✓", style: "green" },
  failed: { sign: "✗", style: "red" },
  denied: { sign: "⊘", style: "red" },
  cancelled: { sign: "◼", style: "yellow" },
};
