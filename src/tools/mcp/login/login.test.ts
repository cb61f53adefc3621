import { afterEach, expect, test } from "bun:test";
import type { Oauth } from "../../../contracts/tool.ts";
import { LIMITS } from "../../../std/limits.ts";
import type { JsonObject } from "../../../std/json.ts";
import { brokerFetch } from "../../broker.ts";
import { failure } from "../../failures.ts";
import { hostFor } from "../../handles.ts";
import { type Answer, metadata, type OauthSite, oauthSite } from "../../testing/oauth-site.ts";
import type { Reach } from "../../tool-host.ts";
import { issuerOf, type LoggedIn, login } from "./login.ts";

/** A login, with the server that should let in and with ones that would have what is not theirs. */

const open: OauthSite[] = [];
afterEach(async () => {
  for (const site of open.splice(0)) await site.close();
});

async function site(): Promise<OauthSite> {
  const made = await oauthSite();
  open.push(made);
  return made;
}

/** Requests to these hosts alone, so many milliseconds each. */
function reaching(hosts: readonly string[], ms = 10_000): Reach {
  return async (wanted) => {
    if (wanted.kind !== "fetch") throw new Error("nothing else is asked for");
    const host = hostFor(wanted.url) ?? "";
    if (!hosts.includes(host)) {
      const code = "tool.scope_missing";
      return { ok: false, failure: failure(code, `${host} is not granted.`) };
    }
    const reply = await brokerFetch(wanted, {
      ...{ privateOk: hosts, ms, signal: new AbortController().signal },
    });
    return "code" in reply ? { ok: false, failure: reply } : { ok: true, value: { ...reply } };
  };
}

const STATE = "0123456789abcdef0123456789abcdef";

/** A browser whose person says yes; what each answer said. */
async function browse(link: string, change: (back: URL) => readonly URL[]): Promise<void> {
  const there = await fetch(link, { redirect: "manual" });
  const location = there.headers.get("location");
  if (location === null) return;
  for (const one of change(new URL(location))) await (await fetch(one)).text();
}

interface Wish {
  readonly oauth?: Partial<Oauth>;
  readonly hosts?: readonly string[];
  readonly ms?: number;
  /** Where the browser goes instead of where it is sent, one after the other. */
  readonly back?: (url: URL) => readonly URL[];
  readonly signal?: AbortSignal;
}

async function logsIn(made: OauthSite, wish: Wish = {}): Promise<LoggedIn | string> {
  const came = await login({
    ...{ name: "tracker", url: made.url, state: STATE, scope: null, clientSecret: null },
    oauth: { issuer: made.issuer, ...wish.oauth },
    reach: reaching(wish.hosts ?? made.hosts, wish.ms),
    now: () => 5,
    open: (link) => void browse(link, wish.back ?? ((url) => [url])),
    signal: wish.signal ?? AbortSignal.timeout(20_000),
  });
  if (!("code" in came)) return came;
  // Nothing of what is shown once or kept is in what is said.
  expect(came.message).not.toMatch(/7Hq2ZpW9vT4bN6xL/u);
  return `${came.code}: ${came.message}`;
}

const asked = (made: OauthSite, what: string): URLSearchParams[] =>
  made.hits.filter((hit) => hit.what === what).map(({ body }) => new URLSearchParams(body));

test("it ends in a token for the server and what renews it, each for its place", async () => {
  const made = await site();
  const came = await logsIn(made);
  expect(came).toEqual({
    token: expect.stringMatching(/^token-/u),
    scope: null,
    kept: {
      ...{ v: 1, refresh: expect.stringMatching(/^refresh-/u), issuer: made.issuer, at: 5 },
      ...{ endpoint: `${made.issuer}/token`, methods: ["none"], resource: made.url },
      client: { id: "nanos-1" },
    },
  });
  const [token] = asked(made, "POST /token");
  expect([token?.get("resource"), token?.get("redirect_uri")]).toEqual([
    made.url,
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/back$/u),
  ]);
});

