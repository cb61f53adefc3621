import { plainText } from "../std/text.ts";
import type { Nanos, OpenOptions } from "../contracts/nanos.ts";
import { type Clock, systemClock } from "../std/clock.ts";
import { NanosError } from "../std/error.ts";
import { type Context, flag, type House, type Input, option } from "./command.ts";
import { MENU } from "./commands.ts";
import { readEnvFile } from "./start/env-file.ts";
import { report } from "./exit.ts";
import { type Parsed, parse } from "./parse.ts";
import type { Terminal } from "./terminal.ts";

/** What a command line is run in. A test hands in its own; `main` hands in the process. */
export interface World {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** `noColor` is what flags and environment say. */
  readonly terminal: (noColor: boolean, clock: Clock) => Terminal;
  readonly house: () => Promise<House>;
}

/** Runs one command line and returns its exit code. Never throws. */
export async function runApp(world: World): Promise<number> {
  const { env, argv } = world;
  const noColor = Boolean(env["NO_COLOR"]) || env["TERM"] === "dumb" || argv.includes("--no-color");
  const terminal = world.terminal(noColor, systemClock);
  try {
    const parsed = (await parse(world.argv, MENU)) ?? (await explained(world, terminal));
    return typeof parsed === "number" ? parsed : await runCommand(world, terminal, parsed);
  } catch (error) {
    return report(error, terminal, Boolean(env["NANOS_DEBUG"]));
  }
}

async function explained(world: World, terminal: Terminal): Promise<Parsed | number> {
  const { explain, ...says } = await import("./grammar.ts");
  const said = await explain(world.argv, MENU, says);
  if (said.kind === "run") return said.parsed;
  if (said.out !== "") terminal.out(said.out);
  // It repeats what was typed, which may come from a script somebody else wrote.
  if (said.err !== "") terminal.err(plainText(said.err));
  return said.code;
}

async function runCommand(world: World, terminal: Terminal, parsed: Parsed): Promise<number> {
  const { command, input } = parsed;
  if (command.run === undefined) throw new Error(`bug: ${command.name} does nothing`);
  const { context, close } = contextOf(world, terminal, input);
  try {
    return await command.run(context, input);
  } finally {
    await close();
  }
}

function contextOf(
  world: World,
  terminal: Terminal,
  input: Input,
): { context: Context; close: () => Promise<void> } {
  const home = option(input, "--home");
  const file = option(input, "--env-file");
  const env = file === undefined ? world.env : { ...readEnvFile(world.cwd, file), ...world.env };
  const options: OpenOptions = {
    ...(home === undefined ? {} : { home }),
    cwd: world.cwd,
    env,
    // Nobody is asked who cannot see the question, or whose answer would be taken for the request.
    ...(terminal.inTty && terminal.errTty ? { passphrase: askPassphrase(terminal) } : {}),
  };
  let opened: Promise<Nanos> | null = null;
  const context: Context = {
    terminal,
    clock: systemClock,
    json: flag(input, "--json"),
    yes: flag(input, "--yes"),
    options,
    house: world.house,
    nanos: () => (opened ??= world.house().then((house) => house.openNanos(options))),
    look: async () => (await world.house()).look(options),
  };
  return { context, close: async () => (await opened?.catch(() => null))?.close() };
}

function askPassphrase(terminal: Terminal): (isNew: boolean) => Promise<string | null> {
  return async (isNew) => {
    if (!isNew) return terminal.hidden("Passphrase of the secrets (not shown): ");
    const first = await terminal.hidden("New passphrase for the secrets (empty: none): ");
    if (!first || first === (await terminal.hidden("Again: "))) return first;
    throw new NanosError("secret.mismatch", "The two are not the same.", "Begin again.");
  };
}
