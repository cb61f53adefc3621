import { canonical } from "../../std/canonical.ts";
import { messageOf } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import type { Json, JsonObject } from "../../std/json.ts";
import type { FileChange } from "../../contracts/outcome.ts";
import type { ToolManifest } from "../../contracts/tool.ts";
import { UNKNOWN_LABEL } from "../../gate/labels.ts";
import type { LoadedTool, Reach, Staged, ToolHost, ToolResult } from "../../tools/tool-host.ts";

/** A tool that is a function of this process: for trying out agents and for tests of the kernel. */
export interface FunctionTool {
  readonly name: string;
  readonly skill?: string;
  readonly scopes?: readonly string[];
  readonly manifest?: Partial<ToolManifest>;
  readonly run: (
    args: JsonObject,
    ctx: {
      readonly reach: Reach;
      readonly signal: AbortSignal;
      readonly step: string;
      /** Stages the writing of a file: it is in `files` only after commit. */
      readonly write: (path: string, text: string) => void;
    },
  ) => Json | Promise<Json>;
}

/** A tool host over plain functions, with a folder made of a map. It ships as a fake. */
export interface FunctionTools extends ToolHost {
  /** The "real files": path to text. */
  readonly files: Map<string, string>;
  readonly loaded: readonly LoadedTool[];
  /** Every call made, in order of start. */
  readonly calls: { readonly tool: string; readonly args: Json }[];
}

export function functionTools(
  tools: readonly FunctionTool[],
  files: Map<string, string> = new Map(),
): FunctionTools {
  const calls: { tool: string; args: Json }[] = [];
  const stages = new Map<string, Staged>();
  const loaded = tools.map(loadedOf);
  return {
    files,
    calls,
    loaded,
    list: async () => ({ tools: loaded, broken: [] }),
    call: async (call, reach, signal): Promise<ToolResult> => {
      const tool = tools.find(({ name }) => name === call.tool);
      if (!tool) return failed("tool.unknown", `There is no tool ${call.tool}.`);
      calls.push({ tool: call.tool, args: call.args });
      const stage = new Map<string, string>();
      const write = (path: string, text: string): void => void stage.set(path, text);
      try {
        const { step } = call;
        const output = await tool.run(call.args as JsonObject, { reach, signal, step, write });
        const staged = stage.size > 0 ? stagedOf(stage, files, () => stages.delete(step)) : null;
        if (staged) stages.set(step, staged);
        return {
          ok: true,
          output,
          isolation: "host",
          label: UNKNOWN_LABEL,
          staged,
        };
      } catch (error) {
        return failed(signal.aborted ? "tool.cancelled" : "tool.failed", messageOf(error));
      }
    },
    reopen: async (step) => stages.get(step) ?? null,
    close: async () => undefined,
  };
}

function loadedOf(tool: FunctionTool): LoadedTool {
  const manifest: ToolManifest = {
    name: tool.name,
    description: `The tool ${tool.name}.`,
    input: { type: "object" },
    scopes: [...(tool.scopes ?? [])],
    repeatable: false,
    probe: false,
    ...tool.manifest,
  };
  return {
    manifest,
    skill: tool.skill ?? tool.name,
    kind: "module",
    source: "function",
    hash: sha256(canonical(manifest as unknown as Json)),
  };
}

function stagedOf(
  stage: ReadonlyMap<string, string>,
  files: Map<string, string>,
  forget: () => void,
): Staged {
  const changes = [...stage].map(([path, text]): FileChange => {
    const before = files.get(path);
    return {
      path,
      kind: before === undefined ? "created" : "modified",
      before: before === undefined ? null : sha256(before),
      after: sha256(text),
      bytes: text.length,
    };
  });
  return {
    changes,
    diff: sha256(canonical(changes as unknown as Json)),
    commit: async () => {
      for (const [path, text] of stage) files.set(path, text);
      return null;
    },
    discard: async () => forget(),
  };
}

function failed(code: string, message: string): ToolResult {
  return { ok: false, failure: { code, message }, isolation: "host" };
}
