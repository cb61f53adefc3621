import { createHash, timingSafeEqual } from "node:crypto";
import type { KeyWish, Keys, Lent } from "../../contracts/http/key.ts";
import type { Clock } from "../../std/clock.ts";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Random } from "../../std/random.ts";
import { Refusal } from "../refusal.ts";
import type { OauthClient } from "./clients.ts";

/**
 * What clients ask the operator's consent for, and the codes that come of a yes. Both live for
 * minutes and in memory: whoever loses one asks anew.
 */
export interface Consents {
  /** Keeps what is asked until the operator has answered; gives what that is called. */
  begin(asked: AskedConsent): string;
  show(id: string): AskedConsent | null;
  /** Answers one. Where the browser is sent with it; null where there is none. */
  settle(id: string, answer: KeyWish | null): string | null;
  /** What a code is good for, once. @throws Refusal `oauth.invalid_grant`, and as `lend` does. */
  redeem(shown: Redeeming): Promise<Lent>;
}

export interface AskedConsent {
  readonly client: OauthClient;
  readonly redirect: string;
  readonly state: string | null;
  /** S256 of the secret whoever asked keeps to itself. */
  readonly challenge: string;
  /** This server as it was addressed. */
  readonly issuer: string;
}

export interface Redeeming {
  readonly code: string;
  readonly client: string;
  readonly redirect: string;
  readonly verifier: string;
  readonly issuer: string;
}

interface Code {
  readonly asked: AskedConsent;
  readonly wish: KeyWish;
  readonly expires: number;
  /** The key it was given for; what it was given for is taken back where it is shown again. */
  used?: Promise<Lent>;
}

interface Waiting {
  readonly asked: AskedConsent;
  readonly expires: number;
}

export function openConsents(parts: {
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: Pick<Keys, "lend" | "rm">;
}): Consents {
  const { clock, random, keys } = parts;
  const waiting = new Map<string, Waiting>();
  const codes = new Map<string, Code>();
  const good = (id: string): AskedConsent | null => {
    const one = waiting.get(id);
    return one && one.expires > clock.now() ? one.asked : null;
  };
  return {
    show: good,
    begin: (asked) => {
      const id = random.hex(16);
      keep(waiting, id, { asked, expires: clock.now() + LIMITS.oauthConsentMs });
      return id;
    },
    settle: (id, wish) => {
      const asked = good(id);
      waiting.delete(id);
      if (!asked) return null;
      if (wish === null) return returning(asked, { error: "access_denied" });
      const code = random.hex(32);
      keep(codes, sha256(code), { asked, wish, expires: clock.now() + LIMITS.oauthCodeMs });
      return returning(asked, { code });
    },
    redeem: async ({ code, ...shown }) => {
      const found = codes.get(sha256(code));
      if (!found || found.expires <= clock.now()) throw badGrant();
      if (found.used) {
        await keys.rm((await found.used).key.id).catch(() => undefined);
        throw badGrant();
      }
      if (!fits(found.asked, shown)) throw badGrant();
      found.used = keys.lend(found.wish, shown.client);
      return found.used;
    },
  };
}

/** Of what is more than may wait the oldest is given up. */
function keep<T>(all: Map<string, T>, id: string, one: T): void {
  const [oldest] = all.keys();
  if (all.size >= LIMITS.oauthWaiting && oldest !== undefined) all.delete(oldest);
  all.set(id, one);
}

function fits(
  { client, redirect, challenge, issuer }: AskedConsent,
  shown: Omit<Redeeming, "code">,
): boolean {
  const same = client.id === shown.client && redirect === shown.redirect && issuer === shown.issuer;
  const proof = createHash("sha256").update(shown.verifier).digest("base64url");
  return timingSafeEqual(Buffer.from(proof), Buffer.from(challenge)) && same;
}

/** Where the browser goes back to, with who says so: a client of two servers tells them apart. */
export function returning(
  { redirect, state, issuer }: Pick<AskedConsent, "redirect" | "state" | "issuer">,
  says: Readonly<Record<string, string>>,
): string {
  const url = new URL(redirect);
  for (const [name, value] of Object.entries(says)) url.searchParams.set(name, value);
  if (state !== null) url.searchParams.set("state", state);
  url.searchParams.set("iss", issuer);
  return url.href;
}

export function badGrant(): Refusal {
  return new Refusal("oauth.invalid_grant", "That is not good, or not any more.", "Ask anew.");
}
