import type { Failure } from "../../contracts/outcome.ts";
import type { Clock } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import { missing, notBound } from "../../home/secrets/refusals.ts";
import type { Secrets } from "../../home/secrets/secrets.ts";
import { hostFor } from "../../tools/handles.ts";
import { tokenOf } from "../../tools/mcp/login/names.ts";
import type { Renewing, World } from "../world.ts";
import { openGuard } from "./guard.ts";

/** What is needed of the store: values, and the hosts they are bound to. */
type Store = Pick<Secrets, "open" | "lend" | "set">;

/** Where handles become values: requests go out with them, and nothing else of nanos sees one. */
export function boundary(store: Store, clock: Clock): Pick<World, "fetch" | "lend" | "guard"> {
  const guard = openGuard(store);
  const renew = renewals(store, clock);
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
      if ("host" in use && use.renewing) {
        const failed = await renew(name, use.host, use.renewing);
        if (failed) return failed;
      }
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

/**
 * Gets the next token of a login and stores it in place of the one there was. Of several runs that
 * find theirs expired one asks; what is kept is good once, and another process may have been faster.
 */
function renewals(
  store: Store,
  clock: Clock,
): (name: string, host: string, how: Renewing) => Promise<Failure | null> {
  const under = new Map<string, Promise<Failure | null>>();
  const act = async (name: string, host: string, how: Renewing): Promise<Failure | null> => {
    const [token, kept] = [tokenOf(name), (await store.open()).get(name)];
    if (token === null || kept === undefined) return failureOf(missing(name));
    const { renewed } = await import("../../tools/mcp/login/renew.ts");
    const came = await renewed({ ...how, kept: kept.value, host, clock });
    const now = (await store.open()).get(name)?.value;
    if (now !== kept.value) return null;
    if ("code" in came) return came;
    const { hosts = [] } = (await store.open()).get(token) ?? {};
    await store.set(name, came.kept, { hosts: kept.hosts });
    await store.set(token, came.token, { hosts });
    return null;
  };
  return (name, host, how) => {
    const running = under.get(name) ?? act(name, host, how).finally(() => under.delete(name));
    under.set(name, running);
    return running;
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
