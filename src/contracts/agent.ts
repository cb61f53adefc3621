import { z } from "zod";
import type { Failure, Touched } from "./outcome.ts";
import { Rank } from "./action.ts";
import { JsonSchema } from "./json.ts";
import { Scope } from "./scope.ts";

const names = z
  .union([
    z.array(z.string()),
    z.string().transform((list) => list.split(",").map((s) => s.trim())),
  ])
  .transform((list) => list.filter((name) => name !== ""));

/**
 * Front matter of `agents/NAME.md`; the body is the prompt. Claude-style agent files load as they
 * are: their other keys are read and ignored (see `home/claude.ts`). `tools` is an upper bound
 * and never a grant.
 */
export const AgentManifest = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9_-]{0,63}$/u,
        "must be 1 to 64 of a-z, 0-9, - and _, and start with a letter or digit",
      ),
    /** When to hand it work. Other programs write whole examples here, so there is room. */
    description: z.string().max(8_192),
    /** A name from `models`, or `inherit`. */
    model: z.string().default("inherit"),
    /** Skills it uses, by name: one line adds all their tools. */
    skills: names.default([]),
    /** Bare tools beside its skills; where both are absent it has none. */
    tools: names.optional(),
    disallowedTools: names.optional(),
    /** The most it may use of what its skills bring; all of it where nothing is said. */
    only: names.optional(),
    /** Agents it may delegate to. */
    agents: names.default([]),
    /** Memory scopes it may read. */
    memory: names.default([]),
    rank: Rank.optional(),
    /** `on`: its models get placeholders for what is sensitive, whatever their own setting. */
    scrub: z.enum(["on", "off"]).optional(),
    /**
     * `worktree`: each of its runs works in a copy of the workspace's repository, and ends with a patch.
     */
    isolation: z.enum(["worktree"]).optional(),
    limits: z
      .strictObject({
        turns: z.number().int().positive().optional(),
        calls: z.number().int().positive().optional(),
        tokens: z.number().int().positive().optional(),
        ms: z.number().int().positive().optional(),
        cost: z.number().nonnegative().optional(),
        /** Messages of the conversation before a request that are given with it. */
        messages: z.number().int().min(0).optional(),
      })
      .default({}),
    /** JSON Schema of what it is given beside the request, an object; absent where that is nothing. */
    input: JsonSchema.optional(),
    /** JSON Schema its answer has to fit; absent where it answers in text. */
    output: JsonSchema.optional(),
    /**
     * What does its work: `prompt` a model with the body as its prompt, `process` a program that is
     * given the request and prints its answer, `acp` a program that speaks the Agent Client Protocol
     * on its standard streams, `mcp` a tool of a server, `arrangement` another trusted folder with
     * agents of its own.
     */
    kind: z.enum(["prompt", "process", "acp", "mcp", "arrangement"]).default("prompt"),
    /**
     * For a program: argv. An item `{request}` is replaced whole by the request; without one the
     * request is its standard input. The body, where there is one, stands before the request.
     */
    command: z.array(z.string()).min(1).optional(),
    /** For a program or an arrangement: what it may reach. */
    scopes: z.array(Scope).optional(),
    /**
     * For a program: `own` gives it a folder of its own as its `HOME`, which is kept between requests
     * and apart from the operator's. Absent: the home its scopes name, or none.
     */
    home: z.literal("own").optional(),
    /**
     * For a program: US dollars one request of it costs where it does not say itself; `free` where that
     * is nothing. Absent means unknown, which a limit on cost does not let pass.
     */
    price: z.union([z.literal("free"), z.number().nonnegative()]).optional(),
    /** For an arrangement: the folder that holds its `.nano-os`, from the workspace. */
    dir: z.string().min(1).optional(),
    /** For a server's tool: its name, `mcp__SERVER__TOOL`. */
    tool: z.string().optional(),
    /**
     * For a model: a prompt of a server, `SERVER:NAME`, which is asked for with each request and joins
     * it. Its words are the server's: never an order, and nobody stands behind them.
     */
    prompt: z
      .string()
      .regex(/^[\w-]{1,64}:[\w-]{1,64}$/u, "must be SERVER:NAME")
      .optional(),
    /** For a server's tool or prompt: its arguments; the text `{request}` is replaced by the request. */
    args: z.record(z.string(), JsonSchema).optional(),
  })
  .superRefine((agent, context) => {
    if (agent.kind === "prompt" && agent.args !== undefined && agent.prompt === undefined) {
      const message = "are of a server's prompt, which stands under `prompt`";
      context.addIssue({ code: "custom", path: ["args"], message });
    }
    for (const field of FIELDS) {
      const needs = NEEDS[agent.kind].includes(field);
      const has = agent[field] !== undefined;
      if (has && !MAY[agent.kind].includes(field)) {
        const message = `is not for an agent of kind ${agent.kind}`;
        context.addIssue({ code: "custom", path: [field], message });
      } else if (needs && !has) {
        const message = `is what an agent of kind ${agent.kind} needs`;
        context.addIssue({ code: "custom", path: [field], message });
      }
    }
  });
export type AgentManifest = z.infer<typeof AgentManifest>;