test("one that was registered by hand says who it is, and registers nothing", async () => {
  const made = await site();
  const about = metadata(made.issuer, {
    token_endpoint_auth_methods_supported: ["client_secret_post"],
  });
  made.instead["/.well-known/oauth-authorization-server"] = () => ({ body: about });
  const came = await login({
    ...{
      name: "tracker",
      url: made.url,
      state: STATE,
      scope: "read",
      clientSecret: "s3cret-value",
    },
    oauth: { issuer: made.issuer, client: "known" },
    ...{ reach: reaching(made.hosts), now: () => 5, signal: AbortSignal.timeout(20_000) },
    open: (link) => void browse(link, (url) => [url]),
  });
  expect(came).toMatchObject({ kept: { client: { id: "known", secret: "s3cret-value" } } });
  expect(asked(made, "POST /register")).toEqual([]);
  expect(asked(made, "POST /token")[0]?.get("client_secret")).toBe("s3cret-value");
});

test("a document that describes nanos is its id, where the issuer takes one", async () => {
  const made = await site();
  const about = metadata(made.issuer, { client_id_metadata_document_supported: true });
  made.instead["/.well-known/oauth-authorization-server"] = () => ({ body: about });
  const client = "https://nanos.example/client.json";
  expect(await logsIn(made, { oauth: { client } })).toMatchObject({
    kept: { client: { id: client } },
  });
  expect(asked(made, "POST /register")).toEqual([]);
});

test("who gives tokens is asked of the server alone, and where it is not granted nobody is", async () => {
  const made = await site();
  const { url } = made;
  const about = { name: "tracker", url, oauth: { issuer: url } };
  expect(await issuerOf({ ...about, reach: reaching([made.hosts[0]]) })).toBe(made.issuer);
  expect(await logsIn(made, { hosts: [made.hosts[0]] })).toContain(
    `${made.hosts[1]} is not granted`,
  );
  expect(asked(made, "GET /.well-known/oauth-authorization-server")).toEqual([]);
});

const PRM = "/.well-known/oauth-protected-resource/mcp";
const ASM = "/.well-known/oauth-authorization-server";
const is =
  (body: JsonObject): (() => Answer) =>
  () => ({ body });
const HUGE = { more: "x".repeat(LIMITS.loginBytes) };

