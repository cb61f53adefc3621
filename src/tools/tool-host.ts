import type { Json } from "../std/json.ts";
import type { Held, Tier } from "../contracts/isolation.ts";
import type { Label } from "../contracts/label.ts";
import type { Failure, FileChange, Refused } from "../contracts/outcome.ts";
import type { Scope } from "../contracts/scope.ts";
import type { ToolManifest } from "../contracts/tool.ts";
import type { StagedContent } from "../sandbox/stage/handle.ts";
import type { Written } from "../sandbox/stage/written.ts";
import type { Commits, UndoFile } from "../contracts/undo.ts";
import type { Usage } from "../contracts/usage.ts";

/** A tool that could be loaded, with where it came from. */
export interface LoadedTool {
  readonly manifest: ToolManifest;
  /** Skill it belongs to; its own name for a bare tool. */
  readonly skill: string;
  readonly kind: "module" | "mcp" | "command" | "http" | "container" | "acp";
  /** The agent whose whole work it is, and that alone may call it. */
  readonly agent?: string;
  /** Set for a prompt of a server, which is none of a model's to call: `SERVER:NAME`, as it is typed. */
  readonly prompt?: string;
  /** File or server it comes from, for people. */
  readonly source: string;
  /** True when no sandbox here holds it and the operator marked it to run all the same. */
  readonly unconfined?: true;
  /** Of what it announces and what it is made of: a change suspends the grant. */
  readonly hash: string;
}

/** A tool that could not be loaded, and why: shown, never fatal for the others. */
export interface BrokenTool {
  readonly source: string;
  readonly failure: Failure;
}

/** What a running tool asks back for. It goes through the kernel's `act`, like all else. */
export type Reach = (wanted: Wanted) => Promise<Granted>;

export type Wanted =
  | {
      readonly kind: "fetch";
      readonly method: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | null;
    }
  /**
   * The handle of a secret, for headers of requests to `host` (`host:port`) in this call; where that
   * is null, for the environment of the program that is about to start. With `renew` it is sent to
   * that host now, for the next token of a login, which takes the place of the one there is.
   */
  | {
      readonly kind: "secret";
      readonly name: string;
      readonly host: string | null;
      readonly renew?: true;
    }
  /**
   * Leave for what an agent that is a program is about to do in its own process, or wants done for
   * it. Whatever the answer, its box holds it to its scopes.
   */
  | {
      readonly kind: "permit";
      readonly what: PermitKind;
      /** In the agent's words. */
      readonly title: string;
      /** Absolute. */
      readonly paths: readonly string[];
      readonly url: string | null;
      readonly input: Json;
    };

/** What an agent says it would do. */
export type PermitKind =
  | "read"
  | "search"
  | "edit"
  | "delete"
  | "move"
  | "execute"
  | "fetch"
  | "think"
  /** A program to be started for it, whose argv is in `input`. */
  | "terminal"
  | "other";

export type Granted =
  | {
      readonly ok: true;
      readonly value: Json;
    }
  | { readonly ok: false; readonly failure: Failure };

export interface ToolCall {
  readonly tool: string;
  /** The `hash` of the tool that was judged; one that is another by now is not called. */
  readonly hash?: string;
  readonly args: Json;
  /** The call's effective reach, resolved: absolute paths. Never more than the manifest's. */
  readonly scopes: readonly Scope[];
  /** `host:port` that grants name: where a public name may lead to a private address. */
  readonly granted?: readonly string[];
  readonly workspace: string;
  /** Unique per step; names the stage. */
  readonly step: string;
  /** The run before it in the same conversation, whose process may go on with this one. */
  readonly after?: string;
  /** What of the clock a tool may see: milliseconds since 1970, equal on replay. */
  readonly now: number;
  /** Milliseconds of wall time. */
  readonly ms: number;
  /**
   * True to ask the tool's probe instead of running it: did an earlier call with these arguments
   * take effect? The output is then true or false.
   */
  readonly probe?: boolean;
  /** Is told what an agent says while it works, to be shown; nothing is kept of it. */
  readonly hear?: (said: { readonly kind: "text" | "thinking"; readonly text: string }) => void;
}

export type ToolResult = Reached &
  (
    | {
        readonly ok: true;
        readonly output: Json;
        readonly isolation: Tier;
        readonly label: Label;
        /** Changes that lie in the stage and wait for `commit` or `discard`; null without a stage. */
        readonly staged: Staged | null;
      }
    | {
        readonly ok: false;
        readonly failure: Failure;
        readonly isolation: Tier;
        /** The scope whose lack made it fail, when that could be told. */
        readonly missing?: Scope;
      }
  );

/** What the process of a call was held to, and what it reached itself through its proxy. */
export interface Reached {
  readonly held?: Held;
  /** `host:port`. */
  readonly hosts?: readonly string[];
  readonly refused?: readonly Refused[];
  /** What a program that thinks for itself says it used. */
  readonly used?: Usage;
}

/** What a sandboxed call wrote, not yet in the real files. */
export interface Staged {
  readonly changes: readonly FileChange[];
  /** SHA-256 of the canonical change set; the commit is bound to it. */
  readonly diff: string;
  /** What would lie in each file, whole; a piece is good until the next one is taken. */
  contents(): Iterable<StagedContent>;
  /** Writes the changes to the real files, atomically per file, keeping pre-images. All or a failure. */
  commit(): Promise<Failure | null>;
  /** After a commit: files of which what was there before was too large to keep. */
  unkept(): readonly string[];
  discard(): Promise<void>;
}

/**
 * Runs tools, whatever they are made of.
 *
 * Contract:
 * - `call` never throws for a failing tool: a hang, a flood, a crash, a refusal by the sandbox and
 *   arguments that do not fit the schema are results. It returns within `ms` and a moment.
 * - Every process is started through the sandbox, from the call's scopes and no more. A call with a
 *   `write:` scope gets a fresh process and its own stage; others may share a warm one.
 * - What a tool asks back for goes through `reach` and nowhere else.
 * - It never asks the gate and never writes the journal.
 * - `signal` ends the call and every process it started.
 */
export interface ToolHost {
  /**
   * Loads every tool; costs processes, so it is done once and kept by hash. `again` asks anew what
   * could not be asked before.
   */
  list(again?: boolean): Promise<{ tools: readonly LoadedTool[]; broken: readonly BrokenTool[] }>;
  call(call: ToolCall, reach: Reach, signal: AbortSignal): Promise<ToolResult>;
  /**
   * The stage a call of an earlier process left for commit, by its step; null when it is gone.
   * A wait for the operator may outlive the process, and so does the stage.
   */
  reopen(step: string): Promise<Staged | null>;
  /** What taking commits back would do to each file, and what would come of it, to be shown. */
  undoing(commits: Commits): {
    readonly files: readonly UndoFile[];
    readonly written: readonly Written[];
  };
  /** A stage under this step that takes commits back; the one that is there, after a crash. */
  takeBack(step: string, commits: Commits): Promise<Staged | Failure>;
  /** What a commit of that stage would write, to be shown to a person; empty when it is gone. */
  written(step: string): readonly Written[];
  /** True once a call found a tool to be another than was listed: it has to be looked at anew. */
  isStale(): boolean;
  /** Hash of what goes by a grant's name, as it would be started; null where nothing does. */
  code(name: string): string | null;
  /** The run is over or waits, with all it delegated: what was kept warm for it ends. */
  leave(run: string): void;
  close(): Promise<void>;
}
