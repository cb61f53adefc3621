import { afterAll, beforeAll, expect, test } from "bun:test";
import { HttpError } from "../../contracts/http/wire.ts";
import { SeatTaken } from "../../contracts/http/cockpit.ts";
import { fakeClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { countingRandom } from "../../std/random.ts";
import { codeOf, HOST, type Served, served } from "../testing/served.ts";
import { namesOf } from "./guard.ts";
import { openSeats } from "./seats.ts";

/** The operator's browser: how it comes in, and how nobody else does. */

let home: Served;
let seat: Readonly<Record<string, string>>;

beforeAll(async () => {
  home = await served({ asking: true });
  seat = await home.seat();
});
afterAll(() => home.close());

async function refused(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const came = await home.ask(method, path, { headers });
  expect(HttpError.safeParse(came.body).error).toBeUndefined();
  return `${came.status} ${String(codeOf(came))}`;
}

const without = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(seat).filter(([one]) => one !== name));

test("a link lets one browser in, once", async () => {
  const { secret: link } = await home.nanos.keys.link();
  const came = await home.ask("POST", "/v1/seats", { body: { link } });
  const { proof } = SeatTaken.parse(came.body);
  const cookie = came.headers.get("set-cookie") ?? "";
  const kept = /^nanos-seat-8088=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/u;
  expect(cookie).toMatch(kept);
  expect(JSON.stringify(came.body)).not.toContain(cookie.slice(16, 80));
  const again = await home.ask("POST", "/v1/seats", { body: { link } });
  expect([again.status, codeOf(again), again.headers.get("set-cookie")]).toEqual([
    ...[401, "http.bad_link", null],
  ]);
  const bad = ["", "nl_x", link.replace(/.$/u, "x"), proof, `${link}0`];
  for (const one of bad) {
    const no = await home.ask("POST", "/v1/seats", { body: { link: one } });
    expect(codeOf(no)).toBe("http.bad_link");
  }
  expect(JSON.stringify(home.lines)).not.toContain(link);
});

test("of many that show one link at once, one comes in", async () => {
  const { secret: link } = await home.nanos.keys.link();
  const all = await Promise.all(
    Array.from({ length: 8 }, () => home.ask("POST", "/v1/seats", { body: { link } })),
  );
  expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
});

test("each half of a seat is worth nothing without the other", async () => {
  expect((await home.ask("GET", "/v1/approvals", { headers: seat })).status).toBe(200);
  // What else listens at this host is sent the cookie; what reads the page's store has the proof.
  expect(await refused("GET", "/v1/approvals", without("x-nanos-proof"))).toBe("403 http.no_proof");
  expect(await refused("GET", "/v1/approvals", without("cookie"))).toBe("401 http.no_key");
  const other = await home.seat();
  const mixed = { ...seat, "x-nanos-proof": other["x-nanos-proof"] ?? "" };
  expect(await refused("GET", "/v1/approvals", mixed)).toBe("403 http.no_proof");
  // A page is asked for by the browser itself, and is not a document of data.
  const page = await home.ask("GET", "/organism", { headers: without("x-nanos-proof") });
  expect([page.status, page.headers.get("content-type")]).toEqual([
    200,
    "text/html; charset=utf-8",
  ]);
});

test("what changes something says which page it comes from, and that is our own", async () => {
  const path = "/v1/approvals/x/deny";
  expect(await refused("POST", path, without("origin"))).toBe("403 http.origin");
  for (const origin of ["https://evil.example", "null", "http://127.0.0.1:3000"]) {
    expect(await refused("POST", path, { ...seat, origin })).toBe("403 http.origin");
  }
  expect(await refused("POST", path, seat)).toBe("404 approval.unknown_approval");
});

