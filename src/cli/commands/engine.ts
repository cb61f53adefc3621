import type {
  CarriedLine,
  RestatePlace,
  ServerUp,
  ServeWish,
  Standing,
} from "../../contracts/engine.ts";
import { NanosError } from "../../std/error.ts";
import { plainText } from "../../std/text.ts";
import { arg, type Command, type Context, type Input, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, paintAll, span } from "../render/line.ts";
import { table } from "../render/table.ts";
import { ready } from "../setup.ts";

const RUN = { name: "RUN", about: "the mission's run", required: true, offers: "runs" } as const;
const NAME = { name: "NAME", about: "local or restate", required: true } as const;

/** `nanos engine`: what carries missions, where, and how many at once. */
export const command: Command = {
  name: "engine",
  summary: "what carries missions: this machine, or a Restate server for many",
  example: "nanos engine list",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "the engine in use, and the missions that have not ended",
      example: "nanos engine list --json",
      run: async (context) => {
        const { engines } = await context.nanos();
        const found = await engines.list();
        await show(context, found, () => listLines(found, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "use",
      summary: "choose the engine new missions are given to",
      example: "nanos engine use local",
      args: [NAME],
      run: async (context, input) => {
        const use = nameOf(input);
        await (await context.nanos()).engines.use(use);
        await show(context, { use }, () => [[span("in use ", "green"), use]]);
        return EXIT.succeeded;
      },
    },
    {
      name: "restate",
      summary: "start the Restate server you installed, until Ctrl-C, or say where one is",
      example: "nanos engine restate",
      options: [
        { flag: "--server", value: "FILE", about: "its program, or where npm put it; on PATH" },
        { flag: "--listen", value: "PORT", about: "first of its three ports; 8080, 9070, 5122" },
        { flag: "--url", value: "URL", about: "one that runs already: its ingress" },
        { flag: "--admin", value: "URL", about: "its admin interface; port 9070 of the same host" },
        { flag: "--port", value: "PORT", about: "loopback port it finds workers on; 9080" },
        { flag: "--address", value: "URL", about: "where it reaches the workers" },
        { flag: "--identity-key", value: "KEY", about: "take only what it signed", many: true },
      ],
      run: async (context, input) => {
        const { engines } = await context.nanos();
        const place = placeIn(input);
        if (place) {
          await engines.restate(place);
          await show(context, { use: "restate", ...place }, () => [
            [span("in use ", "green"), `restate at ${place.url}`],
            [span("nanos engine work carries missions for it", "dim")],
          ]);
          return EXIT.succeeded;
        }
        await untilCtrlC(context, (signal) =>
          engines.serve(wishIn(input), signal, (up) => void show(context, up, () => upLines(up))),
        );
        return EXIT.succeeded;
      },
    },
    {
      name: "move",
      summary: "give a mission of this machine that waits, or was cut off, to Restate",
      example: "nanos engine move r1k3f9x2ab7qz0m restate",
      args: [RUN, NAME],
      run: async (context, input) => {
        const [run, to] = [arg(input, "RUN"), nameOf(input)];
        await (await context.nanos()).engines.move(run, to);
        await show(context, { run, to }, () => [[span("moved ", "green"), `${run} to ${to}`]]);
        return EXIT.succeeded;
      },
    },
    {
      name: "work",
      summary: "carry missions in this terminal, until Ctrl-C",
      example: "nanos engine work",
      run: async (context) => {
        const { terminal, json } = context;
        const nanos = await ready(context);
        terminal.err("carrying missions; Ctrl-C ends it\n");
        await untilCtrlC(context, (signal) =>
          nanos.engines.work(signal, (run, came) => {
            if (json) terminal.out(`${JSON.stringify({ run, came })}\n`);
            else terminal.out(paintAll([`${came.padEnd(9)} ${run}`], terminal.color("out")));
          }),
        );
        return EXIT.succeeded;
      },
    },
  ],
};

async function untilCtrlC(
  { terminal, clock }: Context,
  goesOn: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const forget = terminal.onInterrupt(() => stop.abort());
  // What it waits for keeps no process alive by itself.
  void clock.sleep(LONG_MS, stop.signal);
  try {
    await goesOn(stop.signal);
  } finally {
    forget();
    stop.abort();
  }
}

/** The longest a timer can be. */
const LONG_MS = 2 ** 31 - 1;

function nameOf(input: Input): "local" | "restate" {
  const name = arg(input, "NAME");
  if (name === "local" || name === "restate") return name;
  throw new NanosError("usage.engine", `There is no engine ${name}.`, "It is local or restate.");
}

function wishIn(input: Input): ServeWish {
  const [server, listen] = [option(input, "--server"), option(input, "--listen")];
  return {
    ...(server === undefined ? {} : { server }),
    ...(listen === undefined ? {} : { listen: portOf(listen, 1, 65_533) }),
  };
}

function upLines({ url, admin, identityKey, dir, isKept }: ServerUp): readonly Line[] {
  const named = `nanos engine restate --url ${url} --admin ${admin} --identity-key ${identityKey}`;
  return [
    [span("listens  ", "green"), `${url} and, to be administered, ${admin}`],
    ["signs as ", identityKey],
    ["keeps    ", dir],
    ["next     ", isKept ? "nanos engine use restate" : named],
    [span("Ctrl-C ends it", "dim")],
  ];
}

/** Null where no server is named. */
function placeIn(input: Input): RestatePlace | null {
  const url = option(input, "--url");
  if (url === undefined) return null;
  const at = urlOf(url);
  const address = option(input, "--address");
  const { "--identity-key": identityKeys } = input.options;
  return {
    url: at.href,
    admin: urlOf(option(input, "--admin") ?? `${at.protocol}//${at.hostname}:9070`).href,
    port: portOf(option(input, "--port") ?? "9080"),
    ...(address === undefined ? {} : { address: urlOf(address).href }),
    ...(identityKeys === undefined ? {} : { identityKeys: [...identityKeys] }),
  };
}

function urlOf(text: string): URL {
  const url = URL.parse(text);
  if (url && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new NanosError("usage.url", `${text} is no address.`, "Write http://HOST:PORT.");
}

function portOf(text: string, least = 0, most = 65_535): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= least && port <= most) return port;
  const next = `Give a number from ${least} to ${most}.`;
  throw new NanosError("usage.port", `${text} is no port.`, next);
}

