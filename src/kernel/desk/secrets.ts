import { NanosError } from "../../std/error.ts";
import { nearest } from "../../std/nearest.ts";
import type { Secrets } from "../../contracts/secret.ts";
import type { Secrets as Store } from "../../home/secrets/secrets.ts";
import type { World } from "../world.ts";
import { note } from "./note.ts";

/** The operator's secrets; what is done with them is noted, by name. */
export function secretDesk(
  store: Store,
  { journal, guard }: Pick<World, "journal" | "guard">,
): Secrets {
  return {
    unlock: guard.ready,
    redact: (text) => guard.clean(text).value,
    list: store.list,
    set: async (name, value, { hosts = [], keep } = {}) => {
      const stored = await store.set(name, value, { hosts, ...(keep ? { keep } : {}) });
      await note(journal, {
        kind: "secret.stored",
        name,
        hosts: [...stored.hosts],
        kept: stored.kept,
      });
      return stored;
    },
    rm: async (name) => {
      const names = (await store.list()).map((line) => line.name);
      if (await store.rm(name)) return note(journal, { kind: "secret.removed", name });
      const near = nearest(name, names);
      const next = near ? `Did you mean ${near}?` : "See `nanos secret list`.";
      throw new NanosError("secret.unknown", `There is no secret ${name}.`, next);
    },
  };
}
