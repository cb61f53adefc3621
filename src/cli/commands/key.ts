import type { Key, Keys, KeyWish } from "../../contracts/http/key.ts";
import { NanosError } from "../../std/error.ts";
import {
  arg,
  type Command,
  type Context,
  dayIn,
  flag,
  type Input,
  numberOf,
  option,
  show,
} from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { table } from "../render/table.ts";
import { clockTime } from "../render/words.ts";

/** What all runs of a key together may use. */
const MOST = [
  { when: "total", what: "cost", says: "cost in its life", value: "DOLLARS" },
  { when: "total", what: "tokens", says: "use of tokens in its life", value: "N" },
  { when: "total", what: "calls", says: "do in its life", value: "N" },
  { when: "day", what: "cost", says: "cost in a day", value: "DOLLARS" },
  { when: "day", what: "tokens", says: "use of tokens in a day", value: "N" },
  { when: "day", what: "calls", says: "do in a day", value: "N" },
].map(({ when, what, says, value }) => ({
  ...{ when, what, value, flag: `--${when}-${what}` },
  about: `the most all its runs may ${says}`,
}));

export const command: Command = {
  name: "key",
  summary: "keys clients show to nanos serve: whom each may ask, and how far that reaches",
  example: "nanos key new --agent oracle --scope read:./notes --max-calls 20",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "all keys of this workspace; what clients show is kept nowhere",
      example: "nanos key list --json",
      run: async (context) => {
        const keys = await (await context.nanos()).keys.list();
        const now = context.clock.now();
        await show(context, keys, () => keyTable(keys, now, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "new",
      summary: "make a key for one agent, or the operator's own; it is shown this once",
      example: "nanos key new --agent oracle --rate 10/min --expires 2030-12-31",
      options: [
        { flag: "--agent", value: "A", about: "the one agent it may ask", offers: "agents" },
        { flag: "--operator", about: "your own: asks any agent, answers asks, runs missions" },
        { flag: "--scope", value: "SCOPE", about: "reach no more than this", many: true },
        { flag: "--max-cost", value: "DOLLARS", about: "the most each of its runs may cost" },
        { flag: "--max-calls", value: "N", about: "the most each of its runs may do" },
        ...MOST.map(({ flag: name, value, about }) => ({ flag: name, value, about })),
        { flag: "--rate", value: "N/min", about: "requests a minute; 60 where nothing is said" },
        { flag: "--expires", value: "DATE", about: "void after that day, like 2030-12-31" },
      ],
      run: make,
    },
    {
      name: "link",
      summary: "make a link by which your browser comes into the cockpit of nanos serve, once",
      example: "nanos key link --url http://127.0.0.1:8088",
      options: [{ flag: "--url", value: "URL", about: "where it listens; http://127.0.0.1:8088" }],
      run: link,
    },
    {
      name: "rm",
      summary: "void a key, and stop what runs with it",
      example: "nanos key rm k1hc9d3tq2m8xyz",
      args: [{ name: "ID", about: "as nanos key list shows it", required: true }],
      run: async (context, input) => {
        const id = arg(input, "ID");
        await (await context.nanos()).keys.rm(id);
        await show(context, { id }, () => [[span("removed ", "green"), id]]);
        return EXIT.succeeded;
      },
    },
  ],
};

/** The limits of all runs together, as they were typed. */
function mostIn(input: Input, when: "total" | "day"): Pick<KeyWish, "total" | "day"> {
  const given = MOST.filter((one) => one.when === when).flatMap(({ flag: name, what }) => {
    const value = numberOf(input, name, what !== "cost");
    return value === undefined ? [] : [[what, value] as const];
  });
  return given.length === 0 ? {} : { [when]: Object.fromEntries(given) };
}

async function make(context: Context, input: Input): Promise<number> {
  const wish = wishOf(context, input);
  const { key, secret } = await (await context.nanos()).keys.make(wish);
  await show(context, { ...key, key: secret }, () => [
    [span("made ", "green"), `${key.id} for ${whom(key)}`],
    [span(secret, "bold")],
    [span("It is shown this once. Clients send it as Authorization: Bearer KEY.", "dim")],
  ]);
  return EXIT.succeeded;
}

async function link(context: Context, input: Input): Promise<number> {
  const url = option(input, "--url") ?? "http://127.0.0.1:8088";
  if (!URL.canParse(url) || !/^https?:/u.test(url)) {
    const next = "Give where nanos serve listens: --url http://127.0.0.1:8088";
    throw new NanosError("usage.url", `${url} is no address of a server.`, next);
  }
  const { secret, expires } = await (await context.nanos()).keys.link();
  const to = cockpitLink(url, secret);
  await show(context, { link: to, expires }, () => [
    [span(to, "bold")],
    [span(`Good once, until ${clockTime(expires)}. Whoever opens it is you.`, "dim")],
  ]);
  return EXIT.succeeded;
}

/** Where a link leads. What is behind the # stays in the browser. */
export function cockpitLink(url: string, secret: string): string {
  return new URL(`/landing#${secret}`, url).href;
}

function wishOf(context: Context, input: Input): KeyWish {
  const agent = option(input, "--agent");
  const isOperator = flag(input, "--operator");
  if ((agent === undefined) !== isOperator) {
    throw new NanosError(
      "usage.key",
      "A key is for one agent, or it is the operator's own.",
      "Say which: nanos key new --agent AGENT, or nanos key new --operator.",
    );
  }
  const { "--scope": scopes } = input.options;
  const cost = numberOf(input, "--max-cost", false);
  const calls = numberOf(input, "--max-calls", true);
  const rate = rateOf(option(input, "--rate"));
  const expires = dayIn(input, "--expires", context.clock.now());
  return {
    agent: agent ?? null,
    budget: { ...(cost === undefined ? {} : { cost }), ...(calls === undefined ? {} : { calls }) },
    ...mostIn(input, "total"),
    ...mostIn(input, "day"),
    ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    ...(rate === undefined ? {} : { rate }),
    ...(expires === undefined ? {} : { expires }),
  };
}

function rateOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const [, digits = ""] = /^([1-9]\d{0,6})\/min$/u.exec(given) ?? [];
  if (digits !== "") return Number(digits);
  throw new NanosError("usage.rate", `${given} is no rate.`, "Write it as --rate 10/min.");
}

