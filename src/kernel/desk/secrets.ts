import { NanosError } from "../../std/error.ts";
import { nearest } from "../../std/nearest.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { SecretLine, Secrets } from "../../contracts/secret.ts";
import type { Secrets as Store } from "../../home/secrets/secrets.ts";
import type { LoginParts } from "../secrets/login.ts";
import type { World } from "../world.ts";
import { note } from "./note.ts";

/** The operator's secrets; what is done with them is noted, by name. */
export function secretDesk(store: Store, world: World, arrangement: Arrangement): Secrets {
  const { journal, guard } = world;
  const stored = async (
    name: string,
    value: string,
    options: Parameters<Store["set"]>[2],
  ): Promise<SecretLine> => {
    const line = await store.set(name, value, options);
    const { hosts, kept } = line;
    await note(journal, { kind: "secret.stored", name, hosts: [...hosts], kept });
    return line;
  };
  const set: LoginParts["set"] = (name, value, hosts) => stored(name, value, { hosts });
  return {
    logIn: async (server, wish) => {
      const { logIn } = await import("../secrets/login.ts");
      const line = await logIn({ world, arrangement, store, set }, server, wish);
      // What could not be asked what it offers can be now.
      await world.facts(true);
      return line;
    },
    unlock: guard.ready,
    redact: (text) => guard.clean(text).value,
    list: store.list,
    set: (name, value, { hosts = [], keep } = {}) =>
      stored(name, value, { hosts, ...(keep ? { keep } : {}) }),
    rm: async (name) => {
      const names = (await store.list()).map((line) => line.name);
      if (await store.rm(name)) return note(journal, { kind: "secret.removed", name });
      const near = nearest(name, names);
      const next = near ? `Did you mean ${near}?` : "See `nanos secret list`.";
      throw new NanosError("secret.unknown", `There is no secret ${name}.`, next);
    },
  };
}
