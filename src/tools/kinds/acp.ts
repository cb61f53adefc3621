import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Boxed } from "../../sandbox/sandbox.ts";
import { clientAsks } from "../acp/client.ts";
import { canHandFiles, stageFiles } from "../acp/files.ts";
import { type Hearing, newHearing } from "../acp/hearing.ts";
import { openTerminals, type Terminals } from "../acp/terminals.ts";
import { type Living, type Livings, openLiving } from "../acp/living.ts";
import { askAgain, type Asked, askOnce, type Turn } from "../acp/turn.ts";
import { failure, isFailure, lastWords, withWords } from "../failures.ts";
import { openLink } from "../mcp/link.ts";
import { requestOf } from "../pool.ts";
import { newPassage, type Passage, reachedOf } from "../proxy/proxy.ts";
import type { Reach, Reached, ToolCall, ToolResult } from "../tool-host.ts";
import { valuesOf } from "../scopes.ts";
import { manifestOfFile, misfit, textOf } from "./arguments.ts";
import {
  failed,
  heldBy,
  type Kind,
  labelOf,
  notAnObject,
  type Parts,
  type Source,
} from "./kind.ts";
import { loadFile } from "./load-file.ts";
import { programTier, silent, startProgram } from "./program.ts";
import { lentEnv } from "./secrets.ts";

/**
 * A program that speaks the Agent Client Protocol on its standard streams, asked once. It thinks and
 * acts by itself, in the box its scopes make; what it writes is staged, what it asks leave for is
 * judged, and its answer, its steps and its cost are what it says of them.
 */
export function acpKind(parts: Parts): Kind {
  const living = openLiving(parts.clock);
  return {
    name: "acp",
    load: (source, spec) => {
      const isOne = source.from === "agent" && source.agent.manifest.kind === "acp";
      if (!isOne || !spec?.command) return null;
      const { command } = spec;
      const manifest = manifestOfFile(spec, ["{request}"], [`exec:${command[0] ?? ""}`]);
      return loadFile(source, { kind: "acp", manifest, spec }, async (call, reach, signal) => {
        if (!isObject(call.args)) return notAnObject(call);
        // Where it goes on is no argument anybody may give it; the kernel adds it.
        const { continues: _, ...args } = call.args;
        const wrong = await misfit(manifest, args);
        if (wrong) return failed(wrong, "host");
        const label = labelOf(manifest);
        return callAgent({ source, parts, argv: command, label, reach, living }, call, signal);
      });
    },
    close: () => living.close(),
  };
}

interface Agent {
  readonly source: Source;
  readonly parts: Parts;
  readonly argv: readonly string[];
  readonly label: ReturnType<typeof labelOf>;
  readonly reach: Reach;
  readonly living: Livings;
}

async function callAgent(agent: Agent, call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
  const { parts, living, reach } = agent;
  const { scopes } = call;
  const passage = newPassage();
  // One that goes on uses its key again, which is judged anew.
  const lent = await lentEnv(scopes, {}, parts, reach);
  if ("code" in lent) return failed(lent, programTier(parts, scopes));
  const kept = living.take(placeOf(call, call.after));
  const here = kept ?? (await startOne(agent, { call, passage, env: lent.env }));
  if (isFailure(here)) return failed(here, programTier(parts, scopes));
  const { boxed, proxy } = here;
  if (kept) proxy?.enter(passage);
  const writes = scopes.some((scope) => scope.startsWith("write:"));
  const hearing = newHearing(call.hear);
  const terminals = terminalsOf(agent, { call, signal, boxed, passage });
  const ended = await turnOf(agent, here, {
    call,
    signal,
    hearing,
    terminals,
    again: kept !== null,
  });
  const used = hearing.used();
  const reached: Reached = { ...reachedOf(passage), ...(used && { used }) };
  proxy?.leave(passage);
  if (isFailure(ended)) {
    await here.link.stop();
    await boxed.discard();
    const why = withWords(ended, lastWords(boxed.stderr()));
    return { ...failed(why, boxed), ...reached };
  }
  // What is put in place is what an ended process wrote; one that writes nothing may go on.
  if (writes) await here.link.stop();
  else await living.keep(placeOf(call, requestOf(call.step)), here);
  const told = { hearing, ran: terminals?.told() ?? [], ended };
  return resultOf(agent, call, { boxed, writes, told, reached });
}

/** What a turn that came to its end is worth: its answer, and what it wrote, to be judged. */
async function resultOf(
  { parts, label }: Agent,
  call: ToolCall,
  given: {
    readonly boxed: Boxed;
    readonly writes: boolean;
    readonly told: {
      readonly hearing: Hearing;
      readonly ran: readonly Json[];
      readonly ended: Turn;
    };
    readonly reached: Reached;
  },
): Promise<ToolResult> {
  const { boxed, writes, told, reached } = given;
  const { hearing, ran, ended } = told;
  const staged = writes ? await parts.stages.keep(call.step, boxed) : null;
  if (staged !== null && isFailure(staged)) return { ...failed(staged, boxed), ...reached };
  const acted = hearing.steps().length > 0 || ran.length > 0 || staged !== null;
  if (!acted && hearing.answer().trim() === "") {
    return { ...failed(silent(call.tool, boxed.stderr()), boxed), ...reached };
  }
  const output: JsonObject = {
    answer: hearing.answer(),
    steps: [...hearing.steps()],
    stop: ended.stop,
    ...(ended.session !== null && { session: ended.session }),
    ...(ended.continued !== null && { continued: ended.continued }),
    ...(ran.length > 0 && { terminals: [...ran] }),
  };
  return { ok: true, output, ...heldBy(boxed), label, staged, ...reached };
}

