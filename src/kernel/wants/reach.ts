import { messageOf } from "../../std/error.ts";
import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Label } from "../../contracts/label.ts";
import type { Failure, Outcome } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import { parseAddress } from "../../std/address.ts";
import { UNKNOWN_LABEL, joinLabels } from "../../gate/labels.ts";
import { grantFor, voids } from "../../gate/endorse.ts";
import { narrow } from "../../gate/scopes.ts";
import { handleOf, handlesIn, hostFor } from "../../tools/handles.ts";
import { labelOf } from "../../tools/kinds/kind.ts";
import type { Granted, LoadedTool, Wanted } from "../../tools/tool-host.ts";
import { unlessStopped, whyStopped } from "../drive/watch.ts";
import { outermost } from "../asks/answers.ts";
import { type Frame, draft } from "../frame.ts";
import type { Want } from "../proposal.ts";
import { destinationOf, sealOf } from "../standing.ts";
import { topRun } from "../views/traces.ts";

/** What a tool asks back for, as an action of its own inside the tool's step. */
export function reachWant(
  frame: Frame,
  tool: LoadedTool,
  scopes: readonly Scope[],
  wanted: Wanted,
): Want {
  const host = wanted.kind === "fetch" ? destinationOf(wanted.url) : null;
  const reaches = scopes.flatMap((one) => (one.startsWith("net:") ? [one.slice(4)] : []));
  // A program that gets a value itself may send it wherever it reaches: that is part of the use.
  const given = wanted.kind === "secret" && wanted.host === null ? { ...wanted, reaches } : wanted;
  const asked = wanted.kind === "permit" ? permitted(wanted, scopes) : null;
  const needed: Scope[] =
    asked?.scopes ??
    (wanted.kind === "fetch"
      ? [`net:${host ?? "?"}`]
      : wanted.kind === "secret"
        ? // Renewing is a request of its own, to a host that has to be allowed like any.
          [`secret:${wanted.name}`, ...(wanted.renew ? [`net:${wanted.host ?? "?"}` as Scope] : [])]
        : []);
  const action: Action = {
    gate: "call",
    kind: wanted.kind,
    name: tool.manifest.name,
    agent: frame.agent.manifest.name,
    skill: tool.skill,
    args: given as unknown as Json,
    scopes: needed,
    destinations: needed,
    ...(asked?.rank && { rank: asked.rank }),
    label: asked ? joinLabels(frame.label, UNKNOWN_LABEL) : frame.label,
  };
  return {
    action,
    declared: scopes,
    attached: true,
    repeatable: wanted.kind !== "fetch" || /^(?:GET|HEAD)$/iu.test(wanted.method),
    perform: async ({ step }) => {
      switch (wanted.kind) {
        case "fetch":
          return fetchFor(frame, { tool, scopes }, wanted, step);
        case "secret":
          return lend(frame, { tool, reaches }, wanted, step);
        case "permit":
          // The yes is all there is to it: whoever asked goes on.
          return settled(frame, step, { status: "done", output: null });
      }
    },
  };
}

/**
 * The reach an agent's question is about. Where it names none, what it may do at all is what it may
 * be about; and what it has no known word for waits for the operator.
 */
function permitted(
  { what, paths, url, input }: Extract<Wanted, { kind: "permit" }>,
  declared: readonly Scope[],
): { readonly scopes: Scope[]; readonly rank?: "A" } {
  const of = (kind: string): Scope[] => declared.filter((scope) => scope.startsWith(`${kind}:`));
  switch (what) {
    case "read":
    case "search":
      return { scopes: paths.map((path) => readingOf(path, declared)) };
    case "edit":
    case "delete":
    case "move": {
      const scopes = paths.map((path): Scope => `write:${path}`);
      return scopes.length === 0 ? { scopes, rank: "A" } : { scopes };
    }
    case "execute":
      return { scopes: of("exec") };
    case "terminal": {
      const argv = isObject(input) ? input["argv"] : null;
      const program = Array.isArray(argv) ? (argv as Json[])[0] : null;
      return { scopes: [`exec:${typeof program === "string" ? program : "?"}`] };
    }
    case "fetch": {
      const host = url === null ? null : destinationOf(url);
      return { scopes: host === null ? of("net") : [`net:${host}`] };
    }
    case "think":
      return { scopes: [] };
    case "other":
      return { scopes: [], rank: "A" };
  }
}

/** What may be written may be read as it was written: the copy is the process's own. */
function readingOf(path: string, declared: readonly Scope[]): Scope {
  const writing: Scope = `write:${path}`;
  return narrow(declared, [writing]).length > 0 ? writing : `read:${path}`;
}

