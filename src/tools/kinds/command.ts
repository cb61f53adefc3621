import type { JsonObject } from "../../std/json.ts";
import { isObject } from "../../std/json.ts";
import type { ToolManifest } from "../../contracts/tool.ts";
import type { Failure } from "../../contracts/outcome.ts";
import { isFailure, failure } from "../failures.ts";
import type { Reach, ToolCall, ToolResult } from "../tool-host.ts";
import { manifestOfFile, misfit, placeholder, textOf } from "./arguments.ts";
import { failed, type Kind, notAnObject, type Parts, type Source } from "./kind.ts";
import { loadFile } from "./load-file.ts";
import { printed, type Printing, programTier, startProgram } from "./program.ts";
import { lentEnv } from "./secrets.ts";

/**
 * A program with its arguments: `command: [git, log, -n, "{count}"]`. An item that is a
 * placeholder is replaced whole by that argument and stays one item, so nothing in it can become
 * another argument, and there is no shell. What it prints is the result.
 */
export function commandKind(parts: Parts): Kind {
  return {
    name: "command",
    load: (source, spec) => {
      const command = spec?.command;
      if (!spec || !command) return null;
      const given = spec.stdin === undefined ? [] : [`{${spec.stdin}}`];
      const implied = [`exec:${command[0] ?? ""}`];
      const manifest = manifestOfFile(spec, [...command.filter(isPlace), ...given], implied);
      const words = { kind: "command", manifest, spec } as const;
      return loadFile(source, words, (call, reach, signal) =>
        callCommand({ source, parts, command, stdin: spec.stdin, manifest, reach }, call, signal),
      );
    },
    close: async () => undefined,
  };
}

function isPlace(item: string): boolean {
  return placeholder(item) !== null;
}

interface Command {
  readonly source: Source;
  readonly parts: Parts;
  readonly command: readonly string[];
  readonly stdin: string | undefined;
  readonly manifest: ToolManifest;
  readonly reach: Reach;
}

async function callCommand(
  { source, parts, command, stdin, manifest, reach }: Command,
  call: ToolCall,
  signal: AbortSignal,
): Promise<ToolResult> {
  if (!isObject(call.args)) return notAnObject(call);
  const wrong = await misfit(manifest, call.args);
  if (wrong) return failed(wrong, "host");
  const argv = fillArgv(call.tool, command, call.args);
  if (isFailure(argv)) return failed(argv, "host");
  const lent = await lentEnv(call.scopes, {}, parts, reach);
  if ("code" in lent) return failed(lent, "host");
  const { scopes, granted = [], workspace, ms } = call;
  const program = { argv, scopes, granted, workspace, ms, set: lent.env, command: manifest.name };
  const printing: Printing = {
    parts,
    manifest,
    start: (passage, stage) => startProgram({ ...program, stage }, source, parts, passage),
    tier: programTier(parts, scopes),
    answers: source.from === "agent",
    ...(stdin === undefined ? {} : { input: textOf(call.args[stdin]) }),
  };
  return printed(printing, call, signal);
}

/** argv with the arguments in their places, or why one of them may not stand there. */
export function fillArgv(
  tool: string,
  command: readonly string[],
  args: JsonObject,
): readonly string[] | Failure {
  const argv: string[] = [];
  for (const item of command) {
    const name = placeholder(item);
    if (name === null) {
      argv.push(item);
      continue;
    }
    const value = args[name];
    if (value === undefined || value === null) {
      return failure("tool.bad_arguments", `${tool} needs the argument ${name}.`);
    }
    const text = textOf(value);
    // Where no `--` says that options are over, a program would read this as one.
    const asOption = typeof value === "string" && text.startsWith("-") && !argv.includes("--");
    if (text.includes("\0")) {
      const message = `The argument ${name} of ${tool} holds a byte no argument may hold.`;
      return failure("tool.bad_arguments", message);
    }
    if (asOption) {
      const message = `The argument ${name} of ${tool} would be read as an option.`;
      return failure("tool.bad_arguments", message, 'Put "--" before it in `command`.');
    }
    argv.push(text);
  }
  return argv;
}
