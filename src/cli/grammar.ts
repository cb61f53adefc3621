import manifest from "../../package.json" with { type: "json" };
import { type CommanderError, Command as Program, Option as Flag } from "commander";
import { type Command, GLOBAL_OPTIONS, type Input, type Option } from "./command.ts";
import { firstWord, type Menu, type Parsed } from "./parse.ts";

export const version: string = manifest.version;

/** What `nanos --help` says before the list. */
export const about = [
  "Agents on your own machine, under your eye. Each has a model to think with,",
  "tools to act with and a gate to pass. What happens is written down for proof.",
  "",
  "It is not an operating system: no kernel, no service running behind your back.",
  "It brings no model, no moderation layer and no planner; those are yours to add.",
  "",
  'Start with nanos, or nanos run "TEXT"; nanos --continue takes up the last talk.',
].join("\n");

/** What the grammar makes of a line: a command to run, or something to print and a code. */
export type Explained =
  | { readonly kind: "run"; readonly parsed: Parsed }
  | { readonly kind: "say"; readonly code: number; readonly out: string; readonly err: string };

/**
 * Reads any command line, strictly: unknown flags and names are refused with the nearest right
 * one, and help is written from the same objects the commands are.
 */
export async function explain(
  argv: readonly string[],
  menu: Menu,
  says: { readonly about: string; readonly version: string },
): Promise<Explained> {
  let [out, err] = ["", ""];
  let parsed: Parsed | null = null;
  const program = new Program("nanos");
  program.configureOutput({
    writeOut: (text) => (out += text),
    writeErr: (text) => (err += text),
    getOutHelpWidth: () => 80,
    getErrHelpWidth: () => 80,
  });
  program.description(says.about).version(says.version, "-V, --version", "print the version");
  await build(program, menu, (found) => (parsed = found));
  const words = await named(argv, menu);
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    const { code, exitCode } = error as CommanderError;
    if (!code?.startsWith("commander.")) throw error;
    if (exitCode === 0) return { kind: "say", code: 0, out, err };
    return { kind: "say", code: 2, out, err: `${err}${hint(words, menu)}` };
  }
  if (parsed !== null) return { kind: "run", parsed };
  return { kind: "say", code: 0, out, err };
}

/** The whole tree of commands in the parser's own terms. */
async function build(program: Program, menu: Menu, found: (parsed: Parsed) => void): Promise<void> {
  const strict = (one: Program): Program =>
    one.exitOverride().copyInheritedSettings(program).allowExcessArguments(false);
  program.exitOverride().usage("[command] [options]");
  program.configureHelp({ subcommandTerm });
  for (const option of GLOBAL_OPTIONS) addOption(program, option);
  for (const name of menu.names) {
    const command = await menu.load(name);
    const one = program.createCommand(command.name);
    const hidden = name === menu.none || command.former === true;
    program.addCommand(describe(strict(one), command, found), { hidden });
    if (command.subs !== undefined) one.helpCommand(false);
    for (const sub of command.subs ?? []) {
      const child = one.createCommand(sub.name);
      one.addCommand(describe(strict(child), { ...sub, name: sub.name }, found));
    }
  }
}

function describe(one: Program, command: Command, found: (parsed: Parsed) => void): Program {
  one.summary(command.summary).description(`${upperFirst(command.summary)}.`);
  if (command.aliases?.length) one.aliases([...command.aliases]);
  for (const arg of command.args ?? []) {
    const dots = arg.rest === true ? "..." : "";
    const shape = `${arg.name}${dots}`;
    one.argument(arg.required === true ? `<${shape}>` : `[${shape}]`, arg.about);
  }
  for (const option of command.options ?? []) addOption(one, option);
  for (const option of GLOBAL_OPTIONS) addOption(one, option, true);
  one.addHelpText("after", `\nAlso: ${GLOBAL_OPTIONS.map(shapeOf).join(", ")}`);
  one.addHelpText("after", `\nExample:\n  ${command.example}`);
  if (command.run !== undefined) {
    one.action(() => found({ command, input: inputOf(one, command) }));
  }
  return one;
}

function addOption(one: Program, option: Option, hidden = false): void {
  const flag = new Flag(shapeOf(option), option.about);
  if (option.value !== undefined) {
    // Every value is kept as a list, so that all options read the same way.
    flag.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  }
  one.addOption(hidden ? flag.hideHelp() : flag);
}

function shapeOf({ flag, value }: Option): string {
  return value === undefined ? flag : `${flag} <${value}>`;
}

/**
 * How a command stands in a list: its name and its first argument. More would push what all of them
 * are for off a narrow screen, and each says it in its own help.
 */
function subcommandTerm(one: Program): string {
  const args = one.registeredArguments.slice(0, 1).map((arg) => {
    const name = `${arg.name()}${arg.variadic ? "..." : ""}`;
    return arg.required ? `<${name}>` : `[${name}]`;
  });
  return [one.name(), ...args].join(" ");
}

function inputOf(one: Program, command: Command): Input {
  const args: Record<string, string> = {};
  let rest: readonly string[] = [];
  for (const [i, arg] of (command.args ?? []).entries()) {
    const value = one.processedArgs[i] as string | string[] | undefined;
    if (Array.isArray(value)) {
      rest = value;
      if (value[0] !== undefined) args[arg.name] = value[0];
    } else if (value !== undefined) args[arg.name] = value;
  }
  const options: Record<string, readonly string[]> = {};
  for (const level of [one, ...parents(one)]) {
    for (const flag of level.options) {
      const value = level.getOptionValue(flag.attributeName()) as unknown;
      if (value === undefined || (flag.negate && value === true)) continue;
      const given = Array.isArray(value) ? (value as string[]) : [""];
      options[flag.long ?? ""] = [...(options[flag.long ?? ""] ?? []), ...given];
    }
  }
  return { args, rest, options };
}

function parents(one: Program): readonly Program[] {
  return one.parent === null ? [] : [one.parent, ...parents(one.parent)];
}

/** What is meant by naming nothing is put in for the parser: the session, a group's default. */
async function named(argv: readonly string[], menu: Menu): Promise<readonly string[]> {
  if (argv.some((word) => HELP.has(word))) return argv;
  const first = firstWord(argv);
  if (first === -1) return [menu.none, ...argv];
  const name = menu.find(argv[first] ?? "");
  if (name === undefined) return argv;
  const command = await menu.load(name);
  const rest = argv.slice(first + 1);
  if (command.alone === undefined || firstWord(rest) !== -1) return argv;
  return argv.toSpliced(first + 1, 0, command.alone);
}

const HELP = new Set(["--help", "-h", "--version", "-V"]);

function hint(words: readonly string[], menu: Menu): string {
  const name = menu.find(words[firstWord(words)] ?? "");
  return `See nanos ${name === undefined ? "" : `${name} `}--help\n`;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
