import type { Clock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Grant } from "../../contracts/config.ts";
import { voids } from "../../gate/endorse.ts";
import type { Granted, Wanted } from "../../tools/tool-host.ts";
import { destinationOf } from "../standing.ts";

/** A server behind HTTP is asked what tools it has only where a grant names its address. */
export async function listGranted(
  wanted: Wanted,
  grants: readonly Grant[],
  clock: Clock,
): Promise<Granted> {
  const host = wanted.kind === "fetch" ? destinationOf(wanted.url) : null;
  const now = clock.now();
  const granted = grants.some(
    (grant) =>
      grant.scopes.includes(`net:${host ?? ""}`) &&
      voids(grant, { now, skillHash: grant.hash, run: "" }).length === 0,
  );
  if (wanted.kind !== "fetch" || host === null || !granted) {
    const message = `No grant names ${host ?? "its address"}, so it was not asked for its tools.`;
    const next = `Grant it: nanos grant add SERVER --net ${host ?? "HOST:PORT"}`;
    return { ok: false, failure: { code: "mcp.not_granted", message, next } };
  }
  const { brokerFetch } = await import("../../tools/broker.ts");
  const limit = AbortSignal.timeout(LIMITS.fetchMs);
  const result = await brokerFetch(wanted, {
    privateOk: [host],
    signal: limit,
    clock,
  });
  return "code" in result ? { ok: false, failure: result } : { ok: true, value: { ...result } };
}
