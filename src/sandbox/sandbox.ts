import type { Held, Tier } from "../contracts/isolation.ts";
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
    /** Address space of a program, where it reserves far more than it ever fills. */
    readonly addressBytes?: number;
    readonly processes: number;
    readonly cpuSeconds: number;
    readonly outputBytes: number;
    readonly stageBytes: number;
  };
}

/** `host` is our own, of a tool file; `pure` is one that only computes; `container` is podman's. */
export type ProcessKind = "pure" | "host" | "program" | "container";

/** What a tier is asked to hold. */
export interface Process {
  readonly kind: ProcessKind;
  /** Whether it reaches the network itself. */
  readonly net: boolean;
  /** Whether it starts programs beside itself; not, where nothing is said. */
  readonly starts?: boolean;
}

export interface ProcessSpec {
  /**
   * What runs: `program` is argv with an absolute path; `host` is nanos' own tool host importing
   * one TypeScript file, which can lock itself down without a second process.
   */
  readonly run:
    | { readonly kind: "program"; readonly argv: readonly string[] }
    /** `pure`: it only computes, so that a machine without walls can still hold it. */
    | { readonly kind: "host"; readonly file: string; readonly pure?: boolean }
    /** Nanos' own model host importing the engine in `file`, which loads libraries of the system. */
    | { readonly kind: "model"; readonly file: string }
    /** A program of an image podman has, argv as the image knows it. `box.exec` says nothing here. */
    | { readonly kind: "container"; readonly image: string; readonly argv: readonly string[] }
    /**
     * A program the operator starts by name to serve others of this machine. One that listens is
     * held by no box of ours, so it has none: nothing of a run may ever be started so.
     */
    | { readonly kind: "server"; readonly argv: readonly string[] }
    /** One of nanos' own escape attempts, under the lock of a `host`; only `doctor` runs them. */
    | { readonly kind: "attack"; readonly name: string; readonly args: readonly string[] };
  readonly cwd: string;
  /**
   * Set for what the operator marked: where no tier holds it, it is started all the same, and its
   * tier is `none`. Where one does, it is held like every other. A container has nothing to mark.
   */
  readonly unconfined?: true;
  readonly box: Box;
  /**
   * Folder for staged writes, named after the caller's step, not there yet or empty; null when
   * nothing may be written. Each root in `box.writes` is copied to the same path below
   * `<stage>/root`, and only the copy is writable. `cwd` is the copy's too when a root lies in it
   * or around it: its other entries are links to the real ones, so that relative paths work.
   */
  readonly stage: string | null;
  /**
   * A folder of the process's own that stays, absolute: it reads and writes there itself, past any
   * stage, up to so many bytes and files. Whoever starts it lends a folder to one process at a time,
   * and to those beside it.
   */
  readonly keeps?: { readonly folder: string; readonly bytes: number; readonly files: number };
  /**
   * A process that still runs and whose stage this one shares: it writes where that one writes, as
   * the same user, and what it changed is in that one's changes. `stage` is then null, and `cwd` a
   * path as that process sees it. Such a process has no other writes.
   */
  readonly beside?: Boxed;
}

export type Ended =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: string }
  | {
      readonly kind: "stopped";
      /** Which limit ended it (`time` is wall or CPU time), or `cancelled` by us. */
      readonly by: "time" | "memory" | "processes" | "output" | "stage" | "keeps" | "cancelled";
    };

/** Where a path of the real file system lies for a process with a stage. */
export interface Mapped {
  readonly real: string;
  readonly staged: string;
}

/** A running sandboxed process. */
export interface Boxed {
  readonly pid: number;
  readonly tier: Tier;
  /** What it is held to. */
  readonly held: Held;
  /**
   * Paths the process must be given in place of real ones, longest first; empty without a stage.
   * A path below `real` is the same path below `staged`; others stay as they are.
   */
  readonly mapping: readonly Mapped[];
  /** Where it runs: `spec.cwd`, mapped. */
  readonly cwd: string;
  /** Writes bytes to its standard input; resolves when the pipe took them. */
  write(data: string | Uint8Array): Promise<void>;
  endInput(): void;
  readonly stdout: AsyncIterable<Uint8Array>;
  /**
   * Starts wall time and output anew, for a warm process that takes another call: `ms` from now,
   * or no wall time while it rests (null).
   */
  renew(ms: number | null): void;
  /** Last 64 KiB of standard error so far, as text. */
  stderr(): string;
  readonly ended: Promise<Ended>;
  /** Ends it and every process it started. Resolves when all are gone. */
  stop(): Promise<Ended>;
  /**
   * The change set in the stage; only after `ended`. Files and symbolic links, never empty folders.
   * Failures: `sandbox.stage_too_large`, `sandbox.link_outside`, `sandbox.special_file`,
   * `sandbox.changed_meanwhile`.
   */
  changes(): Promise<readonly FileChange[] | Failure>;
  /**
   * Puts the changes in place of the real files, each by rename, and what was there before into the
   * folder `undo`, first. Only after `changes`. Calling it again after a crash finishes the rest;
   * a file that is neither as it was nor as it shall be is `sandbox.changed_meanwhile`.
   */
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
  /**
   * The tier that would hold this kind of process here, or null. `starts`: it starts programs
   * beside itself.
   */
  tier(kind: ProcessKind, net: boolean, starts?: boolean): Tier | null;
  /**
   * Failures: `sandbox.no_tier`, `sandbox.bad_path`, `sandbox.no_program`, `sandbox.no_runtime`,
   * `sandbox.no_stage`, `sandbox.stage_too_large`, `sandbox.start_failed`. A process that could not lock itself exits
   * with code 70 before anything else ran in it, and says why on standard error.
   */
  start(spec: ProcessSpec): Promise<Boxed | Failure>;
  /** Processes started so far, containers as well. */
  started(): number;
  close(): Promise<void>;
}
