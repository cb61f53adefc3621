import type { House } from "../command.ts";
import type { Terminal } from "../terminal.ts";
import { runApp } from "../app.ts";
import { type Calls, type Script, scriptedHouse } from "./scripted-nanos.ts";

/** How a command line is run in a test. */
export interface Setting {
  readonly script: Script;
  /** In place of the scripted house: the real one. */
  readonly house?: () => Promise<House>;
  readonly cwd?: string;
  readonly input?: string;
  /** Standard input and both outputs are a terminal, with these answers typed. */
  readonly tty?: { readonly answers?: readonly string[]; readonly keys?: readonly string[] };
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Came {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly log: readonly string[];
}

/** Runs a command line over the scripted house, with everything it wrote kept. */
export async function commandLine(argv: readonly string[], setting: Setting): Promise<Came> {
  const calls: Calls = { log: [] };
  let [out, err] = ["", ""];
  const answers = [...(setting.tty?.answers ?? [])];
  const keys = [...(setting.tty?.keys ?? [])];
  const tty = setting.tty !== undefined;
  const terminal = (noColor: boolean): Terminal => ({
    inTty: tty,
    outTty: tty,
    errTty: tty,
    columns: tty ? (setting.columns ?? 80) : (setting.columns ?? Infinity),
    rows: 30,
    gone: false,
    color: () => tty && !noColor,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    read: () => setting.input ?? "",
    lines: async function* () {
      yield* (setting.input ?? "").split("\n").filter((line) => line !== "");
    },
    question: async (text) => {
      err += text;
      return answers.shift() ?? null;
    },
    hidden: async (text) => {
      err += text;
      return answers.shift() ?? null;
    },
    typed: async (text) => {
      err += text;
      return answers.shift() ?? null;
    },
    key: async () => keys.shift() ?? null,
    onInterrupt: () => () => undefined,
  });
  const code = await runApp({
    argv,
    env: setting.env ?? {},
    cwd: setting.cwd ?? "/w",
    terminal,
    house: setting.house ?? (async () => scriptedHouse(setting.script, calls)),
  });
  return { code, out, err, log: calls.log };
}
