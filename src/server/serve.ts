import type { Key } from "../contracts/http/key.ts";
import type { Nanos } from "../contracts/nanos.ts";
import type { Clock } from "../std/clock.ts";
import { NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import type { Random } from "../std/random.ts";
import { appOf, type LogLine } from "./app.ts";
import { ratesHere, ratesIn } from "./door/rates.ts";
import { isLoopback, namesOf } from "./door/guard.ts";
import { openCarried } from "./live.ts";
import { listen, type Place } from "./listen.ts";
import { keyService } from "./mcp/carrying.ts";
import { openMetrics } from "./metrics.ts";

export interface ServeOptions extends Place {
  /** Other names clients call it by. */
  readonly names: readonly string[];
  /** True where the operator wants it reached from elsewhere without TLS. */
  readonly plain: boolean;
  /** True where programs may ask the operator for keys, in the operator's browser. */
  readonly oauth?: boolean;
  readonly log: (line: LogLine) => void;
}

/** A server that is up. */
export interface Serving {
  readonly url: string;
  /**
   * Begins nothing new, waits for what is under way as long as it may take, and then stops. A run
   * that has not ended by then is interrupted, and goes on with `nanos resume`; whoever waits for it
   * is told so.
   */
  stop(): Promise<void>;
}

/**
 * Puts a home behind HTTP.
 *
 * @throws NanosError `serve.no_key`, `serve.no_tls`, `serve.no_rates`, `serve.port_taken`,
 * `serve.cannot_listen`.
 */
export async function serve(
  nanos: Nanos,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  options: ServeOptions,
): Promise<Serving> {
  await checkReach(nanos, options);
  const { host, tls, log, oauth = false } = options;
  const secure = tls !== undefined;
  // Which port it is shows only once it listens, and nobody asks before that.
  let names = namesOf({ host, port: options.port, secure, also: options.names });
  const carried = openCarried();
  const metrics = openMetrics();
  const { rates: url } = nanos.server;
  const rates = url === undefined ? ratesHere(clock) : await ratesIn(url, clock);
  const speak = (key: Key): ReturnType<typeof keyService> =>
    keyService({ nanos, clock, carried }, key);
  const app = appOf({
    ...{ nanos, carried, clock, random, log, metrics, rates, speak, oauth },
    names: () => names,
  });
  const listening = listen(options, app);
  const { port } = listening;
  names = namesOf({ host, port, secure, also: options.names });
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    url: `${secure ? "https" : "http"}://${name}:${port}`,
    stop: async () => {
      app.drain();
      const late = new AbortController();
      const patience = clock.sleep(LIMITS.httpDrainMs, late.signal);
      const told = carried.idle().then(app.hush);
      await Promise.race([Promise.all([listening.close(), told]), patience]);
      late.abort();
      app.leave();
      await Promise.race([listening.close(), clock.sleep(LIMITS.httpLeaveMs)]);
      listening.cut();
      rates.close();
    },
  };
}

/** What can be reached from other machines has to know whom it lets in, over a line nobody reads. */
async function checkReach(nanos: Nanos, { host, tls, plain }: ServeOptions): Promise<void> {
  if (isLoopback(host)) return;
  if ((await nanos.keys.list()).length === 0) {
    throw new NanosError(
      "serve.no_key",
      `${host} can be reached from other machines, and there is no key yet.`,
      "Make one first: nanos key new --agent AGENT",
    );
  }
  if (tls !== undefined || plain) return;
  throw new NanosError(
    "serve.no_tls",
    `${host} can be reached from other machines, and keys would go over the line readable.`,
    "Give a certificate: --tls-cert FILE --tls-key FILE; or say --plain-http where a proxy has one.",
  );
}
