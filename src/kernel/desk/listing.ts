import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Grant } from "../../contracts/config.ts";
import type { Failure } from "../../contracts/outcome.ts";
import { LIMITS } from "../../std/limits.ts";
import { voids } from "../../gate/endorse.ts";
import { handlesIn } from "../../tools/handles.ts";
import type { Reach, Wanted } from "../../tools/tool-host.ts";
import type { Vault } from "../../vault/vault.ts";
import { isAsSeen } from "../skills/seen.ts";
import { destinationOf } from "../standing.ts";
import type { World } from "../world.ts";

/** What listing needs. */
interface Desk extends Pick<World, "fetch" | "lend" | "guard" | "clock" | "grants"> {
  readonly arrangement: Arrangement;
  readonly vault: Pick<Vault, "get">;
}

/**
 * How a server behind HTTP is asked what tools it has, when there is no run to ask in: only where
 * its own grant names its address. A secret goes along only while the server is set up as it was
 * when that grant was given, and to the hosts it is bound to, as everywhere.
 */
export function listing(desk: Desk): (skill: string) => Reach {
  return (skill) => async (wanted) => {
    const host = hostOf(wanted);
    const grant = grantNaming(desk, skill, host);
    if (wanted.kind === "permit" || host === null || grant === undefined) {
      const place = host ?? "its address";
      return refused(`No grant of ${skill} names ${place}`, skill, host);
    }
    const isLogin = wanted.kind === "secret";
    const secrets = isLogin ? [wanted.name] : handlesIn(Object.values(wanted.headers));
    if (secrets.length > 0 && !isAsSeen(skill, grant.seen, desk.arrangement, desk.vault)) {
      return refused(`${skill} is not what was granted, and would get a secret`, skill, host);
    }
    await desk.guard.ready();
    const signal = AbortSignal.timeout(LIMITS.fetchMs);
    if (isLogin) {
      const renewing = { privateOk: [host], signal };
      const failed = await desk.lend(wanted.name, { host, renewing });
      return failed ? { ok: false, failure: failed } : { ok: true, value: null };
    }
    const result = await desk.fetch(wanted, { privateOk: [host], secrets }, signal);
    // What a server says of its tools goes into prompts, and it was told a secret.
    const { value } = desk.guard.clean(result);
    return "code" in value ? { ok: false, failure: value } : { ok: true, value: { ...value } };
  };
}

/** Where it would be sent: a request, or what gets the next token of a login. */
function hostOf(wanted: Wanted): string | null {
  if (wanted.kind === "secret") return wanted.renew ? wanted.host : null;
  return wanted.kind === "fetch" ? destinationOf(wanted.url) : null;
}

function grantNaming(desk: Desk, skill: string, host: string | null): Grant | undefined {
  const now = desk.clock.now();
  return desk
    .grants()
    .find(
      (grant) =>
        grant.skill === skill &&
        grant.scopes.includes(`net:${host ?? ""}`) &&
        voids(grant, { now, skillHash: grant.hash, run: "" }).length === 0,
    );
}

function refused(
  why: string,
  skill: string,
  host: string | null,
): { readonly ok: false; readonly failure: Failure } {
  const message = `${why}, so it was not asked for its tools.`;
  const next = `Grant it: nanos grant add ${skill} --net ${host ?? "HOST:PORT"}`;
  return { ok: false, failure: { code: "mcp.not_granted", message, next } };
}
