import { canonical } from "../../std/canonical.ts";
import { messageOf } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import type { Json, JsonObject } from "../../std/json.ts";
import type { FileChange } from "../../contracts/outcome.ts";
import type { ToolManifest } from "../../contracts/tool.ts";
import { labelOf } from "../../tools/kinds/kind.ts";
import type { LoadedTool, Reach, Staged, ToolHost, ToolResult } from "../../tools/tool-host.ts";

/** A tool that is a function of this process: for trying out agents and for tests of the kernel. */
export interface FunctionTool {
  readonly name: string;
  readonly skill?: string;
  readonly scopes?: readonly string[];
  readonly manifest?: Partial<ToolManifest>;
  /** `module` when absent: a tool whose outward effects all pass back through the gate. */
  readonly kind?: LoadedTool["kind"];
  /** The agent that is this program. */
  readonly agent?: string;
  readonly run: ToolFunction;
  /** Says whether an earlier call took effect; it writes nothing. */
  readonly probe?: ToolFunction;
}

type ToolFunction = (
  args: JsonObject,
  ctx: {
    readonly reach: Reach;
    readonly signal: AbortSignal;
    readonly step: string;
    /** Stages the writing of a file: it is in `files` only after commit. */
    readonly write: (path: string, text: string) => void;
  },
) => Json | Promise<Json>;

/** A tool host over plain functions, with a folder made of a map. It ships as a fake. */
export interface FunctionTools extends ToolHost {
  /** The "real files": path to text. */
  readonly files: Map<string, string>;
  readonly loaded: readonly LoadedTool[];
  /** Every call made, in order of start. */
  readonly calls: { readonly tool: string; readonly args: Json; readonly step: string }[];
  /** Every commit that wrote, in order, by the step of its stage. */
  readonly commits: string[];
}

export function functionTools(
  tools: readonly FunctionTool[],
  files: Map<string, string> = new Map(),
): FunctionTools {
  const calls: { tool: string; args: Json; step: string }[] = [];
  const commits: string[] = [];
  const stages = new Map<string, Staged>();
  const loaded = tools.map(loadedOf);
  return {
    files,
    calls,
    commits,
    loaded,
    list: async () => ({ tools: loaded, broken: [] }),
    call: async (call, reach, signal): Promise<ToolResult> => {
      const tool = tools.find(({ name }) => name === call.tool);
      if (!tool) return failed("tool.unknown", `There is no tool ${call.tool}.`);
      const { step } = call;
      calls.push({ tool: call.tool, args: call.args, step });
      stages.delete(step);
      const stage = new Map<string, string>();
      // What it writes is made of what it found, however much is written meanwhile.
      const began: ReadonlyMap<string, string> = new Map(files);
      const write = (path: string, text: string): void => void stage.set(path, text);
      try {
        const act = (call.probe === true && tool.probe) || tool.run;
        const output = await act(call.args as JsonObject, { reach, signal, step, write });
        const label = labelOf(manifestOf(tool));
        const common = { ok: true, output, isolation: "host", label } as const;
        if (stage.size === 0) return { ...common, staged: null };
        const forget = (): unknown => stages.delete(step);
        const staged = stagedOf(
          { stage, began, files },
          { written: () => commits.push(step), forget },
        );
        stages.set(step, staged);
        return { ...common, staged };
      } catch (error) {
        return failed(signal.aborted ? "tool.cancelled" : "tool.failed", messageOf(error));
      }
    },
    reopen: async (step) => stages.get(step) ?? null,
    written: () => [],
    isStale: () => false,
    undoing: () => ({ files: [], written: [] }),
    takeBack: async () => ({ code: "undo.nothing", message: "Nothing is kept in memory." }),
    code: () => null,
    leave: () => undefined,
    close: async () => undefined,
  };
}

function manifestOf(tool: FunctionTool): ToolManifest {
  return {
    name: tool.name,
    description: `The tool ${tool.name}.`,
    input: { type: "object" },
    scopes: [...(tool.scopes ?? [])],
    repeatable: false,
    probe: tool.probe !== undefined,
    ...tool.manifest,
  };
}

function loadedOf(tool: FunctionTool): LoadedTool {
  const manifest = manifestOf(tool);
  return {
    manifest,
    skill: tool.skill ?? tool.name,
    kind: tool.kind ?? "module",
    ...(tool.agent !== undefined && { agent: tool.agent }),
    source: "function",
    hash: sha256(canonical(manifest as unknown as Json)),
  };
}

function hashIn(files: ReadonlyMap<string, string>, path: string): string | null {
  const text = files.get(path);
  return text === undefined ? null : sha256(text);
}

/** Path to text: what a call wrote, what was there when it began, and what is there. */
interface Places {
  readonly stage: ReadonlyMap<string, string>;
  readonly began: ReadonlyMap<string, string>;
  readonly files: Map<string, string>;
}

function stagedOf(
  { stage, began, files }: Places,
  told: { readonly written: () => unknown; readonly forget: () => unknown },
): Staged {
  const changes = [...stage].map(([path, text]): FileChange => {
    const before = hashIn(began, path);
    const kind = before === null ? "created" : "modified";
    return { path, kind, before, after: sha256(text), bytes: text.length };
  });
  return {
    changes,
    diff: sha256(canonical(changes as unknown as Json)),
    contents: () => [...stage].map(([path, text]) => ({ path, content: [Buffer.from(text)] })),
    commit: async () => {
      const now = changes.map(({ path }) => hashIn(files, path));
      if (changes.every(({ after }, i) => now[i] === after)) return null;
      if (!changes.every(({ before, after }, i) => now[i] === before || now[i] === after)) {
        return { code: "sandbox.changed_meanwhile", message: "The files changed meanwhile." };
      }
      for (const [path, text] of stage) files.set(path, text);
      told.written();
      return null;
    },
    unkept: () => [],
    discard: async () => void told.forget(),
  };
}

function failed(code: string, message: string): ToolResult {
  return { ok: false, failure: { code, message }, isolation: "host" };
}
