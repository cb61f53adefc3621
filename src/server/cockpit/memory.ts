import {
  Done,
  Forgetting,
  ForgottenShown,
  Inbox,
  NoteShown,
  Remembered,
  Vouching,
} from "../../contracts/http/cockpit.ts";
import { RunBegun } from "../../contracts/http/runs.ts";
import type { Candidate, NoteLine } from "../../contracts/memory.ts";
import { type Call, type Route, route } from "../route.ts";

/** What waits to be remembered, and the operator's word on it and on what is. */
export const MEMORY: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/memory/inbox",
    summary: "what waits to be remembered, oldest first",
    needs: "operator",
    takes: null,
    gives: Inbox,
    handle: async ({ nanos }) => ({ body: { data: nanos.memory.inbox() } }),
  }),
  route({
    method: "GET",
    path: "/v1/memory/{id}",
    summary: "one note with who had a hand in it, or one that waits",
    needs: "operator",
    takes: null,
    gives: Remembered,
    handle: async (call) => ({ body: shown(await call.nanos.memory.show(idOf(call))) }),
  }),
  route({
    method: "POST",
    path: "/v1/memory/{id}/accept",
    summary: "makes a note of what waits, past the same gate as any other",
    needs: "operator",
    takes: null,
    gives: RunBegun,
    handle: async (call) => {
      const { nanos, carried, key } = call;
      const accept = nanos.memory.accept;
      const { run } = await carried.carry(key, (hooks) => accept(idOf(call), hooks));
      return { status: 202, body: { run, state: "running" } };
    },
  }),
  route({
    method: "POST",
    path: "/v1/memory/{id}/reject",
    summary: "drops what waits",
    needs: "operator",
    takes: null,
    gives: Done,
    handle: async (call) => {
      await call.nanos.memory.reject(idOf(call));
      return { body: { id: idOf(call) } };
    },
  }),
  route({
    method: "POST",
    path: "/v1/memory/{id}/vouch",
    summary: "says that the operator stands behind a note written by hand, as it was shown",
    needs: "operator",
    takes: Vouching,
    gives: NoteShown,
    handle: async (call) => ({
      body: shown(await call.nanos.memory.vouch(idOf(call), call.body.hash)),
    }),
  }),
  route({
    method: "POST",
    path: "/v1/memory/{id}/forget",
    summary: "takes back what is kept under this name, also where the journal holds it",
    needs: "operator",
    takes: Forgetting,
    gives: ForgottenShown,
    handle: async (call) => ({
      body: await call.nanos.memory.forget(idOf(call), call.body.rehearse),
    }),
  }),
];

const idOf = ({ params }: Pick<Call<unknown>, "params">): string => params["id"] ?? "";

/** Without where a note lies on this machine. */
function shown(one: NoteLine | Candidate): unknown {
  if (!("file" in one)) return one;
  const { file: _, ...rest } = one;
  return rest;
}