function whom({ agent, client }: Key): string {
  return `${agent ?? "the operator"}${client === undefined ? "" : `, for ${client}`}`;
}

/** Keys as a table; one that is over says so. */
function keyTable(keys: readonly KeyLine[], now: number, width: number): readonly Line[] {
  if (keys.length === 0) return ["No keys. nanos key new --agent AGENT makes one."];
  return table(
    [
      { title: "key", text: ({ id }) => id, style: () => "bold" },
      { title: "asks", text: whom },
      { title: "until", text: ({ expires }) => untilWord(expires, now) },
      { title: "rate", text: ({ rate }) => `${rate}/min` },
      { title: "used", text: usedWords },
      { title: "reach", text: ({ scopes }) => scopes?.join(" ") ?? "what its agent may" },
    ],
    keys,
    width,
  );
}

type KeyLine = Awaited<ReturnType<Keys["list"]>>[number];

/** What it used of what it may use: `3/10 calls today`. */
function usedWords(key: KeyLine): string {
  const words = MOST.flatMap(({ when, what }) => {
    const [time, unit] = [when as "total" | "day", what as "calls" | "tokens" | "cost"];
    const most = key[time]?.[unit];
    if (most === undefined) return [];
    const used = key.used[time][unit];
    const name = unit === "cost" ? "$" : ` ${unit}`;
    return [`${Number(used.toFixed(4))}/${most}${name}${time === "day" ? " today" : ""}`];
  });
  return words.join(", ") || "no limit";
}

function untilWord(expires: number | undefined, now: number): string {
  if (expires === undefined) return "no end";
  return expires <= now ? "over" : clockTime(expires);
}
