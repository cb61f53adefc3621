import { Done } from "../../contracts/http/cockpit.ts";
import { PreflightShown, ScheduleAsked, ScheduleList } from "../../contracts/http/missions.ts";
import type { ScheduleRequest } from "../../contracts/schedule.ts";
import { askerOf } from "../door/asker.ts";
import { type Call, type Route, route } from "../route.ts";
import { planNamed } from "../routes/missions.ts";

/** What begins at its time, as the operator saves it. They fire while the server goes on. */
export const SCHEDULES: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/schedules",
    summary: "schedules, when each comes, and what it waits for or missed",
    needs: "operator",
    takes: null,
    gives: ScheduleList,
    handle: async ({ nanos }) => ({ body: { data: await nanos.schedules.list() } }),
  }),
  route({
    method: "POST",
    path: "/v1/schedules",
    summary: "saves one, under what holds now; with a name alone, saves it again",
    needs: "operator",
    takes: ScheduleAsked,
    gives: PreflightShown,
    handle: async (call) => ({ body: await call.nanos.schedules.add(await requestOf(call)) }),
  }),
  route({
    method: "POST",
    path: "/v1/schedules/preflight",
    summary: "what saving it takes, what it may use and when it comes; nothing is saved",
    needs: "operator",
    takes: ScheduleAsked,
    gives: PreflightShown,
    handle: async (call) => ({ body: await call.nanos.schedules.preflight(await requestOf(call)) }),
  }),
  route({
    method: "DELETE",
    path: "/v1/schedules/{name}",
    summary: "removes one; what it began goes on",
    needs: "operator",
    takes: null,
    gives: Done,
    handle: async ({ nanos, params }) => {
      const { name = "" } = params;
      await nanos.schedules.rm(name);
      return { body: { id: name } };
    },
  }),
];

/** Over the network nobody names a file; and what a program says is not the operator's word. */
async function requestOf({ nanos, key, body }: Call<ScheduleAsked>): Promise<ScheduleRequest> {
  if (body.what && "plan" in body.what) await planNamed(nanos, body.what.plan);
  const { client } = askerOf(key);
  // What was read from JSON has no field that is undefined.
  const asked = body as ScheduleRequest;
  return client === undefined ? asked : { ...asked, client };
}
