import { SeatAsked, SeatLeft, SeatList, SeatTaken } from "../../contracts/http/cockpit.ts";
import { goneCookie } from "../door/seats.ts";
import { Refusal } from "../refusal.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/** Browsers in the cockpit: who comes by a link of the operator's has what the operator has. */
export const SEATS: readonly Route[] = [
  route({
    method: "POST",
    path: "/v1/seats",
    summary: "uses up a link into the cockpit; gives this browser a cookie, and its page a proof",
    needs: "nothing",
    takes: SeatAsked,
    gives: SeatTaken,
    handle: take,
  }),
  route({
    method: "GET",
    path: "/v1/seats",
    summary: "the browsers that are in the cockpit",
    needs: "operator",
    takes: null,
    gives: SeatList,
    handle: async ({ seats, key }) => ({
      body: { data: seats.list().map((seat) => ({ ...seat, own: seat.id === key?.id })) },
    }),
  }),
  route({
    method: "DELETE",
    path: "/v1/seats/{id}",
    summary: "lets one out of it",
    needs: "operator",
    takes: null,
    gives: SeatLeft,
    handle: leave,
  }),
];

async function take({ nanos, seats, body }: Call<SeatAsked>): Promise<Reply> {
  if (!(await nanos.keys.useLink(body.link))) {
    const next = "Each is good once, and for minutes: nanos key link makes one.";
    throw new Refusal("http.bad_link", "The link is not a good one.", next, { param: "link" });
  }
  const { cookie, ...taken } = seats.take();
  return { headers: { "set-cookie": cookie }, body: taken };
}

async function leave({ seats, params, key, names }: Call<unknown>): Promise<Reply> {
  const id = params["id"] ?? "";
  if (!seats.leave(id)) {
    throw new Refusal("http.not_found", "There is no such seat.", "See GET /v1/seats.");
  }
  const own = id === key?.id ? { headers: { "set-cookie": goneCookie(names) } } : {};
  return { ...own, body: { id } };
}
