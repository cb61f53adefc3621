import type { Failure } from "../../contracts/outcome.ts";
import type { Clock } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import { notBound } from "../../home/secrets/refusals.ts";
import type { Secrets } from "../../home/secrets/secrets.ts";
import { hostFor } from "../../tools/handles.ts";
import type { World } from "../world.ts";
import { openGuard } from "./guard.ts";

/** What is needed of the store: values, and the hosts they are bound to. */
type Store = Pick<Secrets, "open" | "lend">;

/** Where handles become values: requests go out with them, and nothing else of nanos sees one. */
export function boundary(store: Store, clock: Clock): Pick<World, "fetch" | "lend" | "guard"> {
  const guard = openGuard(store);
  return {
    guard,
    fetch: async (wanted, allowed, signal) => {
      const { brokerFetch } = await import("../../tools/broker.ts");
      const secrets = await lentTo(store, allowed.secrets, hostFor(wanted.url));
      if ("code" in secrets) return secrets;
      const { privateOk } = allowed;
      return brokerFetch(wanted, { privateOk, secrets, signal, clock });
    },
    lend: async (name, use) => {
      const values = await lentTo(store, [name], "host" in use ? use.host : null);
      if ("code" in values) return values;
      if ("program" in use) {
        const { hosts = [] } = (await store.open()).get(name) ?? {};
        const stray = use.program.find((host) => !hosts.includes(host));
        // One bound to no host is the program's, wherever that reaches.
        if (hosts.length > 0 && stray !== undefined) return failureOf(notBound(name, stray));
      }
      // Stored since the run began, it has to be known before anybody gets it.
      await guard.ready();
      return null;
    },
  };
}

/** Values of secrets for one host, or a program where that is null; or why one may not go there. */
async function lentTo(
  store: Store,
  names: readonly string[],
  host: string | null,
): Promise<ReadonlyMap<string, string> | Failure> {
  const values = new Map<string, string>();
  try {
    for (const name of names) values.set(name, await store.lend(name, host));
    return values;
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    return failureOf(error);
  }
}

function failureOf({ code, message, next }: NanosError): Failure {
  return { code, message, next };
}