/** What either says instead, with the server that is not theirs at `evil`, and what comes of it. */
const HOSTILE: readonly (readonly [string, (made: OauthSite, evil: OauthSite) => void, RegExp])[] =
  [
    [
      "another issuer than the operator's",
      (made, evil) => {
        made.instead[PRM] = is({ resource: made.url, authorization_servers: [evil.issuer] });
      },
      /login_refused: tracker sends to http/u,
    ],
    [
      "an issuer that says it is another",
      (made, evil) => {
        made.instead[ASM] = is({ ...metadata(made.issuer), issuer: evil.issuer });
      },
      /login_refused/u,
    ],
    [
      "its metadata somewhere else",
      (made, evil) => {
        const header = `Bearer resource_metadata="${evil.url}"`;
        made.instead["/mcp"] = () => ({ status: 401, headers: { "www-authenticate": header } });
      },
      /login_refused: tracker sends to 127/u,
    ],
    [
      "a token endpoint somewhere else",
      (made, evil) => {
        made.instead[ASM] = is(metadata(made.issuer, { token_endpoint: `${evil.issuer}/token` }));
      },
      /login_refused: tracker sends to 127/u,
    ],
    [
      "a registration at an address of this machine's network",
      (made) => {
        const registration_endpoint = "http://169.254.169.254/latest/meta-data";
        made.instead[ASM] = is(metadata(made.issuer, { registration_endpoint }));
      },
      /login_refused: tracker sends to 169\.254\.169\.254:80/u,
    ],
    [
      "a redirect to another host",
      (made, evil) => {
        made.instead[ASM] = () => ({ status: 307, headers: { location: `${evil.issuer}${ASM}` } });
      },
      /fetch\.redirected/u,
    ],
    [
      "another resource",
      (made, evil) => {
        made.instead[PRM] = is({ resource: evil.url, authorization_servers: [made.issuer] });
      },
      /login_refused/u,
    ],
    [
      "a page that is reached in clear",
      (made) => {
        const authorization_endpoint = "http://evil.example/authorize";
        made.instead[ASM] = is(metadata(made.issuer, { authorization_endpoint }));
      },
      /login_refused: .*without encryption/u,
    ],
    [
      "a page that is a program",
      (made) => {
        made.instead[ASM] = is(
          metadata(made.issuer, { authorization_endpoint: "javascript:alert(1)" }),
        );
      },
      /login_refused/u,
    ],
    [
      "no proof of who asked",
      (made) => {
        made.instead[ASM] = is(
          metadata(made.issuer, { code_challenge_methods_supported: ["plain"] }),
        );
      },
      /login_refused/u,
    ],
    ["more than a login needs", (made) => (made.instead[PRM] = is(HUGE)), /login_refused: .*more/u],
    ["more than that again", (made) => (made.instead[ASM] = is(HUGE)), /login_refused: .*more/u],
    [
      "a token without end",
      (made) => (made.instead["/token"] = is(HUGE)),
      /login_refused: .*more/u,
    ],
    [
      "an answer that never ends",
      (made) => (made.instead[ASM] = () => ({ hangs: true })),
      /fetch\.timeout/u,
    ],
    [
      "a token of another kind",
      (made) => (made.instead["/token"] = is({ access_token: "a", token_type: "mac" })),
      /login_refused: .*no bearer token/u,
    ],
    [
      "a token of several lines",
      (made) => (made.instead["/token"] = is({ access_token: "a\r\nx: y", token_type: "Bearer" })),
      /login_refused: .*no bearer token/u,
    ],
    [
      "what it was sent, as its reason",
      (made) => {
        made.instead["/token"] = ({ form }) => ({
          status: 400,
          body: {
            error: `no_${form.get("code") ?? ""}`,
            error_description: form.get("code") ?? "",
          },
        });
      },
      /login_refused/u,
    ],
  ];

for (const [what, change, expected] of HOSTILE) {
  test(`a server that says ${what} gets nothing`, async () => {
    const [made, evil] = [await site(), await site()];
    change(made, evil);
    expect(await logsIn(made, { ms: what.includes("never") ? 300 : 10_000 })).toMatch(expected);
    expect(evil.hits).toEqual([]);
  });
}

const changed =
  (name: string, value: string): ((url: URL) => readonly URL[]) =>
  (url) => {
    url.searchParams.set(name, value);
    return [url];
  };

test("what comes back for another login, or from somebody else, changes nothing", async () => {
  const made = await site();
  const wrong = (url: URL): readonly URL[] => {
    const twice = new URL(url);
    twice.searchParams.append("code", "another");
    const elsewhere = new URL("/", url);
    const other = changed("state", STATE.replace("0", "1"))(new URL(url));
    return [...other, twice, elsewhere, url];
  };
  expect(await logsIn(made, { back: wrong })).toMatchObject({ kept: { v: 1 } });
  expect(asked(made, "POST /token")).toHaveLength(1);
});

test("an answer of another issuer, a no and no answer end it, and no code is shown", async () => {
  const answers: readonly (readonly [Wish, RegExp])[] = [
    [{ back: changed("iss", "https://evil.example") }, /login_refused: .*Issuer/u],
    [
      {
        back: (url) => {
          url.searchParams.delete("code");
          return changed("error", "access_denied")(url);
        },
      },
      /login_refused: .*access_denied/u,
    ],
    [{ back: () => [], signal: AbortSignal.timeout(300) }, /login_late/u],
    [
      { back: (url) => Array.from({ length: LIMITS.loginVisits }, () => new URL("/x", url)) },
      /login_late/u,
    ],
  ];
  for (const [wish, expected] of answers) {
    const made = await site();
    expect(await logsIn(made, wish)).toMatch(expected);
    expect(asked(made, "POST /token")).toEqual([]);
  }
});
