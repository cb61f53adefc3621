import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../std/clock.ts";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import { newId, type Random } from "../../std/random.ts";
import { Refusal } from "../refusal.ts";
import type { Caller } from "../route.ts";
import type { Names } from "./guard.ts";

/**
 * Browsers the operator let into the cockpit. A seat has two halves: a cookie no script can read, and
 * a proof the page keeps and sends in a header of its own. A cookie goes to every port of a host, so
 * whatever else listens on this machine may be shown it; a page may be made to send one. Neither half
 * is worth anything without the other. Seats live as long as the server does, and no longer than a day.
 */
export interface Seats {
  /** A new one; the oldest leaves where there are too many. Its halves are told this once. */
  take(): Taken;
  /**
   * Whose request it is, where it shows the cookie of a seat; null where it shows none. A `page` is
   * asked for by the browser itself, which has only the cookie.
   *
   * @throws Refusal `http.bad_seat`, `http.no_proof`, `http.origin`.
   */
  admit(request: Request, page: boolean): Caller | null;
  list(): readonly Seat[];
  /** False where there is none. */
  leave(id: string): boolean;
}

export interface Seat {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly expires: number;
}

export interface Taken extends Seat {
  /** The header that gives the browser its half. */
  readonly cookie: string;
  readonly proof: string;
}

/** The header a page shows its half in. No form and no page of another site can send it. */
export const PROOF = "x-nanos-proof";

interface Kept extends Seat {
  /** SHA-256 of what is shown. */
  readonly cookie: string;
  readonly proof: string;
}

export function openSeats(
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  names: () => Names,
): Seats {
  const kept = new Map<string, Kept>();
  const good = (): readonly Kept[] => {
    for (const { id, expires } of kept.values()) if (expires <= clock.now()) kept.delete(id);
    return [...kept.values()];
  };
  return {
    take: () => {
      const at = clock.now();
      const seat = { id: newId("s", at, random), at, expires: at + LIMITS.seatMs };
      const [cookie, proof] = [random.hex(32), random.hex(32)];
      for (const { id } of good().slice(0, -LIMITS.seats + 1)) kept.delete(id);
      kept.set(seat.id, { ...seat, cookie: sha256(cookie), proof: sha256(proof) });
      return { ...seat, proof, cookie: cookieHeader(names(), cookie, LIMITS.seatMs / 1000) };
    },
    admit: (request, page) => {
      const shown = cookieIn(request.headers, cookieName(names()));
      if (shown === null) return null;
      const seat = good().find(({ cookie }) => isSame(cookie, shown));
      if (!seat) throw badSeat();
      if (!page) checkProof(request, seat);
      const { id, at } = seat;
      return { id, at, agent: null, budget: {}, rate: LIMITS.seatRate, seat: true };
    },
    list: () => good().map(({ id, at, expires }) => ({ id, at, expires })),
    leave: (id) => kept.delete(id),
  };
}

/** What a browser is told so that it forgets its half. */
export function goneCookie(names: Names): string {
  return cookieHeader(names, "", 0);
}

function checkProof({ headers, method }: Request, { proof }: Kept): void {
  if (!isSame(proof, headers.get(PROOF) ?? "")) {
    const message = "The page has not shown that it is the cockpit's own.";
    throw new Refusal("http.no_proof", message, `Send the proof of its seat as ${PROOF}.`);
  }
  // A browser says where what changes something comes from; that it is ours was looked at before.
  if (method === "GET" || headers.has("origin")) return;
  const message = "Nothing says which page that comes from.";
  throw new Refusal("http.origin", message, "Ask from the cockpit's own page.");
}

function isSame(hash: string, shown: string): boolean {
  return timingSafeEqual(Buffer.from(hash), Buffer.from(sha256(shown)));
}

/** Over TLS no other host or path can have set it; otherwise its port keeps it apart from others'. */
function cookieName({ secure, port }: Names): string {
  return secure ? "__Host-nanos-seat" : `nanos-seat-${port}`;
}

function cookieHeader(names: Names, value: string, seconds: number): string {
  const secure = names.secure ? "; Secure" : "";
  const rest = `; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`;
  return `${cookieName(names)}=${value}${rest}`;
}

/** The one cookie of that name; a second one somebody else has set, and which is ours cannot be told. */
function cookieIn(headers: Headers, name: string): string | null {
  const all = (headers.get("cookie") ?? "")
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1));
  if (all.length > 1) throw badSeat();
  return all[0] ?? null;
}

function badSeat(): Refusal {
  const next = "Make a link: nanos key link.";
  return new Refusal("http.bad_seat", "This browser is not in the cockpit any more.", next);
}