/** What a process is kept for: the request after one of this run, with exactly this reach. */
function placeOf(
  { tool, hash, scopes, granted = [], workspace }: ToolCall,
  run: string | undefined,
): string | null {
  // A delegated run is one of its own, which no request follows.
  if (run === undefined || run.includes("_")) return null;
  return JSON.stringify([run, tool, hash, scopes, granted, workspace]);
}

/** Starts its process, whose asking and telling goes to the turn that is on. */
async function startOne(
  { source, parts, argv }: Agent,
  given: {
    readonly call: ToolCall;
    readonly passage: Passage;
    readonly env: Readonly<Record<string, string>>;
  },
): Promise<Living | Failure> {
  const { call, passage, env: set } = given;
  const { tool: name, scopes, granted = [], workspace, ms, step } = call;
  const writes = scopes.some((scope) => scope.startsWith("write:"));
  const stage = writes ? await parts.stages.fresh(step) : null;
  const program = { argv, scopes, granted, workspace, ms, stage, set };
  const started = await startProgram(program, source, parts, passage);
  if (isFailure(started)) return started;
  const state: Pick<Living, "turn" | "session" | "named"> = {
    turn: null,
    session: null,
    named: null,
  };
  const between = failure("acp.protocol", `${name} asks for something between two requests.`);
  const link = openLink(started.boxed, {
    ...{ name, protocol: "acp", bytes: LIMITS.agentOutputBytes },
    // What it says before there is a session is what was said before.
    onNotification: (method, params) => {
      if (state.session !== null && params["sessionId"] === state.session) {
        state.turn?.hearing.update(method, params);
      }
    },
    asks: async (method, params) =>
      state.turn ? state.turn.asks(method, params) : { ok: false, failure: between },
  });
  return Object.assign(state, { ...started, link });
}

/**
 * Programs started for it, in boxes with its own scopes that share its stage. They get none of its
 * variables but the home, where its settings lie: its key is for itself. None for one that starts no
 * other program, or that no sandbox holds.
 */
function terminalsOf(
  { source, parts, argv, reach }: Agent,
  given: {
    readonly call: ToolCall;
    readonly signal: AbortSignal;
    readonly boxed: Boxed;
    readonly passage: Passage;
  },
): Terminals | null {
  const { call, signal, boxed, passage } = given;
  const { tool: name, scopes, granted = [], workspace, ms } = call;
  const others = valuesOf(scopes, "exec").some((program) => program !== argv[0]);
  if (!others || !canHandFiles() || boxed.tier === "none") return null;
  const writes = scopes.some((scope) => scope.startsWith("write:"));
  const own = scopes.filter((scope) => !/^(?:env|secret):/u.test(scope) || scope === "env:HOME");
  return openTerminals({
    ...{ name, agent: boxed, reach, signal },
    start: async ({ argv: words, env, cwd }) => {
      const program = {
        ...{ argv: words, scopes: own, granted, workspace, ms, stage: null, set: env, folder: cwd },
        ...(writes && { beside: boxed }),
      };
      const started = await startProgram(program, source, parts, passage);
      return isFailure(started) ? started : started.boxed;
    },
  });
}

function continuesIn(value: Json | undefined): Asked["continues"] {
  if (!isObject(value)) return null;
  const { session, request } = value;
  return { session: typeof session === "string" ? session : null, request: textOf(request) };
}

/** One turn: of a process that was just started, or of one that goes on. */
async function turnOf(
  { reach, parts: { clock } }: Agent,
  living: Living,
  given: {
    readonly call: ToolCall;
    readonly signal: AbortSignal;
    readonly hearing: Hearing;
    readonly terminals: Terminals | null;
    readonly again: boolean;
  },
): Promise<Turn | Failure> {
  const { call, signal, hearing, terminals, again } = given;
  const { tool: name, scopes, workspace } = call;
  const { mapping, cwd } = living.boxed;
  const files = canHandFiles() ? stageFiles({ scopes, workspace, mapping }) : null;
  const session = (): string | null => living.session;
  const asks = clientAsks({ name, mapping, reach, files, terminals, session, signal });
  living.turn = { hearing, asks };
  const { request, continues } = isObject(call.args) ? call.args : {};
  const asked = {
    ...{ name, cwd, request: textOf(request), continues: continuesIn(continues), clock },
    files: files !== null,
    terminals: terminals !== null,
    onSession: (id: string) => (living.session = id),
  };
  const bounds = { ms: call.ms, signal };
  try {
    if (again && living.session !== null) {
      return await askAgain(living.link, asked, living, bounds);
    }
    const turn = await askOnce(living.link, asked, bounds);
    if (!isFailure(turn)) living.named = turn.session;
    return turn;
  } finally {
    living.turn = null;
    await terminals?.close();
  }
}
