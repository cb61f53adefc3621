import { resolve } from "node:path";
import type { Nanos, RunRequest } from "../../contracts/nanos.ts";
import type { Beforehand } from "../../contracts/question.ts";
import { messageOf, NanosError } from "../../std/error.ts";
import { nearest } from "../../std/nearest.ts";
import { plainText } from "../../std/text.ts";
import {
  type Command,
  type Context,
  flag,
  type Input,
  numberOf,
  type Option,
  option,
} from "../command.ts";
import { EXIT } from "../exit.ts";
import { followWhole } from "../follow.ts";
import { ready } from "../setup.ts";

/** A flag of all that begins a run. */
export const APPROVAL: Option = {
  flag: "--approval",
  value: "ID",
  about: "a yes given beforehand that it may use",
  many: true,
};

/** Flags that say who answers a request, and what it is held to. */
export const BOUNDS: readonly Option[] = [
  { flag: "--agent", value: "NAME", about: "ask this agent, not the oracle", offers: "agents" },
  { flag: "--model", value: "NAME", about: "use this model for the run", offers: "models" },
  { flag: "--max-cost", value: "DOLLARS", about: "end the run before it costs more" },
  { flag: "--max-calls", value: "N", about: "end the run after N actions" },
  { flag: "--only", value: "SCOPE", about: "reach no more than this: read:./notes", many: true },
  { flag: "--local-only", about: "reach nothing outside this machine" },
];

/** `nanos run`: one request, answered or waiting when it returns. */
export const command: Command = {
  name: "run",
  summary: "one request: real tools, past the gate, written down",
  example: `nanos run "tidy today's notes"`,
  args: [{ name: "TEXT", about: "what to do; - reads it from standard input", rest: true }],
  options: [
    ...BOUNDS,
    {
      flag: "--plan",
      about: "rehearse it first with the model, and answer all it would ask at once",
    },
    { flag: "--image", value: "FILE", about: "an image to look at", many: true, offers: "files" },
    APPROVAL,
  ],
  run: async (context, input) => {
    const images = input.options["--image"]?.map((file) =>
      resolve(context.options.cwd ?? ".", file),
    );
    const request = {
      ...requestOf(textOf(context, input), input),
      ...(images === undefined ? {} : { images }),
    };
    const nanos = await ready(context);
    checkCommand(nanos, request.text);
    if (flag(input, "--plan")) return (await import("../plan.ts")).runPlan(context, nanos, request);
    return followWhole(context, nanos, (hooks) => nanos.run({ ...request, ...hooks }));
  },
};

/** A request from the flags of `run`, also for the commands that stand in for it. */
export function requestOf(text: string, input: Input): RunRequest {
  return { text, ...boundsOf(input), ...approvalsOf(input) };
}

/** Serves whoever started this process on standard input and output, until they go or Ctrl-C. */
export async function overLines(
  { terminal, clock }: Context,
  input: Input,
  serve: (ends: Ends) => Promise<void>,
): Promise<number> {
  const stop = new AbortController();
  const forget = terminal.onInterrupt(() => stop.abort());
  try {
    await serve({
      ...{ clock, bounds: boundsOf(input), lines: terminal.lines(stop.signal) },
      write: (line) => terminal.out(line),
      failed: (error) => terminal.err(`${plainText(messageOf(error))}\n`),
    });
  } finally {
    forget();
  }
  return EXIT.succeeded;
}

/** What a protocol is spoken over, and what holds each of its requests. */
interface Ends extends Pick<Context, "clock"> {
  readonly bounds: ReturnType<typeof boundsOf>;
  readonly lines: ReturnType<Context["terminal"]["lines"]>;
  readonly write: (line: string) => void;
  readonly failed: (error: unknown) => void;
}

/** What the flags of `BOUNDS` say. */
function boundsOf(input: Input): Omit<RunRequest, "text"> {
  const [agent, model] = [option(input, "--agent"), option(input, "--model")];
  const { "--only": only } = input.options;
  const cost = numberOf(input, "--max-cost", false);
  const calls = numberOf(input, "--max-calls", true);
  const budget = {
    ...(cost === undefined ? {} : { cost }),
    ...(calls === undefined ? {} : { calls }),
  };
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(model === undefined ? {} : { model }),
    ...(Object.keys(budget).length === 0 ? {} : { budget }),
    ...(flag(input, "--local-only") ? { localOnly: true } : {}),
    ...(only === undefined ? {} : { within: only }),
  };
}

/** What begins like a command is meant as one. */
function checkCommand({ commands }: Nanos, text: string): void {
  const [, typed] = /^\/([\w-]+(?::[\w-]+)?)(?:\s|$)/u.exec(text) ?? [];
  if (typed === undefined) return;
  const names = commands.flatMap(({ name, skill }) => {
    const own = name.slice(name.indexOf(":") + 1);
    return [own, `${skill}:${own}`];
  });
  if (names.includes(typed)) return;
  const near = nearest(typed, names);
  throw new NanosError(
    "command.unknown",
    `No skill has a command /${typed}.`,
    near === undefined ? "nanos skill list shows skills." : `Did you mean /${near}?`,
  );
}

/** Yeses given beforehand, as named by `--approval`. */
export function approvalsOf({ options }: Input): Beforehand {
  const approvals = options[APPROVAL.flag] ?? [];
  return approvals.length === 0 ? {} : { approvals };
}

function textOf({ terminal }: Context, input: Input): string {
  const words = input.rest.join(" ");
  const text = words === "-" ? terminal.read(MAX_REQUEST) : words;
  if (text.trim() !== "") return text.trim();
  throw new NanosError(
    "usage.text",
    "There is nothing to do: the request is empty.",
    'Say what you want: nanos run "TEXT".',
  );
}

/** Longest request taken from standard input, in bytes. */
const MAX_REQUEST = 1024 * 1024;
