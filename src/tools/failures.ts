import { clip, plainText } from "../std/text.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Ended } from "../sandbox/sandbox.ts";

/**
 * Every way a tool can fail, with what to do about it. The codes are stable; the next step is the
 * one that fits most, and a failure that knows better says so itself.
 */
export const TOOL_FAILURES = {
  "tool.unknown": "See the tools there are with `nanos tool list`.",
  "tool.bad_arguments": "Call it again with arguments that fit its schema.",
  "tool.bad_result": "Fix the tool: what it returns and the `output` it declares differ.",
  "tool.failed": "Read what it says, change the arguments or the tool, and try again.",
  "tool.timeout": "Try again with less work, or raise the agent's `ms` limit.",
  "tool.flooded": "Ask for less at once: a tool's output has a limit.",
  "tool.memory": "Ask for less at once: a tool's memory has a limit.",
  "tool.processes": "The tool starts more processes than one call may; report it to its author.",
  "tool.stage_full": "Write less at once: what one call may write has a limit.",
  "tool.home_full": "Empty what it keeps with `nanos agent clear`: that has a limit.",
  "tool.home_busy": "Wait until it is done with something: so many at once each need a folder.",
  "tool.crashed": "Try once more; if it crashes again, report it to the tool's author.",
  "tool.cancelled": "Nothing to do: it was stopped on purpose.",
  "tool.too_many_asks": "The tool asks for too much at the same time; report it to its author.",
  "tool.changed": "Look at what changed with `nanos tool list`, then ask again.",
  "tool.duplicate": "Rename one of the two tools.",
  "tool.import_failed": "Fix the file; `nanos check` says where.",
  "tool.no_tool": 'Write `export default tool({ ... })` with `tool` from "nanos/tool".',
  "tool.bad_manifest": "Fix what the tool declares; `nanos check` says where.",
  "tool.scope_missing": "Add the scope to the tool and its skill if it should have it.",
  "tool.scope_undeclared": "Add the scope to `scopes` in the skill's nanos.yaml.",
  "tool.not_found_program": "Install the program, or fix the name in `command`.",
  "tool.program_failed": "Read what the program said and change the arguments.",
  "tool.silent":
    "Start the program once by itself: it may want to be signed in, or a scope. `nanos agent show` has those it has.",
  "tool.no_secrets": "Use a command, an http tool or a tool in TypeScript for what needs a secret.",
  "mcp.unreachable": "Check the server's `command` or `url` in mcp.json.",
  "mcp.protocol": "Report it to the server's author: it does not keep to the protocol.",
  "mcp.failed": "Read what the server says, change the arguments, and try again.",
  "acp.unreachable": "Check the agent's `command`: it has to speak the Agent Client Protocol.",
  "acp.protocol": "Report it to the agent's author: it does not keep to the protocol.",
  // acp.failed: The agent failed in the middle of its work. -> Read what it says, and try again.
  "acp.failed": "Read what the agent says, and try again.",
  "acp.refused": "Ask for something else: the agent will not do this.",
  "acp.sign_in":
    "Give it its key: `nanos secret set NAME`, and `secret:NAME` in the scopes of its agent's file.",
  "acp.terminal": "Give its agent's file the program, as `exec:NAME`, if it should run it.",
  "mcp.input_required": "Call another tool: this one wants to ask questions in between.",
  "mcp.login_needed": "Log in, where a browser is: `nanos mcp login NAME`.",
  "mcp.login_refused": "Do not log in there before you know why; ask whoever runs the server.",
  "mcp.login_late": "Start it again, and open the link it shows.",
  "mcp.too_many_tools": "Use a server that offers fewer tools.",
} as const;

export type ToolFailureCode = keyof typeof TOOL_FAILURES;

/** A failure of this folder: its code's usual next step unless a better one is given. */
export function failure(code: ToolFailureCode, message: string, next?: string): Failure {
  return { code, message, next: next ?? TOOL_FAILURES[code] };
}

/** True for a value that is a `Failure`, where a function gives one or the other. */
export function isFailure(value: object): value is Failure {
  return "code" in value && "message" in value && typeof value.code === "string";
}

/**
 * Why a call has no result, from how its process ended. `name` is the tool's or server's, `said` what
 * it had said.
 */
export function endedFailure(name: string, ended: Ended, ...said: readonly string[]): Failure {
  const words = lastWords(...said);
  if (ended.kind === "stopped") return withWords(stoppedFailure(name, ended.by), words);
  const how = ended.kind === "exited" ? `with exit code ${ended.code}` : `by ${ended.signal}`;
  return failure("tool.crashed", `${name} ended ${how}${words === "" ? "." : `: ${words}`}`);
}

/** One that ran out of time often said what it waited for. */
export function withWords(why: Failure, words: string): Failure {
  if (why.code !== "tool.timeout" || words === "") return why;
  return { ...why, message: `${why.message} It had said: ${words}` };
}

function stoppedFailure(name: string, by: Extract<Ended, { kind: "stopped" }>["by"]): Failure {
  switch (by) {
    case "time":
      return failure("tool.timeout", `${name} did not finish in time and was stopped.`);
    case "memory":
      return failure("tool.memory", `${name} used more memory than a call may and was stopped.`);
    case "processes":
      return failure("tool.processes", `${name} started too many processes and was stopped.`);
    case "output":
      return failure("tool.flooded", `${name} gave more output than a call may and was stopped.`);
    case "stage":
      return failure("tool.stage_full", `${name} wrote more than a call may and was stopped.`);
    case "keeps":
      return failure("tool.home_full", `${name} filled the folder it keeps and was stopped.`);
    case "cancelled":
      return failure("tool.cancelled", `${name} was cancelled.`);
  }
}

/** Lines a failure quotes, and how much of each. */
const LAST_LINES = 6;
const LINE_CHARS = 300;
/** How far back they are looked for. */
const TAIL_CHARS = 64 * 1024;

/**
 * The last lines of what a process said, its errors before its output, in one line that a terminal
 * can show. Where none of them speaks of an error, the last that does comes first.
 */
export function lastWords(...streams: readonly string[]): string {
  const lines = streams.flatMap((text) => plainText(text.slice(-TAIL_CHARS)).split("\n"));
  const said = lines.map((line) => line.trim()).filter((line) => line !== "");
  const last = said.slice(-LAST_LINES);
  const why = last.some(tells) ? undefined : said.findLast(tells);
  return [...(why === undefined ? [] : [why]), ...last]
    .filter((line, at, all) => line !== all[at - 1])
    .map((line) => clip(line, LINE_CHARS))
    .join(" / ");
}

function tells(line: string): boolean {
  return /error|cannot|denied|refused|not found/iu.test(line);
}
