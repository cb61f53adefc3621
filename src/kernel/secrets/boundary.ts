import type { Failure } from "../../contracts/outcome.ts";
import type { Clock } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import type { Secrets } from "../../home/secrets/secrets.ts";
import { hostFor } from "../../tools/handles.ts";
import type { World } from "../world.ts";
import { openGuard } from "./guard.ts";

/** Where handles become values: requests go out with them, and nothing else of nanos sees one. */
export function boundary(store: Secrets, clock: Clock): Pick<World, "fetch" | "lend" | "guard"> {
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
    lend: async (name, host) => {
      const values = await lentTo(store, [name], host);
      if ("code" in values) return values;
      // Stored since the run began, it has to be known before anybody gets it.
      await guard.ready();
      return null;
    },
  };
}

/** Values of secrets for one host, or a program where that is null; or why one may not go there. */
async function lentTo(
  store: Secrets,
  names: readonly string[],
  host: string | null,
): Promise<ReadonlyMap<string, string> | Failure> {
  const values = new Map<string, string>();
  try {
    for (const name of names) values.set(name, await store.lend(name, host));
    return values;
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    return { code: error.code, message: error.message, next: error.next };
  }
}
