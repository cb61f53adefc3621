import { Done, KeyList } from "../../contracts/http/cockpit.ts";
import { Refusal } from "../refusal.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/** Who may ask over the network. A key is made in a terminal alone, where it is shown once. */
export const KEYS: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/keys",
    summary: "keys, how far each reaches, and what was used of it",
    needs: "operator",
    takes: null,
    gives: KeyList,
    handle: async ({ nanos }) => ({ body: { data: await nanos.keys.list() } }),
  }),
  route({
    method: "DELETE",
    path: "/v1/keys/{id}",
    summary: "voids a key and stops what runs with it",
    needs: "operator",
    takes: null,
    gives: Done,
    handle: end,
  }),
];

async function end({ nanos, params }: Call<unknown>): Promise<Reply> {
  const { id = "" } = params;
  const all = await nanos.keys.list();
  if (!all.some((key) => key.id === id)) {
    throw new Refusal("http.not_found", "There is no such key.", "See GET /v1/keys.");
  }
  await nanos.keys.rm(id);
  return { body: { id } };
}
