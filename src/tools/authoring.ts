import { z } from "zod";

/**
 * What a tool's author writes against: `import { tool, z } from "nanos/tool"`. A tool file
 * default-exports one tool; nothing else of it is looked at. The file needs no install step: the
 * host that runs it resolves this import itself, so it works anywhere nanos does.
 *
 *     export default tool({
 *       name: "notes_count",
 *       description: "Counts the notes.",
 *       input: z.object({ tag: z.string().optional() }),
 *       scopes: ["read:./notes"],
 *       async run({ tag }, ctx) {
 *         return { count: countNotes(ctx.path("notes"), tag) };
 *       },
 *     });
 *
 * Inside `run` there are files (those the scopes name) and computation. There is no network, no
 * process and no environment: what is outside comes through the context.
 */
export { z };

/** Makes a tool of its definition. The types of `run` follow from `input` and `output`. */
export function tool<I extends z.ZodObject, O extends z.ZodType = z.ZodUnknown>(
  definition: Definition<I, O>,
): Tool {
  return Object.freeze({ [TOOL]: 1 as const, definition: definition as unknown as AnyDefinition });
}

/** Ends a call with a sentence that says what is wrong and, best, one that says what to do. */
export function fail(message: string, next?: string): never {
  throw new ToolFailure(message, next);
}

/** What `fail` throws. An ordinary `Error` works too: its message is the failure. */
export class ToolFailure extends Error {
  readonly next: string | undefined;

  constructor(message: string, next?: string) {
    super(message);
    this.name = "ToolFailure";
    this.next = next;
  }
}

export interface Definition<I extends z.ZodObject, O extends z.ZodType> {
  /** Letters, digits, `_` and `-`, e.g. `notes_append`. What a model calls it by. */
  readonly name: string;
  /** What it does, when to use it and what it gives back, for a model that sees nothing else. */
  readonly description: string;
  /** The arguments. Calls that do not fit never reach `run`. */
  readonly input: I;
  /** What `run` gives back; checked after every call. */
  readonly output?: O;
  /** Everything it may reach, `KIND:VALUE`, paths relative to the workspace: `read:./notes`. */
  readonly scopes?: readonly string[];
  /** Who may have influenced what it returns, and how private that is. Untrusted and private where nothing is said. */
  readonly returns?: {
    readonly integrity?: "directory" | "untrusted";
    readonly secrecy?: "public" | "private" | "secret";
    /** Who may read it: values, hosts, `@example.org` for every address there. */
    readonly readers?: readonly string[];
  };
  /** What each argument decides; `destination`, the strictest, where nothing is said. */
  readonly args?: { readonly [K in keyof z.input<I>]?: "destination" | "control" | "content" };
  /** E trivial to S critical; can only raise what follows from its scopes. */
  readonly rank?: "E" | "D" | "C" | "B" | "A" | "S";
  /** True when doing it twice does no more than doing it once. */
  readonly repeatable?: boolean;
  /** True when it changes nothing anywhere: it only looks something up. */
  readonly reads?: boolean;
  /** True when the effect leaves this machine and cannot be taken back. */
  readonly irreversible?: boolean;
  /** Tells whether an earlier call with these arguments took effect; asked after a crash. */
  readonly probe?: (args: z.output<I>, ctx: ToolContext) => Promise<boolean> | boolean;
  readonly run: (args: z.output<I>, ctx: ToolContext) => Promise<z.input<O>> | z.input<O>;
}

/** What a running tool may use beside the files its scopes name. */
export interface ToolContext {
  /** The workspace, absolute. */
  readonly workspace: string;
  /**
   * Where a path (relative to the workspace, or absolute) may be read and written. What a call
   * writes is staged first, so the answer may differ from the path asked for: always go through
   * here before touching a file.
   */
  path(path: string): string;
  /** Milliseconds since 1970; the only clock a tool should read, as a replay gives it again. */
  readonly now: number;
  /** The operator's date, `2026-11-21`. */
  readonly today: string;
  /**
   * A request made for the tool, outside the sandbox, if the operator's grants and rules allow
   * this destination. Rejects with the reason when it was refused or failed.
   */
  fetch(url: string, init?: FetchInit): Promise<FetchReply>;
  /**
   * A handle that stands for a stored secret in headers of requests to `host`. The secret itself
   * is put in at the boundary and never enters the tool.
   */
  secret(name: string, host: string): Promise<string>;
  /** Aborts when the call was cancelled. */
  readonly signal: AbortSignal;
  /** A line for whoever looks for the cause of a failure. Not shown to the model. */
  log(text: string): void;
}

export interface FetchInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface FetchReply {
  readonly status: number;
  /** True for 200 to 299. */
  readonly ok: boolean;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where the answer came from, after redirects on the same host. */
  readonly url: string;
  text(): string;
}

/** A tool as the host sees it. */
export interface Tool {
  readonly [TOOL]: 1;
  readonly definition: AnyDefinition;
}

/** A definition whose argument types are no longer known. */
export interface AnyDefinition extends Omit<
  Definition<z.ZodObject, z.ZodType>,
  "args" | "run" | "probe"
> {
  readonly args?: Readonly<Record<string, "destination" | "control" | "content">>;
  readonly run: (args: unknown, ctx: ToolContext) => unknown;
  readonly probe?: (args: unknown, ctx: ToolContext) => unknown;
}

/** Marks a tool, so that a file exporting something else is told so. */
export const TOOL: unique symbol = Symbol.for("nanos.tool.v1");

/** True for what `tool()` made, also in another copy of this module. */
export function isTool(value: unknown): value is Tool {
  return typeof value === "object" && value !== null && TOOL in value;
}