const FIELDS = ["command", "scopes", "home", "price", "tool", "prompt", "args", "dir"] as const;
type Field = (typeof FIELDS)[number];
type AgentKind = "prompt" | "process" | "acp" | "mcp" | "arrangement";
const NEEDS: Readonly<Record<AgentKind, readonly Field[]>> = {
  prompt: [],
  process: ["command"],
  acp: ["command"],
  mcp: ["tool"],
  arrangement: ["dir"],
};
const MAY: Readonly<Record<AgentKind, readonly Field[]>> = {
  prompt: ["prompt", "args"],
  process: ["command", "scopes", "home", "price"],
  acp: ["command", "scopes", "home", "price"],
  mcp: ["tool", "args"],
  arrangement: ["dir", "scopes"],
};

/** An agent as loaded: manifest, prompt and where it came from. */
export interface Agent {
  readonly manifest: AgentManifest;
  readonly prompt: string;
  readonly file: string;
}

/** An agent's file as it would be written; nothing of it is written or run yet. */
export interface AgentOffer {
  readonly name: string;
  /** Its path in the arrangement. */
  readonly file: string;
  readonly text: string;
  /** What it would be started with; null for a prompt. */
  readonly command: readonly string[] | null;
  /** What it may do, in plain words. */
  readonly may: readonly string[];
  /** What is worth knowing before the yes, one sentence each. */
  readonly notes: readonly string[];
}

/** A program to be made an agent. */
export interface WrapWish {
  /** argv; a known agent's name alone stands for how its makers start it without a screen. */
  readonly command: readonly string[];
  /** The program's own name where nothing is said. */
  readonly name?: string;
  /** It speaks the Agent Client Protocol. */
  readonly acp?: boolean;
  /** Scopes beside those that are known to be needed. */
  readonly scopes?: readonly string[];
  /** US dollars one request costs, or `free`; unknown where nothing is said. */
  readonly price?: number | "free";
}

/** An agent that is a prompt, to be begun. */
export interface NewWish {
  readonly name: string;
  readonly description: string;
  readonly model?: string;
  readonly skills?: readonly string[];
}

/** Agents as a person asks about them. */
export interface Agents {
  list(): readonly Agent[];
  /** @throws NanosError `agent.unknown`. */
  show(name: string): Agent;
  /** Known agents on PATH that this arrangement does not have. None of them is started. */
  found(): readonly AgentOffer[];
  /**
   * A program as an agent, as its file would be.
   *
   * @throws NanosError `agent.no_program`, `agent.exists`, `agent.bad_name`, `agent.bad_scope`.
   */
  wrap(wish: WrapWish): AgentOffer;
  /** @throws NanosError `agent.exists`, `agent.bad_name`. */
  draft(wish: NewWish): AgentOffer;
  /**
   * Writes exactly what was offered, and lets `to` hand it work, the oracle where nothing is said. It
   * counts once the home is opened anew or renewed. False where that one cannot have agents.
   *
   * @throws NanosError `agent.unknown` for `to`, `manifest.invalid`, `agent.edit`, `trust.*`.
   */
  add(offer: AgentOffer, to?: string): Promise<boolean>;
  /**
   * Takes an agent's file away with what it keeps, and its name from the lists of those that handed it
   * work.
   *
   * @throws NanosError `agent.unknown`, `agent.in_use`, `agent.busy`, `agent.edit`, `trust.*`.
   */
  remove(name: string): Promise<void>;
  /** Bytes of what an agent keeps in a folder of its own. @throws NanosError `agent.unknown`. */
  kept(name: string): number;
  /**
   * Empties that folder, with whatever it was signed in by there.
   *
   * @throws NanosError `agent.unknown`, `agent.busy`.
   */
  clear(name: string): void;
  /**
   * Runs the cases the arrangement has for an agent, each on a repository of its own in an empty home
   * that is gone afterwards. With recorded answers nothing outside this machine is reached.
   *
   * @throws NanosError `agent.unknown`, `agent.no_cases`, `model.unknown`, `manifest.invalid`.
   */
  test(name: string, wish?: TestWish): Promise<AgentReport>;
}

/** Which of an agent's cases are run, and who answers. */
export interface TestWish {
  /** A model of this home; recorded answers where absent. */
  readonly model?: string;
  /** A model of this home that gives its opinion where a case wants one. */
  readonly judge?: string;
  /** Only the cases whose file holds this in its name. */
  readonly only?: string;
}

const score = z.number().int().min(1).max(5);

/** What a model thinks of a piece of work, 1 for poor and 5 for excellent. */
export const Scores = z.strictObject({
  responsiveness: score,
  quality: score,
  consistency: score,
  tools: score,
  why: z.string(),
});
export type Scores = z.infer<typeof Scores>;

/** A model's opinion, or why there is none. No check hangs on it. */
export type Opinion =
  | ({ readonly by: string } & Scores)
  | { readonly by: string; readonly failure: string };

/** What the cases of an agent came to. */
export interface AgentReport {
  readonly agent: string;
  readonly model: string;
  readonly cases: readonly AgentCaseResult[];
}

/** What one case came to, with what is needed to see why. */
export interface AgentCaseResult {
  /** Its file in the arrangement. */
  readonly file: string;
  readonly about: string;
  readonly tags: readonly string[];
  /** Why it fails, one sentence each; none where it passes. */
  readonly failures: readonly string[];
  /** How the run ended, or the state it is in. */
  readonly outcome: string;
  readonly summary: string;
  readonly turns: number;
  readonly tokens: number;
  readonly files: readonly Touched[];
  readonly calls: readonly { readonly name: string; readonly status: string }[];
  readonly patch: string;
  readonly failure?: Failure;
  /** Where the case wants one: of a model, beside the checks. */
  readonly opinion?: Opinion;
}
