import type { Tier } from "../contracts/isolation.ts";
import type { Failure, FileChange } from "../contracts/outcome.ts";

/** What a process may reach and use. All paths absolute; nothing not named here is reachable. */
export interface Box {
  /** Readable files and folders. */
  readonly reads: readonly string[];
  /** Writable folders and files; with `stage` the writes land there. */
  readonly writes: readonly string[];
  /** `none`: no sockets at all. `proxy`: only our filtering proxy on this unix socket. */
  readonly net: { readonly kind: "none" } | { readonly kind: "proxy"; readonly socket: string };
  /** Whether it may start programs, and which (absolute paths). Empty: no exec, no fork. */
  readonly exec: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly limits: {
    readonly ms: number;
    readonly memoryBytes: number;
    readonly processes: number;
    readonly cpuSeconds: number;
    readonly outputBytes: number;
    readonly stageBytes: number;
  };
}

export interface ProcessSpec {
  /**
   * What runs: `program` is argv with an absolute path; `host` is nanos' own tool host importing
   * one TypeScript file, which can lock itself down without a second process.
   */
  readonly run:
    | { readonly kind: "program"; readonly argv: readonly string[] }
    | { readonly kind: "host"; readonly file: string };
  readonly cwd: string;
  readonly box: Box;
  /** Folder for staged writes, made by the caller's step id; null when nothing may be written. */
  readonly stage: string | null;
}

export type Ended =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: string }
  | {
      readonly kind: "stopped";
      /** Which limit ended it, or `cancelled` by us. */
      readonly by: "time" | "memory" | "processes" | "output" | "stage" | "cancelled";
    };

/** A running sandboxed process. */
export interface Boxed {
  readonly pid: number;
  readonly tier: Tier;
  /** Writes bytes to its standard input; resolves when the pipe took them. */
  write(data: string | Uint8Array): Promise<void>;
  endInput(): void;
  readonly stdout: AsyncIterable<Uint8Array>;
  /** Last 64 KiB of standard error, as text, once ended; for diagnosis only. */
  stderr(): string;
  readonly ended: Promise<Ended>;
  /** Ends it and every process it started. Resolves when all are gone. */
  stop(): Promise<Ended>;
  /** The change set in the stage; only after `ended`. */
  changes(): Promise<readonly FileChange[] | Failure>;
  /** Moves staged files into place (each by rename on the same file system), pre-images to `undo`. */
  commit(undo: string): Promise<Failure | null>;
  /** Removes the stage. */
  discard(): Promise<void>;
}

/**
 * The only place that starts a process.
 *
 * Contract:
 * - A process reaches what its box names and nothing else, enforced by the operating system. Where
 *   the machine cannot hold this kind of process the answer is a failure `sandbox.no_tier` whose
 *   `next` says what to install; never a weaker box in silence.
 * - The process and all it started are gone when `ended` resolves, also when nanos is killed.
 * - Nothing of nanos' environment or open files is visible to it.
 */
export interface Sandbox {
  /** The tier that would hold this kind of process here, or null. */
  tier(kind: "host" | "program", net: boolean): Tier | null;
  start(spec: ProcessSpec): Promise<Boxed | Failure>;
  close(): Promise<void>;
}
