import { z } from "zod";

/** The way into the cockpit, as it goes over the network. */

/** The body of `POST /v1/seats`: the link the operator was shown, without what comes before it. */
export const SeatAsked = z.strictObject({ link: z.string().max(256) });
export type SeatAsked = z.infer<typeof SeatAsked>;

const Seat = z.strictObject({
  id: z.string(),
  /** Milliseconds since 1970. */
  at: z.number().int(),
  expires: z.number().int(),
});

/** A seat that was taken: one half of it is a cookie, the other is `proof`, told this once. */
export const SeatTaken = Seat.extend({ proof: z.string() });

/** `own`: true for the one it is asked from. */
export const SeatList = z.strictObject({ data: z.array(Seat.extend({ own: z.boolean() })) });
export const SeatLeft = z.strictObject({ id: z.string() });
