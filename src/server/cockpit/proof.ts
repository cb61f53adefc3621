import { HOME_CHAIN } from "../../contracts/chain.ts";
import {
  EvidenceShown,
  EvolutionShown,
  Switching,
  TraitShown,
} from "../../contracts/http/cockpit.ts";
import { PlainText } from "../../contracts/http/wire.ts";
import type { Came } from "../../contracts/stage.ts";
import { tarOf } from "../../std/tar.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/** What can be shown to others, and how far the home has come by what is on record. */
export const PROOF_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/evidence",
    summary: "how the journal stands: verified, signed, witnessed; its newest checkpoints and keys",
    needs: "operator",
    takes: null,
    gives: EvidenceShown,
    handle: evidence,
  }),
  route({
    method: "GET",
    path: "/v1/runs/{id}/bundle",
    summary:
      "a run as evidence for strangers, as a tar; with ?redacted=true without what was in it",
    needs: "operator",
    takes: null,
    gives: PlainText,
    media: "application/octet-stream",
    handle: bundle,
  }),
  route({
    method: "GET",
    path: "/v1/steps/{id}/proof",
    summary: "that a step is in the signed log, as c2sp.org/tlog-proof",
    needs: "operator",
    takes: null,
    gives: PlainText,
    media: "text/plain",
    handle: async ({ nanos, params }) => ({
      text: await nanos.evidence.prove(params["id"] ?? ""),
    }),
  }),
  route({
    method: "GET",
    path: "/v1/evolution",
    summary: "stage and traits, and the missions they come from",
    needs: "operator",
    takes: null,
    gives: EvolutionShown,
    handle: evolution,
  }),
  route({
    method: "POST",
    path: "/v1/traits/{name}",
    summary: "switches a trait that was reached on or off",
    needs: "operator",
    takes: Switching,
    gives: TraitShown,
    handle: async ({ nanos, params, body }) => ({
      body: await nanos.traits.set(params["name"] ?? "", body.on),
    }),
  }),
];

async function evidence({ nanos }: Call<unknown>): Promise<Reply> {
  return {
    body: {
      report: nanos.traces.verified(),
      keys: await nanos.evidence.keys(),
      checkpoints: nanos.evidence.points(NEWEST),
    },
  };
}

async function bundle({ nanos, params, query, clock }: Call<unknown>): Promise<Reply> {
  const run = params["id"] ?? "";
  const redacted = query.get("redacted") === "true";
  const files = await nanos.evidence.files(run, { redacted });
  // It is the run's own name by then: there is one of that name.
  const headers = { "content-disposition": `attachment; filename="${run}.tar"` };
  return { headers, text: tarOf(files, clock.now()) };
}

async function evolution({ nanos }: Call<unknown>): Promise<Reply> {
  const { evolution: now, traits } = await nanos.status();
  const lines = nanos.missions.list(NEWEST);
  const came = nanos.traits.came(lines.map(({ run }) => run));
  const stages = nanos.traces.events(HOME_CHAIN).flatMap(({ event: { at, seq }, body }) => {
    if (body?.kind !== "stage.changed") return [];
    const { kind: _, ...rest } = body;
    return [{ at, seq, ...rest }];
  });
  return {
    body: {
      evolution: now,
      traits,
      stages: stages.slice(-NEWEST),
      missions: lines.map(({ run, plan, at, rank }, i) => {
        return { run, plan, at, rank, came: cameWord(came[i] ?? null) };
      }),
    },
  };
}

/** How many of each. */
const NEWEST = 100;

function cameWord(came: Came | null): string | null {
  return came?.counts === "nothing" ? came.why : (came?.counts ?? null);
}
