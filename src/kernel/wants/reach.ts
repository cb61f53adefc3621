import type { Json } from "../../std/json.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Label } from "../../contracts/label.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import { parseAddress } from "../../gate/address.ts";
import { UNKNOWN_LABEL } from "../../gate/labels.ts";
import type { Granted, LoadedTool, Wanted } from "../../tools/tool-host.ts";
import { whyStopped } from "../deadline.ts";
import type { Acted, Want } from "../proposal.ts";
import { type Frame, draft } from "../frame.ts";
import { destinationOf } from "../standing.ts";

/** What a tool asks back for, as an action of its own inside the tool's step. */
export function reachWant(
  frame: Frame,
  tool: LoadedTool,
  scopes: readonly Scope[],
  wanted: Wanted,
): Want {
  const host = wanted.kind === "fetch" ? destinationOf(wanted.url) : wanted.host;
  const scope: Scope = wanted.kind === "fetch" ? `net:${host ?? "?"}` : `secret:${wanted.name}`;
  const action: Action = {
    gate: "call",
    kind: wanted.kind,
    name: tool.manifest.name,
    agent: frame.agent.manifest.name,
    skill: tool.skill,
    args: wanted as unknown as Json,
    scopes: [scope],
    destinations: [scope],
    label: frame.label,
  };
  return {
    action,
    declared: scopes,
    attached: true,
    repeatable: wanted.kind === "fetch" && /^(?:GET|HEAD)$/iu.test(wanted.method),
    perform: (step) =>
      wanted.kind === "fetch" ? fetchFor(frame, wanted, step) : noSecret(frame, step),
  };
}

async function fetchFor(
  frame: Frame,
  wanted: Extract<Wanted, { kind: "fetch" }>,
  step: string,
): Promise<Draft> {
  const { world, drive } = frame;
  if (!world) throw new Error("bug: a replay fetched");
  const start = drive.elapsed();
  const result = await world.fetch(wanted, privateHosts(frame, wanted.url), drive.signal);
  const ms = Math.round(drive.elapsed() - start);
  const outcome: Outcome =
    "code" in result
      ? drive.signal.aborted
        ? { status: "cancelled", failure: whyStopped(drive.signal) }
        : { status: "failed", failure: result }
      : { status: "done", output: result, hosts: [result.host] };
  const host = destinationOf(wanted.url);
  const label: Label = { ...UNKNOWN_LABEL, secrecy: "public", sources: [host ?? "?"] };
  return {
    ...draft(frame, step, "kernel", { kind: "action.settled", outcome, ms }),
    isolation: "host",
    label,
  };
}

/**
 * Private addresses this fetch may dial: those a grant names, and the one the gate just allowed.
 * A public name is not among them, so one that resolves to a private address is refused.
 */
function privateHosts(frame: Frame, url: string): readonly string[] {
  const address = parseAddress(destinationOf(url) ?? "");
  const own = address && address.kind !== "public" ? [address.text] : [];
  return [...grantedHosts(frame), ...own];
}

async function noSecret(frame: Frame, step: string): Promise<Draft> {
  const failure = {
    code: "secret.unavailable",
    message: "No secret of that name is stored.",
    next: "Store it under the home's secrets.",
  };
  const outcome = { status: "failed", failure } as const;
  return draft(frame, step, "kernel", { kind: "action.settled", outcome, ms: 0 });
}

/** Every `host:port` a grant names: reachable, and with it private addresses. */
export function grantedHosts(frame: Pick<Frame, "grants">): readonly string[] {
  return frame.grants.flatMap((grant) =>
    grant.scopes.filter((scope) => scope.startsWith("net:")).map((scope) => scope.slice(4)),
  );
}

/** What the tool is told. */
export function granted(acted: Acted, hosts: Set<string>): Granted {
  if (acted.status === "settled" && acted.outcome.status === "done") {
    for (const host of acted.outcome.hosts ?? []) hosts.add(host);
    return { ok: true, value: acted.outcome.output };
  }
  if (acted.status === "settled" && acted.outcome.status !== "done") {
    return { ok: false, failure: acted.outcome.failure };
  }
  return { ok: false, failure: { code: "ask.waiting", message: "It waits for the operator." } };
}
