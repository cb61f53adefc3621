import type { Tier } from "../../../contracts/isolation.ts";
import type { Box, Boxed, Ended } from "../../sandbox.ts";
import type { Ground } from "../ground.ts";

/** What must not be got at. */
export type Aim =
  | "read"
  | "write"
  | "metadata"
  | "connect"
  | "exec"
  | "signal"
  | "kernel"
  | "outlive"
  | "exhaust"
  | "look";

/**
 * Whose code attacks: a tool's inside our runtime; a program's, such as an MCP server; a program's
 * that reaches the network by our proxy; a container's; or that of a tool that only computes, in
 * WebAssembly.
 */
export type Kind = "host" | "program" | "networked" | "container" | "pure";

/** What is known afterwards. */
export interface Seen {
  readonly ground: Ground;
  readonly kind: Kind;
  readonly output: string;
  readonly ended: Ended;
  readonly boxed: Boxed;
}

/** One attack: what it tries, and how the outside knows. */
export interface Attack {
  /** `read outside`; in the table, so short. */
  readonly name: string;
  readonly aim: Aim;
  /** One of these: a move and its arguments, see `attack.ts`; a program's script; a tool's source. */
  readonly moves?: (ground: Ground, kind: Kind) => readonly string[];
  readonly script?: (ground: Ground) => string;
  readonly source?: (ground: Ground) => string;
  /** Tools and programs, unless it says otherwise; whatever is a program too where those are. */
  readonly kinds?: readonly Kind[];
  readonly limits?: Partial<Box["limits"]>;
  /** Uses up what others need: runs by itself. */
  readonly alone?: true;
  /** Its verdict looks at all that is left: it has a process of its own. */
  readonly apart?: true;
  /** Looks while it runs, every 20 ms; a sentence when it got through. */
  readonly during?: (ground: Ground, boxed: Boxed) => string | null;
  /** Looks afterwards: a sentence when it got through, null when it was held. */
  readonly verdict: (seen: Seen) => string | null | Promise<string | null>;
  /** What a tier cannot hold, and why that is bounded: said by `doctor`, and true. */
  readonly residual?: { readonly tiers: readonly Tier[]; readonly says: string };
  /** Why it is not made without a box too, to see that the verdict would notice. */
  readonly boxedOnly?: string;
}

/** The canary came out. */
export function leaked({ ground, output }: Seen): string | null {
  return output.includes(ground.canary) ? "It read what lies outside." : null;
}

/** Files and folders must be as they were made, to the time of their last change. */
export function touched({ ground }: Seen): string | null {
  return ground.changed();
}

export function reached({ ground }: Seen): string | null {
  return ground.doors.reached() === 0 ? null : "It reached a server of ours.";
}

/** What cannot be seen from outside is believed where it says it was not refused. */
export function claimed({ output }: Seen): string | null {
  const claim = output.split("\n").find((line) => line !== "" && !line.includes(": refused "));
  return claim === undefined ? null : `It says: ${claim.slice(0, 80)}.`;
}

/** The first of several that has something to say. */
export function either(...verdicts: readonly ((seen: Seen) => string | null)[]) {
  return (seen: Seen): string | null => {
    for (const verdict of verdicts) {
      const said = verdict(seen);
      if (said !== null) return said;
    }
    return null;
  };
}

/** The limit that must have ended it. */
export function endedBy(...by: readonly Extract<Ended, { kind: "stopped" }>["by"][]) {
  return ({ ended }: Seen): string | null =>
    ended.kind === "stopped" && by.some((each) => each === ended.by)
      ? null
      : `It was not stopped: ${endedText(ended)}`;
}

/** How it ended, in a sentence. */
export function endedText(ended: Ended): string {
  if (ended.kind === "exited") return `It ended with exit code ${ended.code}.`;
  if (ended.kind === "signalled") return `It ended by ${ended.signal}.`;
  return `It was stopped by the ${ended.by} limit.`;
}