test("a cookie that was made up, set by others or is there twice opens nothing", async () => {
  const value = seat["cookie"]?.split("=")[1] ?? "";
  for (const cookie of [
    `nanos-seat-8088=${"0".repeat(64)}`,
    "nanos-seat-8088=",
    `nanos-seat-8088=${value}; nanos-seat-8088=${value}`,
    `nanos-seat-8088=${"0".repeat(64)}; ${seat["cookie"]}`,
  ]) {
    expect(await refused("GET", "/v1/approvals", { ...seat, cookie })).toBe("401 http.bad_seat");
  }
  for (const cookie of [`nanos-seat-80=${value}`, `__Host-nanos-seat=${value}`, `x=${value}`]) {
    expect(await refused("GET", "/v1/approvals", { ...seat, cookie })).toBe("401 http.no_key");
  }
  // Whoever comes in is given a seat of their own, whatever was set before.
  const fixed = `nanos-seat-8088=${"f".repeat(64)}`;
  const { secret: link } = await home.nanos.keys.link();
  const came = await home.ask("POST", "/v1/seats", { body: { link }, headers: { cookie: fixed } });
  expect(came.headers.get("set-cookie")).not.toContain("ffff");
});

test("a key stays a key where a seat is shown as well", async () => {
  const key = await home.key({});
  const came = await home.ask("GET", "/v1/seats", { key, headers: seat });
  expect([came.status, codeOf(came)]).toEqual([403, "http.operator_only"]);
});

test("the operator answers in the cockpit, and what they ask there is their own word", async () => {
  const asked = await home.ask("POST", "/v1/runs", {
    headers: seat,
    body: { text: "calculate 2 + 2" },
  });
  const { run } = asked.body as { run: string };
  const asks = async (): Promise<readonly { id: string }[]> =>
    ((await home.ask("GET", "/v1/approvals", { headers: seat })).body as { data: [] }).data;
  while ((await asks()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const [{ id } = { id: "" }] = await asks();
  const { body } = await home.ask("GET", `/v1/approvals/${id}`, { headers: seat });
  const { argsHash } = body as { argsHash: string };
  const yes = await home.ask("POST", `/v1/approvals/${id}/approve`, {
    headers: seat,
    body: { argsHash },
  });
  expect(yes.body).toMatchObject({ by: "operator@cockpit", verdict: "allow", run });
  const line = home.nanos.traces.line(run);
  expect([line?.client, line?.request]).toEqual([undefined, "calculate 2 + 2"]);
});

test("one who left is in no more, and the list says who is", async () => {
  const mine = await home.seat();
  const { body } = await home.ask("GET", "/v1/seats", { headers: mine });
  const own = (body as { data: { id: string; own: boolean }[] }).data.find((one) => one.own);
  const gone = await home.ask("DELETE", `/v1/seats/${own?.id ?? ""}`, { headers: mine });
  expect(gone.headers.get("set-cookie")).toContain("Max-Age=0");
  expect(await refused("GET", "/v1/seats", mine)).toBe("401 http.bad_seat");
  expect(await refused("DELETE", "/v1/seats/s1", seat)).toBe("404 http.not_found");
});

test("a seat is for a time, there are only so many, and over TLS nobody else can set its cookie", () => {
  const clock = fakeClock();
  const names = namesOf({ host: "127.0.0.1", port: 1, secure: true, also: [] });
  const seats = openSeats({ clock, random: countingRandom() }, () => names);
  const taken = Array.from({ length: LIMITS.seats + 1 }, () => seats.take());
  const [first, last] = [taken[0], taken.at(-1)];
  expect(first?.cookie).toStartWith("__Host-nanos-seat=");
  expect(first?.cookie).toEndWith("; Secure");
  const ids = seats.list().map(({ id }) => id);
  expect([ids.length, ids.includes(first?.id ?? "")]).toEqual([LIMITS.seats, false]);
  const cookie = last?.cookie.split(";")[0] ?? "";
  const request = new Request(`https://${HOST}/`, {
    headers: { cookie, "x-nanos-proof": last?.proof ?? "" },
  });
  expect(seats.admit(request, false)).toMatchObject({ id: last?.id, agent: null, seat: true });
  clock.advance(LIMITS.seatMs);
  expect(seats.list()).toEqual([]);
  expect(() => seats.admit(request, false)).toThrow("not in the cockpit");
});
