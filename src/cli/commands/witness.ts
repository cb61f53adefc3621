import { readFile, stat, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { EvidenceKeys, TrustedKey } from "../../contracts/evidence.ts";
import { messageOf, NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { arg, type Command, type Context, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { count } from "../render/words.ts";

export const command: Command = {
  name: "witness",
  summary: "have another home sign this one's log, or sign another's",
  example: "nanos witness ask request.txt",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "this home's keys, its witnesses, and the logs witnessed here",
      example: "nanos witness list",
      run: async (context) => {
        const keys = await (await context.nanos()).evidence.keys();
        await show(context, keys, () => keyLines(keys));
        return EXIT.succeeded;
      },
    },
    {
      name: "trust",
      summary: "trust a witness of this log, or a log to be witnessed here, by its key",
      example: "nanos witness trust nanos-witness/2f1c+0a1b2c3d+BKq0...",
      args: [{ name: "KEY", about: "as nanos witness shows it there", required: true }],
      run: async (context, input) => {
        const trusted = await (await context.nanos()).evidence.trust(arg(input, "KEY"));
        const then =
          trusted.is === "witness"
            ? "nanos witness ask FILE makes what it is to sign"
            : "nanos witness sign REQUEST FILE signs what it asks for";
        await show(context, trusted, () => [
          [span("trusted ", "green"), `${trusted.is} ${trusted.name}`],
          [span(then, "dim")],
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "drop",
      summary: "trust a witness or a log no more",
      example: "nanos witness drop nanos-witness/2f1c",
      args: [{ name: "NAME", about: "as nanos witness shows it", required: true }],
      run: async (context, input) => {
        const name = arg(input, "NAME");
        await (await context.nanos()).evidence.drop(name);
        await show(context, { name }, () => [[span("dropped ", "green"), name]]);
        return EXIT.succeeded;
      },
    },
    {
      name: "ask",
      summary: "write what a witness is to sign: the log since it signed last",
      example: "nanos witness ask request.txt",
      args: [{ name: "FILE", about: "where to", required: true, offers: "files" }],
      options: [
        { flag: "--witness", value: "NAME", about: "which, where there are several" },
        { flag: "--from", value: "N", about: "events it says it signed last" },
      ],
      run: async (context, input) => {
        const [file, path] = place(context, arg(input, "FILE"));
        const from = sizeOf(option(input, "--from"));
        const { evidence } = await context.nanos();
        await writeFile(path, await evidence.ask(option(input, "--witness"), from));
        await show(context, { file: path }, () => [
          [span("wrote ", "green"), path],
          [span(`there: nanos witness sign ${file} signed.txt`, "dim")],
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "sign",
      summary: "sign another home's log, where it continues what was signed before",
      example: "nanos witness sign request.txt signed.txt",
      args: [
        {
          name: "REQUEST",
          about: "made by nanos witness ask there",
          required: true,
          offers: "files",
        },
        { name: "FILE", about: "where to", required: true, offers: "files" },
      ],
      run: async (context, input) => {
        const request = await read(context, arg(input, "REQUEST"));
        const [file, path] = place(context, arg(input, "FILE"));
        await writeFile(path, await (await context.nanos()).evidence.cosign(request));
        await show(context, { file: path }, () => [
          [span("signed ", "green"), path],
          [span(`back there: nanos witness take ${file}`, "dim")],
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "take",
      summary: "keep what a witness signed",
      example: "nanos witness take signed.txt",
      args: [{ name: "FILE", about: "what it wrote", required: true, offers: "files" }],
      run: async (context, input) => {
        const text = await read(context, arg(input, "FILE"));
        const taken = await (await context.nanos()).evidence.take(text);
        const by = taken.witnesses.join(", ");
        await show(context, taken, () => [
          [span("kept ", "green"), `${count(taken.size, "event")} signed by ${by}`],
        ]);
        return EXIT.succeeded;
      },
    },
  ],
};

function keyLines({ log, witness, operator, trusted }: EvidenceKeys): readonly Line[] {
  return [
    [span("this log         ", "dim"), log],
    [span("as a witness     ", "dim"), witness],
    [span("operator         ", "dim"), operator],
    ...trusted.map(trustedLine),
    ...(trusted.some(({ is }) => is === "witness")
      ? []
      : [[span("no witness: whoever holds this home could write its log anew", "yellow")] as Line]),
  ];
}

function trustedLine({ name, is, size }: TrustedKey): Line {
  const far = size === 0 ? "signed nothing yet" : `signed ${count(size, "event")}`;
  const what = is === "witness" ? "its witness      " : "witnessed here   ";
  return [span(what, "dim"), span(name, "bold"), `  ${far}`];
}

/** A file as it was named, and as it is found. */
function place({ options }: Context, file: string): readonly [string, string] {
  return [file, resolve(options.cwd ?? ".", file)];
}

async function read(context: Context, file: string): Promise<string> {
  const [, path] = place(context, file);
  try {
    const { size } = await stat(path);
    if (size > 2 * LIMITS.noteTextChars) throw new Error("it is too large to be one");
    return await readFile(path, "utf8");
  } catch (error) {
    const message = `${path} cannot be read: ${messageOf(error)}.`;
    throw new NanosError("usage.file", message, "Name the file that was sent to you.");
  }
}

function sizeOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new NanosError(
    "usage.number",
    `--from takes a whole number, not ${given}.`,
    "For example --from 120.",
  );
}
