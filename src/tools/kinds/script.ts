import { join } from "node:path";
import { isObject } from "../../std/json.ts";
import type { ToolManifest } from "../../contracts/tool.ts";
import { failure, isFailure } from "../failures.ts";
import { undeclared } from "../scopes.ts";
import type { Reach, ToolCall, ToolResult } from "../tool-host.ts";
import { misfit } from "./arguments.ts";
import {
  brokenSource,
  failed,
  type Kind,
  type Loaded,
  loadedTool,
  notAnObject,
  type Parts,
  type Source,
} from "./kind.ts";
import { printed, type Printing, programTier, startProgram } from "./program.ts";
import { lentEnv } from "./secrets.ts";

type Scripts = Extract<Source, { from: "scripts" }>;

/**
 * The scripts of an Agent Skill, as one tool `SKILL__run`: each is a command with its arguments,
 * held to what its skill declares. Where that is nothing, a script reads its skill's own folder and
 * works on what it is given.
 */
export function scriptKind(parts: Parts): Kind {
  return {
    name: "command",
    load: (source) => (source.from === "scripts" ? load(source, parts) : null),
    close: async () => undefined,
  };
}

async function load(source: Scripts, parts: Parts): Promise<Loaded> {
  const manifest = manifestOf(source);
  const missing = undeclared(source.skillScopes, manifest.scopes);
  if (missing !== null) {
    const message = `The scripts of ${source.skill} need ${missing}, which the skill does not declare.`;
    return brokenSource(source, failure("tool.scope_undeclared", message));
  }
  return {
    entries: [
      {
        tool: loadedTool(source, "command", manifest, { scripts: source.programs }),
        call: (call, reach, signal) => callScript({ source, manifest, parts }, call, reach, signal),
      },
    ],
    broken: [],
  };
}

function manifestOf({ skill, programs, skillScopes }: Scripts): ToolManifest {
  const starts = Object.values(programs).map((program) => `exec:${program}`);
  return {
    name: `${skill}__run`,
    description: `Runs a script of the skill ${skill}, as its instructions say. Paths in full.`,
    input: {
      type: "object",
      properties: {
        script: { type: "string", enum: Object.keys(programs) },
        args: { type: "array", items: { type: "string" }, maxItems: MOST_ARGS },
      },
      required: ["script"],
      additionalProperties: false,
    },
    scopes: [...new Set([...skillScopes, ...starts])],
    // Which script it is follows from the skill, whose files the operator has said yes to.
    args: { script: "content" },
    repeatable: false,
    probe: false,
  };
}

const MOST_ARGS = 64;

interface Script {
  readonly source: Scripts;
  readonly manifest: ToolManifest;
  readonly parts: Parts;
}

async function callScript(
  { source, manifest, parts }: Script,
  call: ToolCall,
  reach: Reach,
  signal: AbortSignal,
): Promise<ToolResult> {
  if (!isObject(call.args)) return notAnObject(call);
  const wrong = await misfit(manifest, call.args);
  if (wrong) return failed(wrong, "host");
  const { script, args = [] } = call.args as { script: string; args?: readonly string[] };
  const program = source.programs[script] ?? "";
  if (args.some((arg) => arg.includes("\0"))) {
    const message = `An argument of ${call.tool} holds a byte no argument may hold.`;
    return failed(failure("tool.bad_arguments", message), "host");
  }
  const lent = await lentEnv(call.scopes, {}, parts, reach);
  if (isFailure(lent)) return failed(lent, "host");
  const { scopes, granted = [], workspace, ms } = call;
  const argv = [program, join(source.dir, script), ...args];
  const started = { argv, scopes, granted, workspace, ms, set: lent.env };
  const printing: Printing = {
    parts,
    manifest,
    start: (passage, stage) => startProgram({ ...started, stage }, source, parts, passage),
    tier: programTier(parts, scopes),
  };
  return printed(printing, call, signal);
}
