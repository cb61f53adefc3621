import { DiffOfArtifact } from "../../contracts/http/cockpit.ts";
import { ArtifactList, ArtifactOut, ArtifactShown, Reviewing } from "../../contracts/http/seeds.ts";
import { PlainText } from "../../contracts/http/wire.ts";
import type { ArtifactLine, ArtifactView } from "../../contracts/artifact.ts";
import { LIMITS } from "../../std/limits.ts";
import { channelOf } from "../door/asker.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/** Results of runs and missions. They are the operator's: each was made for them. */
export const VAULT: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/vault/artifacts",
    summary: "the newest artifacts",
    needs: "operator",
    takes: null,
    gives: ArtifactList,
    handle: async ({ nanos }) => {
      const all = nanos.vault.list({ limit: LIMITS.httpListed });
      return { body: { artifacts: all.map(lineOf) } };
    },
  }),
  route({
    method: "GET",
    path: "/v1/vault/artifacts/{id}",
    summary: "one artifact: who made it, with what, and what was said of it",
    needs: "operator",
    takes: null,
    gives: ArtifactShown,
    handle: async ({ nanos, params }) => ({ body: viewOf(nanos.vault.show(params["id"] ?? "")) }),
  }),
  route({
    method: "GET",
    path: "/v1/vault/artifacts/{id}/content",
    summary: "its bytes, to be kept: no browser shows or runs them",
    needs: "operator",
    takes: null,
    gives: PlainText,
    media: "application/octet-stream",
    handle: content,
  }),
  route({
    method: "GET",
    path: "/v1/vault/artifacts/{id}/diff",
    summary: "what is new in it since the version before, or since ?from=ID",
    needs: "operator",
    takes: null,
    gives: DiffOfArtifact,
    handle: async ({ nanos, params, query }) => {
      const id = params["id"] ?? "";
      const { from, to, changes } = nanos.vault.diff(id, query.get("from") ?? undefined);
      return { body: { from: from?.id ?? null, to: to.id, changes } };
    },
  }),
  route({
    method: "GET",
    path: "/v1/vault/artifacts/{id}/history",
    summary: "every version of it, newest first",
    needs: "operator",
    takes: null,
    gives: ArtifactList,
    handle: async ({ nanos, params }) => ({
      body: { artifacts: nanos.vault.history(params["id"] ?? "").map(lineOf) },
    }),
  }),
  route({
    method: "POST",
    path: "/v1/vault/artifacts/{id}/approve",
    summary: "says that the operator stands behind it",
    needs: "operator",
    takes: Reviewing,
    gives: ArtifactOut,
    handle: (call) => review(call, "approved"),
  }),
  route({
    method: "POST",
    path: "/v1/vault/artifacts/{id}/reject",
    summary: "says that the operator does not",
    needs: "operator",
    takes: Reviewing,
    gives: ArtifactOut,
    handle: (call) => review(call, "rejected"),
  }),
];

/** Anybody may have written them: they are a file to be saved, whatever they look like. */
async function content({ nanos, params }: Call<unknown>): Promise<Reply> {
  const { id } = nanos.vault.show(params["id"] ?? "");
  const headers = { "content-disposition": `attachment; filename="${id}"` };
  return { headers, text: new Uint8Array(nanos.vault.get(id)) };
}

async function review(
  { nanos, key, params, body }: Call<Reviewing>,
  verdict: "approved" | "rejected",
): Promise<Reply> {
  const by = channelOf(key);
  return { body: lineOf(await nanos.vault.review(params["id"] ?? "", verdict, body.why, by)) };
}

function lineOf(line: ArtifactLine): unknown {
  const { id, run, title, type, version, hash, at, status, flagged } = line;
  return { id, run, title, type, version, hash, at, status, flagged };
}

function viewOf(view: ArtifactView): unknown {
  const { bytes, agent, made, previous, review: said } = view;
  return { ...(lineOf(view) as object), bytes, agent, made, previous, review: said };
}
