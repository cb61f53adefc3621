import { NanosError } from "../../std/error.ts";
import type { Grant } from "../../contracts/config.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { GrantOptions, Grants, Skills } from "../../contracts/skill.ts";
import type { Journal } from "../../journal/journal.ts";
import type { Vault } from "../../vault/vault.ts";
import { topRun } from "../views/traces.ts";
import { firstOf } from "../flow/past.ts";
import type { Facts } from "../world.ts";
import { type AttachDesk, attaching } from "../skills/attach.ts";
import { note } from "./note.ts";
import { grantable, keepSeen, lookAt, wishScopes } from "../skills/seen.ts";

/** Grants with the list kept at hand, as every judgement looks at it. */
export interface GrantDesk {
  readonly grants: Grants;
  readonly attaching: Pick<Skills, "attach" | "detach">;
  current(): readonly Grant[];
  /** Reads them anew, after another process changed them. */
  reload(): Promise<void>;
}

interface Desk extends Pick<AttachDesk, "arrangement" | "store" | "ground"> {
  readonly journal: Journal;
  readonly vault: Vault;
  /** `again` asks servers anew that could not be asked before. */
  readonly facts: (again?: boolean) => Promise<Facts>;
  /** Hash of what goes by a name, as it would be started. */
  readonly code: (name: string) => string | null;
}

/** Opens the grants of one workspace. */
export async function grantDesk(desk: Desk): Promise<GrantDesk> {
  const { arrangement, store, journal } = desk;
  let current = await store.list();
  const reload = async (): Promise<void> => {
    current = await store.list();
  };
  const record = async (body: EventBody): Promise<void> => {
    await note(journal, body);
    await reload();
    await journal.wake("grants");
  };
  const give = async (name: string, wish: GrantOptions): Promise<Grant> => {
    const { grant, body } = await giveGrant(desk, name, wish);
    await record(body);
    return grant;
  };
  const add = async (name: string, wish: GrantOptions = {}): Promise<Grant> => {
    checkRun(journal, wish.run);
    const grant = await give(name, wish);
    const unasked = grant.hash === null && Object.hasOwn(arrangement.mcpServers, name);
    if (!unasked && wish.unconfined === undefined) return grant;
    // Now that it may be reached or started it can be asked what it offers; the yes is bound to that.
    await desk.facts(true);
    const { hash: _shown, ...again } = wish;
    return give(name, again);
  };
  return {
    current: () => current,
    reload,
    attaching: attaching({ ...desk, record, add }),
    grants: {
      list: () => current,
      add,
      revoke: async (name) => {
        const known = current.some(({ skill }) => skill === name);
        if (!known && !grantable(arrangement, await desk.facts()).includes(name)) return false;
        const gone = await store.revoke(name);
        const scopes = gone?.flatMap((grant) => grant.scopes) ?? [];
        if (gone) await record({ kind: "grant.revoked", skill: name, scopes });
        return true;
      },
    },
  };
}

/** Stores the yes, bound to what is there now and with what was seen of it. */
async function giveGrant(
  { arrangement, facts, vault, store, code }: Desk,
  name: string,
  wish: GrantOptions,
): Promise<{ grant: Grant; body: EventBody }> {
  const { until, run, hash: shown } = wish;
  const known = await facts();
  const look = lookAt(name, arrangement, known);
  const { hash } = look;
  if (shown !== undefined && shown !== hash) {
    const message = `${name} is no longer what was shown; nothing was granted.`;
    throw new NanosError("grant.changed", message, `Look again: nanos skill show ${name}`);
  }
  const scopes = wishScopes(wish, known);
  const extra = {
    ...(until === undefined ? {} : { expires: until }),
    ...(run === undefined ? {} : { run: topRun(run) }),
    ...(wish.unconfined && { unconfined: markOf(name, code(name)) }),
    seen: keepSeen(look, vault),
  };
  const grant = await store.add({ skill: name, scopes, hash, ...extra });
  return { grant, body: { kind: "grant.given", skill: name, scopes, hash, ...extra } };
}

/** What may run held by nothing must be there, whole, to be bound to. */
function markOf(name: string, code: string | null): string {
  if (code !== null) return code;
  throw new NanosError(
    "grant.nothing_to_mark",
    `${name} starts nothing that could be marked.`,
    "Leave --unconfined away.",
  );
}

/** A yes for a run that is over would be a yes to nothing. */
function checkRun(journal: Journal, given: string | undefined): void {
  if (given === undefined) return;
  const run = topRun(given);
  if (firstOf(journal, run)?.event.kind !== "run.started") {
    throw new NanosError("run.unknown", `There is no run ${run}.`, "See `nanos trace list`.");
  }
  if (journal.head(run)?.kind !== "run.ended") return;
  throw new NanosError(
    "grant.run_ended",
    `Run ${run} has ended, and a grant for it would be for nothing.`,
    "Leave --run away, or name one that goes on: nanos trace list",
  );
}
