import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Nanos } from "../../contracts/nanos.ts";
import { codeOf, messageOf, NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { systemRandom } from "../../std/random.ts";
import { type Command, type Context, flag, type Input, option } from "../command.ts";
import { EXIT } from "../exit.ts";
import { ready } from "../setup.ts";
import { cockpitLink } from "./key.ts";

/** `nanos serve`: the same home behind HTTP, until it is told to stop. */
export const command: Command = {
  name: "serve",
  summary: "answer clients of OpenAI and others over HTTP, each with a key of its own",
  example: "nanos serve --port 8088",
  options: [
    {
      flag: "--port",
      value: "PORT",
      about: "8088 where nothing is said, here or in config; 0 for any that is free",
    },
    { flag: "--host", value: "HOST", about: "127.0.0.1 where nothing is said: this machine alone" },
    { flag: "--name", value: "HOST:PORT", about: "another name clients call it by", many: true },
    { flag: "--tls-cert", value: "FILE", about: "certificate, PEM", offers: "files" },
    { flag: "--tls-key", value: "FILE", about: "its private key, PEM", offers: "files" },
    { flag: "--oauth", about: "programs may ask you for a key of their own, in your browser" },
    { flag: "--plain-http", about: "be reached from elsewhere without TLS, as a proxy has it" },
  ],
  run: async (context, input) => {
    const { terminal, clock } = context;
    placeOf(context, input, {});
    const nanos = await ready(context);
    const place = placeOf(context, input, nanos.server);
    const { serve } = await import("../../server/serve.ts");
    const serving = await serve(
      nanos,
      { clock, random: systemRandom },
      {
        ...place,
        names: input.options["--name"] ?? [],
        plain: flag(input, "--plain-http"),
        oauth: flag(input, "--oauth"),
        log: (line) => terminal.out(`${JSON.stringify(line)}\n`),
      },
    );
    const keys = (await nanos.keys.list()).length;
    // Whoever reads that it listens may tell it to stop at once.
    const stop = stopper(context);
    terminal.err(`listening on ${serving.url}\n`);
    await tellLink(nanos, context, serving.url);
    if (keys === 0) terminal.err("no key yet: nanos key new --agent AGENT makes one\n");
    const watched = watchToo(nanos, context, stop.signal);
    while (!stop.signal.aborted) await clock.sleep(LONG_MS, stop.signal);
    terminal.err("stopping: what is under way comes to its end\n");
    await Promise.all([serving.stop(), watched]);
    return EXIT.succeeded;
  },
};

/** Only to somebody who looks: elsewhere it would be kept in a log. */
async function tellLink(nanos: Nanos, { terminal }: Context, url: string): Promise<void> {
  if (!terminal.errTty) return terminal.err("the cockpit takes a link: nanos key link\n");
  const { secret } = await nanos.keys.link();
  const here = url.replace(/\/\/(?:0\.0\.0\.0|\[::\]):/u, "//127.0.0.1:");
  const minutes = LIMITS.linkMs / 60_000;
  terminal.err(`cockpit, once and within ${minutes} min: ${cockpitLink(here, secret)}\n`);
}

/** What may begin by itself does so here as well, unless another process of this home sees to it. */
async function watchToo(nanos: Nanos, { terminal }: Context, stop: AbortSignal): Promise<void> {
  try {
    await nanos.watch(stop, (fired) => terminal.out(`${JSON.stringify(fired)}\n`));
  } catch (error) {
    terminal.err(`nothing begins by itself here: ${messageOf(error)}\n`);
  }
}

/** Aborts when it is told to stop; told twice, it stops at once. */
function stopper({ terminal }: Context): AbortController {
  const stop = new AbortController();
  terminal.onInterrupt(() => {
    if (stop.signal.aborted) process.exit(EXIT.cancelled);
    stop.abort();
  });
  return stop;
}

/** The longest a timer can be. */
const LONG_MS = 2 ** 31 - 1;

function placeOf(context: Context, input: Input, set: Nanos["server"]) {
  const port = Number(option(input, "--port") ?? set.port ?? 8088);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    const message = `${option(input, "--port")} is no port.`;
    throw new NanosError("usage.port", message, "Give one from 0 to 65535: --port 8088");
  }
  const host = option(input, "--host") ?? set.host ?? "127.0.0.1";
  const [cert, key] = [option(input, "--tls-cert"), option(input, "--tls-key")];
  if ((cert === undefined) !== (key === undefined)) {
    const next = "Give both: --tls-cert FILE --tls-key FILE";
    throw new NanosError("usage.tls", "A certificate goes with its key.", next);
  }
  if (cert === undefined || key === undefined) return { host, port };
  return { host, port, tls: { cert: read(context, cert), key: read(context, key) } };
}

function read({ options }: Context, file: string): string {
  try {
    return readFileSync(resolve(options.cwd ?? ".", file), "utf8");
  } catch (error) {
    const message = `${file} cannot be read (${codeOf(error) || "unknown"}).`;
    throw new NanosError("usage.file", message, "Name a file that is there.");
  }
}
