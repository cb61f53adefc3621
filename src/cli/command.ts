import type { Found, Nanos, OpenOptions } from "../contracts/nanos.ts";
import type { Clock } from "../std/clock.ts";
import { messageOf, NanosError } from "../std/error.ts";
import type { Json } from "../std/json.ts";
import type { Line } from "./render/line.ts";
import type { Terminal } from "./terminal.ts";

/** What a surface is given to reach the house: the functions of nanos.ts. */
export type House = Pick<
  typeof import("../nanos.ts"),
  | "openNanos"
  | "look"
  | "init"
  | "trustView"
  | "trust"
  | "check"
  | "exportTo"
  | "offer"
  | "offerImport"
  | "apply"
  | "verifierText"
  | "troubleshooting"
>;

/** An argument by position. */
export interface Arg {
  /** As shown in help: `RUN`. */
  readonly name: string;
  readonly about: string;
  readonly required?: boolean;
  /** Takes all that follows; `input.rest` holds them. */
  readonly rest?: boolean;
  /** What Tab offers here. */
  readonly offers?: Offer;
}

/** What can be completed from what is there. */
export type Offer =
  | "agents"
  | "tools"
  | "models"
  | "runs"
  | "steps"
  | "asks"
  | "skills"
  | "files"
  | "folders"
  | "starters";

export interface Option {
  /** `--model`. */
  readonly flag: string;
  /** Name of its value as shown in help: `NAME`; absent for a switch. */
  readonly value?: string;
  readonly about: string;
  /** May be given several times. */
  readonly many?: boolean;
  readonly offers?: Offer;
}

/**
 * A command: what it is called, takes and does. Everything the parser, the help, the completion
 * and the reference show comes from this one object.
 */
export interface Command {
  readonly name: string;
  /** Other names that answer: plurals, names of former programs. */
  readonly aliases?: readonly string[];
  /** One line, without a full stop. */
  readonly summary: string;
  /** One whole command line that works. */
  readonly example: string;
  readonly args?: readonly Arg[];
  readonly options?: readonly Option[];
  readonly subs?: readonly Command[];
  /** The sub-command meant when none is named. */
  readonly alone?: string;
  /** The name a former program had for it: answers, and is not in the help's list. */
  readonly former?: boolean;
  /** Returns the exit code. Failures a person must fix are thrown as `NanosError`. */
  readonly run?: (context: Context, input: Input) => Promise<number>;
}

/** What the operator typed after a command's name. */
export interface Input {
  readonly args: Readonly<Record<string, string>>;
  readonly rest: readonly string[];
  readonly options: Readonly<Record<string, readonly string[]>>;
}

/** Flags every command takes. */
export const GLOBAL_OPTIONS: readonly Option[] = [
  { flag: "--home", value: "DIR", about: "where machine state lies", offers: "folders" },
  { flag: "--env-file", value: "FILE", about: "variables, NAME=VALUE a line", offers: "files" },
  { flag: "--json", about: "one JSON document on standard output" },
  { flag: "--yes", about: "yes to set-up questions, never to an ask" },
  { flag: "--no-color", about: "no colours (also: NO_COLOR)" },
];

/** What every command is handed. */
export interface Context {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly json: boolean;
  readonly yes: boolean;
  /** How to open the home, from flags and environment. */
  readonly options: OpenOptions;
  /** The functions of nanos.ts, loaded when first asked for. */
  house(): Promise<House>;
  /** The opened home; opened when first asked for, closed when the command ends. */
  nanos(): Promise<Nanos>;
  /** What lies here, without opening anything. */
  look(): Promise<Found>;
}

/** One value of an option, the last one given; undefined when it was not. */
export function option(input: Input, flag: string): string | undefined {
  return input.options[flag]?.at(-1);
}

export function flag(input: Input, name: string): boolean {
  return input.options[name] !== undefined;
}

/** An argument the grammar has made sure of. */
export function arg(input: Input, name: string): string {
  const value = input.args[name];
  if (value === undefined) throw new Error(`bug: ${name} was not required`);
  return value;
}

/** The end of the day an option names, or the moment it names; undefined when it was not given. */
export function dayIn(input: Input, name: string, now: number): number | undefined {
  const given = option(input, name);
  if (given === undefined) return undefined;
  const day = /^\d{4}-\d{2}-\d{2}$/u.test(given);
  const at = Date.parse(day ? `${given}T23:59:59.999` : given);
  if (Number.isFinite(at) && at > now) return at;
  throw new NanosError(
    "usage.date",
    Number.isFinite(at) ? `${given} is over already.` : `${given} is not a date.`,
    `Write it as YEAR-MONTH-DAY, for example ${name} 2030-12-31.`,
  );
}

/** A number above 0, or dollars from 0 on; undefined where nothing was given. @throws NanosError `usage.number`. */
export function numberOf(input: Input, name: string, whole: boolean): number | undefined {
  const given = option(input, name);
  if (given === undefined) return undefined;
  const value = Number(given);
  const fits = whole
    ? Number.isSafeInteger(value) && value > 0
    : Number.isFinite(value) && value >= 0;
  if (given.trim() !== "" && fits) return value;
  throw new NanosError(
    "usage.number",
    `${name} takes ${whole ? "a whole number above 0" : "dollars, 0 or more"}, not ${given}.`,
    `For example ${name} ${whole ? "20" : "0.50"}.`,
  );
}

/** A tool's arguments as typed: JSON, `-` for standard input, nothing for none. */
export function argsOf(terminal: Terminal, given: string | undefined): Json {
  const text = given === "-" ? terminal.read(MAX_ARGS) : (given ?? "{}");
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new NanosError(
      "usage.json",
      `The arguments are not JSON: ${messageOf(error)}.`,
      `Put them in single quotes: '{"name":"value"}'.`,
    );
  }
}

/** Longest arguments taken from standard input, in bytes. */
const MAX_ARGS = 1024 * 1024;

/** Prints a value: as one JSON document with `--json`, for people otherwise. */
export async function show(
  context: Context,
  value: unknown,
  lines: () => readonly Line[],
): Promise<void> {
  const { terminal } = context;
  if (context.json) {
    const { jsonDocument } = await import("./render/json.ts");
    terminal.out(`${jsonDocument(value)}\n`);
    return;
  }
  const { paintAll } = await import("./render/line.ts");
  terminal.out(paintAll(lines(), terminal.color("out")));
}