async function fetchFor(
  frame: Frame,
  { tool, scopes }: { readonly tool: LoadedTool; readonly scopes: readonly Scope[] },
  wanted: Extract<Wanted, { kind: "fetch" }>,
  step: string,
): Promise<Draft> {
  const { world, drive } = frame;
  if (!world) throw new Error("bug: a replay fetched");
  const start = drive.elapsed();
  const secrets = handlesIn(Object.values(wanted.headers));
  const place = hostFor(wanted.url);
  const lent = frame.lent.get(outermost(step));
  const stray = secrets.find((name) => !lent?.has(`${name} ${place}`));
  if (stray !== undefined) return settledBy(frame, step, notLent(stray, place));
  const allowed = {
    privateOk: privateHosts(frame, tool.skill, destinationOf(wanted.url)),
    secrets,
  };
  const fetching = world.fetch(wanted, allowed, drive.signal);
  const result = await unlessStopped(
    fetching.catch(broken),
    drive.signal,
    LIMITS.lastWordsMs,
    late,
  );
  const ms = Math.round(drive.elapsed() - start);
  const host = destinationOf(wanted.url);
  const integrity = integrityOf(tool, scopes, host);
  const page: Label = { integrity, secrecy: "public", sources: [host ?? "?"] };
  const own = integrity === UNKNOWN_LABEL.integrity ? {} : { own: page };
  const outcome: Outcome =
    "code" in result
      ? drive.signal.aborted
        ? { status: "cancelled", failure: whyStopped(drive.signal) }
        : { status: "failed", failure: result }
      : { status: "done", output: result, hosts: [result.host], ...own };
  return {
    ...draft(frame, step, "kernel", { kind: "action.settled", outcome, ms }),
    isolation: "host",
    // The answer may repeat what was asked.
    label: joinLabels(frame.label, page),
  };
}

/**
 * Whose an answer is: nobody's own, but where its tool says that it returns the operator's data and
 * names the very host this came from. Of one that reaches any host the model says which.
 */
function integrityOf(
  { manifest }: LoadedTool,
  scopes: readonly Scope[],
  host: string | null,
): Label["integrity"] {
  const own = host !== null && scopes.some((scope) => scope !== ANY_HOST && isAt(scope, host));
  return own ? labelOf(manifest).integrity : UNKNOWN_LABEL.integrity;
}

const ANY_HOST: Scope = "net:*";

function isAt(scope: Scope, host: string): boolean {
  return scope.startsWith("net:") && parseAddress(scope.slice(4))?.text === host;
}

function broken(error: unknown): Failure {
  return { code: "fetch.broken", message: `The fetch broke: ${messageOf(error)}` };
}

function late(): Failure {
  return { code: "fetch.cancelled", message: "The fetch did not end when it was told to." };
}

/**
 * Private addresses this fetch may dial: those the skill's own grant names while it holds, and the
 * one the gate just allowed. A public name is not among them, so one that resolves to a private
 * address is refused.
 */
function privateHosts(frame: Frame, skill: string, host: string | null): readonly string[] {
  const address = parseAddress(host ?? "");
  const own = address && address.kind !== "public" ? [address.text] : [];
  const skillHash = sealOf(frame.facts, skill);
  const now = frame.world?.clock.now() ?? 0;
  const here = { now, skillHash, run: topRun(frame.drive.run) };
  const agent = frame.agent.manifest.name;
  const grant = grantFor(frame.grants, skill, { ...here, agent });
  const holds = grant !== null && voids(grant, here).length === 0;
  return [...(holds ? grantedHosts({ grants: [grant] }) : []), ...own];
}

/** Gives out the handle of a secret: the value stays where it is until the request is made. */
async function lend(
  frame: Frame,
  { tool, reaches }: { readonly tool: LoadedTool; readonly reaches: readonly string[] },
  { name, host, renew }: Extract<Wanted, { kind: "secret" }>,
  step: string,
): Promise<Draft> {
  const { world, drive } = frame;
  if (!world) throw new Error("bug: a replay lent a secret");
  const place = host === null ? null : (parseAddress(host)?.text ?? host);
  const privateOk = renew && place !== null ? privateHosts(frame, tool.skill, place) : [];
  const renewing = renew ? { renewing: { privateOk, signal: drive.signal } } : {};
  const refused = await world.lend(
    name,
    place === null ? { program: reaches } : { host: place, ...renewing },
  );
  if (refused) return settledBy(frame, step, refused);
  const own = frame.lent.get(outermost(step)) ?? new Set();
  frame.lent.set(outermost(step), own.add(`${name} ${place}`));
  return settled(frame, step, { status: "done", output: handleOf(name) });
}

function settled(frame: Frame, step: string, outcome: Outcome): Draft {
  return draft(frame, step, "kernel", { kind: "action.settled", outcome, ms: 0 });
}

function settledBy(frame: Frame, step: string, failure: Failure): Draft {
  return settled(frame, step, { status: "failed", failure });
}

function notLent(name: string, host: string | null): Failure {
  return {
    code: "secret.not_asked",
    message: `The handle of ${name} was not asked for in this call for ${host ?? "that address"}.`,
    next: "Ask for it first: ctx.secret(NAME, HOST).",
  };
}

/** Every `host:port` these grants name. */
export function grantedHosts(frame: Pick<Frame, "grants">): readonly string[] {
  return frame.grants.flatMap((grant) =>
    grant.scopes.filter((scope) => scope.startsWith("net:")).map((scope) => scope.slice(4)),
  );
}

/** What the tool is told of an outcome. */
export function granted(outcome: Outcome): Granted {
  return outcome.status === "done"
    ? { ok: true, value: outcome.output }
    : { ok: false, failure: outcome.failure };
}