type Found = Awaited<ReturnType<import("../../contracts/engine.ts").Engines["list"]>>;

function listLines({ use, restate, missions }: Found, width: number): readonly Line[] {
  const where = restate === null ? "" : `; restate is at ${restate}`;
  const head: Line = [span("in use ", "green"), `${use}${where}`];
  if (missions.length === 0) return [head, "No mission is under way."];
  const columns = [
    { title: "run", text: ({ run }: CarriedLine) => run, style: () => "bold" as const },
    { title: "engine", text: ({ engine }: CarriedLine) => engine },
    { title: "state", text: stateText },
    { title: "in this home", text: homeText },
  ];
  return [head, ...table(columns, missions, width)];
}

function homeText({ engine, events }: CarriedLine): string {
  return engine === "local" ? `${events} events` : `a copy: ${events} events`;
}

function stateText({ standing, elsewhere }: CarriedLine): string {
  if (elsewhere !== undefined)
    return `${stateIn(standing)}; carried in ${plainText(elsewhere)} alone`;
  return stateIn(standing);
}

function stateIn(standing: Standing): string {
  switch (standing.state) {
    case "waiting":
      return standing.signals.length === 0 ? "waits for its time" : "waits for an answer";
    case "blocked":
      return `blocked: ${standing.why.message} ${standing.why.next ?? ""}`;
    default:
      return standing.state;
  }
}
