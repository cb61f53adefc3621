import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Boxed } from "../../sandbox/sandbox.ts";
import { clientAsks } from "../acp/client.ts";
import { canHandFiles, stageFiles } from "../acp/files.ts";
import { type Hearing, newHearing } from "../acp/hearing.ts";
import { openTerminals, type Terminals } from "../acp/terminals.ts";
import { type Asked, askOnce, type Turn } from "../acp/turn.ts";
import { isFailure, lastWords, withWords } from "../failures.ts";
import { openLink } from "../mcp/link.ts";
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
        return callAgent({ source, parts, argv: command, label, reach }, call, signal);
      });
    },
    close: async () => undefined,
  };
}

interface Agent {
  readonly source: Source;
  readonly parts: Parts;
  readonly argv: readonly string[];
  readonly label: ReturnType<typeof labelOf>;
  readonly reach: Reach;
}

async function callAgent(agent: Agent, call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
  const { source, parts, argv, label, reach } = agent;
  const { scopes, granted = [], workspace, ms } = call;
  const lent = await lentEnv(scopes, {}, parts, reach);
  if ("code" in lent) return failed(lent, programTier(parts, scopes));
  const writes = scopes.some((scope) => scope.startsWith("write:"));
  const stage = writes ? await parts.stages.fresh(call.step) : null;
  const passage = newPassage();
  const program = { argv, scopes, granted, workspace, ms, stage, set: lent.env };
  const started = await startProgram(program, source, parts, passage);
  if (isFailure(started)) return failed(started, programTier(parts, scopes));
  const { boxed } = started;
  const hearing = newHearing(call.hear);
  const terminals = terminalsOf(agent, { call, signal, boxed, passage });
  const ended = await turnOf(agent, { call, signal, boxed, hearing, terminals });
  const used = hearing.used();
  const reached: Reached = { ...reachedOf(passage), ...(used && { used }) };
  if (isFailure(ended)) {
    await boxed.discard();
    const why = withWords(ended, lastWords(boxed.stderr()));
    return { ...failed(why, boxed), ...reached };
  }
  const staged = writes ? await parts.stages.keep(call.step, boxed) : null;
  if (staged !== null && isFailure(staged)) return { ...failed(staged, boxed), ...reached };
  const ran = terminals?.told() ?? [];
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

/** One turn, and the end of its process, whatever came of it. */
async function turnOf(
  { reach, parts: { clock } }: Agent,
  given: {
    readonly call: ToolCall;
    readonly signal: AbortSignal;
    readonly boxed: Boxed;
    readonly hearing: Hearing;
    readonly terminals: Terminals | null;
  },
): Promise<Turn | Failure> {
  const { call, signal, boxed, hearing, terminals } = given;
  const { tool: name, scopes, workspace } = call;
  let session: string | null = null;
  const { mapping, cwd } = boxed;
  const files = canHandFiles() ? stageFiles({ scopes, workspace, mapping }) : null;
  const link = openLink(boxed, {
    name,
    protocol: "acp",
    bytes: LIMITS.agentOutputBytes,
    // What it says before there is a session is what was said before.
    onNotification: (method, params) => {
      if (session !== null && params["sessionId"] === session) hearing.update(method, params);
    },
    asks: clientAsks({
      ...{ name, mapping, reach, files, terminals, signal },
      session: () => session,
    }),
  });
  const { request, continues } = isObject(call.args) ? call.args : {};
  const asked = {
    ...{ name, cwd, request: textOf(request), continues: continuesIn(continues), clock },
    files: files !== null,
    terminals: terminals !== null,
    onSession: (id: string) => (session = id),
  };
  try {
    return await askOnce(link, asked, { ms: call.ms, signal });
  } finally {
    await terminals?.close();
    await link.stop();
  }
}
