import { afterEach, expect, test } from "bun:test";
import { systemClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { checked, missing, notBound } from "../../home/secrets/refusals.ts";
import type { Secrets } from "../../home/secrets/secrets.ts";
import { type OauthSite, oauthSite } from "../../tools/testing/oauth-site.ts";
import { boundary } from "./boundary.ts";

/** The next token of a login, from a server that gives it and from ones that would have more. */

const sites: OauthSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

type Store = Pick<Secrets, "open" | "lend" | "set">;

/** A store with one login, whose next token is to be had at `endpoint`. */
function storeOf(site: OauthSite, endpoint = `${site.issuer}/token`): Store {
  const kept = { v: 1, refresh: "refresh-0", endpoint, issuer: site.issuer, at: 0 };
  const client = { id: "nanos-1" };
  let held = new Map([
    ["mcp.s.token", checked("mcp.s.token", "token-0-of-a-login", [site.hosts[0]])],
    ["mcp.s.refresh", checked("m", JSON.stringify({ ...kept, client }), [site.hosts[1]])],
    ["other", checked("other", "a-secret-of-another", [site.hosts[1]])],
  ]);
  site.refreshes.add("refresh-0");
  return {
    open: async () => held,
    lend: async (name, host) => {
      const secret = held.get(name);
      if (!secret) throw missing(name);
      if (host !== null && !secret.hosts.includes(host)) throw notBound(name, host);
      return secret.value;
    },
    set: async (name, value, { hosts }) => {
      held = new Map([...held, [name, checked(name, value, hosts)]]);
      return { name, hosts, kept: "file", at: 0, used: null };
    },
  };
}

async function open(): Promise<OauthSite> {
  const site = await oauthSite();
  sites.push(site);
  return site;
}

interface Wish {
  readonly name?: string;
  readonly host?: string;
  readonly privateOk?: readonly string[];
}

/** `renewed`, or the code of what it came to. */
async function renews(site: OauthSite, store: Store, wish: Wish = {}): Promise<string> {
  const { name = "mcp.s.refresh", host = site.hosts[1], privateOk = site.hosts } = wish;
  const renewing = { privateOk, signal: AbortSignal.timeout(20_000) };
  const came = await boundary(store, systemClock).lend(name, { host, renewing });
  expect(JSON.stringify(came)).not.toMatch(/refresh-0|token-\d/u);
  return came?.code ?? "renewed";
}

const tokenIn = async (store: Store): Promise<string | undefined> =>
  (await store.open()).get("mcp.s.token")?.value;

test("takes the place of the one there was, and several who want it ask once", async () => {
  const site = await open();
  const store = storeOf(site);
  const edge = boundary(store, systemClock);
  const renewing = { privateOk: site.hosts, signal: AbortSignal.timeout(20_000) };
  const use = { host: site.hosts[1], renewing };
  const both = await Promise.all([1, 2].map(() => edge.lend("mcp.s.refresh", use)));
  expect(both).toEqual([null, null]);
  expect(site.hits.map(({ what }) => what)).toEqual(["POST /token"]);
  const token = (await tokenIn(store)) ?? "";
  expect(site.good.has(token)).toBe(true);
  // The server's own host and no other gets it, and whoever repeats it is cleaned of it.
  expect((await store.open()).get("mcp.s.token")?.hosts).toEqual([site.hosts[0]]);
  expect(edge.guard.clean(`it is ${token}`).value).not.toContain(token);
  expect(await renews(site, store)).toBe("renewed");
});

test("is asked for where it is bound, granted and kept for, and nowhere else", async () => {
  const [site, evil] = [await open(), await open()];
  const cases: readonly (readonly [Store, Wish, string])[] = [
    [storeOf(site), { host: evil.hosts[1] }, "secret.not_bound"],
    [storeOf(site), { privateOk: [] }, "fetch.private_address"],
    [storeOf(site, `${evil.issuer}/token`), {}, "mcp.login_needed"],
    [storeOf(site), { name: "other" }, "secret.missing"],
    [storeOf(site), { name: "mcp.none.refresh" }, "secret.missing"],
  ];
  for (const [store, wish, code] of cases) {
    expect([wish, await renews(site, store, wish)]).toEqual([wish, code]);
    expect(await tokenIn(store)).toBe("token-0-of-a-login");
  }
  expect([...site.hits, ...evil.hits]).toEqual([]);
});

test("is nothing else than a token, and what comes instead is not repeated", async () => {
  const answers: readonly (readonly [OauthSite["instead"][string], string])[] = [
    [
      () => ({ body: { access_token: "x".repeat(LIMITS.loginBytes), token_type: "Bearer" } }),
      "fetch.too_large",
    ],
    [() => ({ body: { access_token: "a b", token_type: "Bearer" } }), "mcp.login_needed"],
    [() => ({ body: { access_token: "a", token_type: "mac" } }), "mcp.login_needed"],
    [
      ({ form }) => ({ status: 400, body: { error: form.get("refresh_token") ?? "" } }),
      "mcp.login_needed",
    ],
    [() => ({ status: 500 }), "mcp.login_needed"],
  ];
  for (const [answer, code] of answers) {
    const site = await open();
    site.instead["/token"] = answer;
    const store = storeOf(site);
    expect(await renews(site, store)).toBe(code);
    expect(await tokenIn(store)).toBe("token-0-of-a-login");
  }
});

test("that another process had meanwhile is left as it is", async () => {
  const site = await open();
  const store = storeOf(site);
  site.instead["/token"] = () => {
    void store.set("mcp.s.refresh", '{"v":1}', { hosts: [site.hosts[1]] });
    return { status: 400, body: { error: "invalid_grant" } };
  };
  expect(await renews(site, store)).toBe("renewed");
  expect((await store.open()).get("mcp.s.refresh")?.value).toBe('{"v":1}');
});
