import { type Arg, type Command, GLOBAL_OPTIONS, type Input, type Option } from "./command.ts";

/** A command line understood: which command, and what it was given. */
export interface Parsed {
  readonly command: Command;
  readonly input: Input;
}

/** How the commands are found: by name or alias, loaded one by one. */
export interface Menu {
  /** The canonical name of what was typed, or undefined. */
  readonly find: (word: string) => string | undefined;
  readonly load: (name: string) => Promise<Command>;
  /** Every canonical name, in the order help shows them. */
  readonly names: readonly string[];
  /** The command meant when none is named. */
  readonly none: string;
}

/**
 * Reads a command line that is plainly right: known names, known flags, all that is required.
 * Null for everything else, help included, which is then the grammar's to explain. So the usual
 * line is understood without loading a parser, at a tenth of its cost.
 */
export async function parse(argv: readonly string[], menu: Menu): Promise<Parsed | null> {
  const first = firstWord(argv);
  const name = first === -1 ? menu.none : menu.find(argv[first] ?? "");
  if (name === undefined) return null;
  const command = await menu.load(name);
  const words = first === -1 ? argv : argv.toSpliced(first, 1);
  if (command.subs === undefined) return parseWords(command, words);
  const second = firstWord(words);
  const typed = second === -1 ? command.alone : words[second];
  const sub = command.subs.find((one) => one.name === typed || one.aliases?.includes(typed ?? ""));
  if (sub === undefined) return null;
  return parseWords(sub, second === -1 ? words : words.toSpliced(second, 1));
}

/**
 * Index of the word that names a command; -1 when there is none: global flags may stand before it,
 * any other flag belongs to the command that is meant by naming none.
 */
export function firstWord(argv: readonly string[]): number {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (!word.startsWith("-") || word === "-") return i;
    const known = GLOBAL_OPTIONS.find((one) => one.flag === word.split("=", 1)[0]);
    if (known === undefined) return -1;
    if (known.value !== undefined && known.flag === word) i += 1;
  }
  return -1;
}

function parseWords(command: Command, words: readonly string[]): Parsed | null {
  const known = [...(command.options ?? []), ...GLOBAL_OPTIONS];
  const options: Record<string, string[]> = {};
  const given: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "--") {
      given.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      given.push(word);
      continue;
    }
    const read = readOption(known, word, words[i + 1]);
    if (read === null) return null;
    // A switch given twice is the same switch.
    if (read.isSwitch) options[read.flag] = [""];
    else (options[read.flag] ??= []).push(read.value);
    if (read.next) i += 1;
  }
  const placed = place(command.args ?? [], given);
  return placed === null ? null : { command, input: { ...placed, options } };
}

function readOption(
  known: readonly Option[],
  word: string,
  next: string | undefined,
): { flag: string; value: string; isSwitch: boolean; next: boolean } | null {
  const equals = word.indexOf("=");
  const flag = equals === -1 ? word : word.slice(0, equals);
  const option = known.find((one) => one.flag === flag);
  if (option === undefined) return null;
  const isSwitch = option.value === undefined;
  if (isSwitch) return equals === -1 ? { flag, value: "", isSwitch, next: false } : null;
  if (equals !== -1) return { flag, value: word.slice(equals + 1), isSwitch, next: false };
  // A value that looks like a flag is more likely a forgotten value: the grammar decides.
  if (next === undefined || next.startsWith("-")) return null;
  return { flag, value: next, isSwitch, next: true };
}

function place(
  args: readonly Arg[],
  given: readonly string[],
): Pick<Input, "args" | "rest"> | null {
  const placed: Record<string, string> = {};
  for (const [i, arg] of args.entries()) {
    const value = given[i];
    if (value === undefined) {
      if (arg.required === true) return null;
      continue;
    }
    if (arg.rest === true) return { args: { ...placed, [arg.name]: value }, rest: given.slice(i) };
    placed[arg.name] = value;
  }
  return given.length > args.length ? null : { args: placed, rest: [] };
}
