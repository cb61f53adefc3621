import { AnyJson, Echo, Health, OpenApi, Ready } from "../../contracts/http/wire.ts";
import { NanosError } from "../../std/error.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/** What a probe asks, and what says which routes there are. */
export const OPEN: readonly Route[] = [
  route({
    method: "GET",
    path: "/health",
    summary: "whether the server is alive",
    needs: "nothing",
    takes: null,
    gives: Health,
    handle: async () => ({ body: { status: "ok", service: SERVICE } }),
  }),
  route({
    method: "GET",
    path: "/ready",
    summary: "whether store and model can be had",
    needs: "nothing",
    takes: null,
    gives: Ready,
    handle: ready,
  }),
  route({
    method: "POST",
    path: "/echo",
    summary: "says again what it is sent",
    needs: "key",
    takes: AnyJson,
    gives: Echo,
    handle: async ({ body }) => ({ body: { echo: body } }),
  }),
  route({
    method: "GET",
    path: "/openapi.json",
    summary: "every route, as OpenAPI 3.1",
    needs: "key",
    takes: null,
    gives: OpenApi,
    handle: async ({ openapi }) => ({ body: openapi() }),
  }),
];

/** The name a probe of the former server looks for. */
const SERVICE = "orchestrators_v2";

async function ready({ nanos, draining }: Call<unknown>): Promise<Reply> {
  const reason = draining ? "http.draining" : isOff(nanos) ? "disabled" : await whyNot(nanos);
  return reason === null
    ? { body: { status: "ready", service: SERVICE } }
    : { status: 503, body: { status: "unready", service: SERVICE, reason } };
}

function isOff({ server }: Call<unknown>["nanos"]): boolean {
  return server.enabled === false;
}

async function whyNot(nanos: Call<unknown>["nanos"]): Promise<string | null> {
  try {
    nanos.traces.list({ limit: 1 });
    return (await nanos.models.ready())?.code ?? null;
  } catch (error) {
    return error instanceof NanosError ? error.code : "http.internal";
  }
}
