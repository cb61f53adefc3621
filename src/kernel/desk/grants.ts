import { NanosError } from "../../std/error.ts";
import { nearest } from "../../std/nearest.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Grant } from "../../contracts/config.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { Grants } from "../../contracts/nanos.ts";
import { parseAddress } from "../../std/address.ts";
import type { GrantWish } from "../../home/config.ts";
import type { Journal } from "../../journal/journal.ts";
import { note } from "./note.ts";

/** Grants with the list kept at hand, as every judgement looks at it. */
export interface GrantDesk {
  readonly grants: Grants;
  current(): readonly Grant[];
  /** Reads them anew, after another process changed them. */
  reload(): Promise<void>;
}

/** Opens the grants of one workspace. */
export async function grantDesk(given: {
  arrangement: Arrangement;
  store: {
    list(): Promise<readonly Grant[]>;
    add(wish: GrantWish): Promise<Grant>;
    revoke(skill: string): Promise<Grant | null>;
  };
  journal: Journal;
  /** Skill names of bare tools, which a grant may name too. */
  bare: () => Promise<readonly string[]>;
}): Promise<GrantDesk> {
  const { arrangement, store, journal, bare } = given;
  let current = await store.list();
  const record = async (body: EventBody): Promise<void> => {
    await note(journal, body);
    current = await store.list();
    await journal.wake("grants");
  };
  return {
    current: () => current,
    grants: {
      list: () => current,
      add: async (name, { net = [], until }) => {
        const skill = arrangement.skills.get(name);
        const others = [...Object.keys(arrangement.mcpServers), ...(skill ? [] : await bare())];
        if (!skill && !others.includes(name)) throw unknownSkill(name, arrangement, others);
        const scopes = net.map(netScope);
        const expires = until === undefined ? {} : { expires: until };
        const hash = skill?.hash ?? null;
        const grant = await store.add({ skill: name, scopes, hash, ...expires });
        await record({ kind: "grant.given", skill: name, scopes, hash, ...expires });
        return grant;
      },
      revoke: async (name) => {
        const gone = await store.revoke(name);
        if (gone) await record({ kind: "grant.revoked", skill: name, scopes: [...gone.scopes] });
        return gone !== null;
      },
    },
    reload: async () => {
      current = await store.list();
    },
  };
}

function netScope(value: string): string {
  const address = parseAddress(value);
  if (address) return `net:${address.text}`;
  throw new NanosError("grant.bad_scope", `${value} is no destination.`, "Write it as HOST:PORT.");
}

function unknownSkill(
  name: string,
  arrangement: Arrangement,
  others: readonly string[],
): NanosError {
  const names = [...arrangement.skills.keys(), ...others];
  const near = nearest(name, names);
  const next = near ? `Did you mean ${near}?` : `Skills: ${names.join(", ") || "none"}.`;
  return new NanosError("skill.unknown", `There is no skill ${name}.`, next);
}
