import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { GrantsFile } from "../contracts/config.ts";
import { fakeClock } from "../std/clock.ts";
import { LIMITS } from "../std/limits.ts";
import { openCache } from "./arrangement/cache.ts";
import { type GrantStore, openGrantStore, withGrant } from "./grants.ts";
import { refusal, testFolder } from "./testing/folder.ts";

describe("a grant", () => {
  const NONE: GrantsFile = { v: 1, grants: [] };
  const wish = { skill: "web", scopes: ["net:a.example:443"], hash: "h1" };

  test("added twice joins while the skill is the same, and replaces once it changed", async () => {
    const first = await withGrant(NONE, wish, 10);
    const second = await withGrant(
      first.file,
      { ...wish, scopes: ["net:b.example:443"], expires: 99 },
      20,
    );
    expect(second.file.grants).toEqual([
      {
        skill: "web",
        scopes: ["net:a.example:443", "net:b.example:443"],
        hash: "h1",
        at: 20,
        expires: 99,
      },
    ]);
    const changed = await withGrant(second.file, { ...wish, hash: "h2" }, 30);
    expect(changed.grant).toEqual({
      skill: "web",
      scopes: ["net:a.example:443"],
      hash: "h2",
      at: 30,
    });
  });

  test("that ended gives nothing to the next", async () => {
    const first = await withGrant(NONE, { ...wish, expires: 20 }, 10);
    const next = await withGrant(first.file, { ...wish, scopes: [] }, 21);
    expect(next.grant.scopes).toEqual([]);
  });

  test("that cannot be is refused", async () => {
    const codes = async (act: () => unknown): Promise<string> => (await refusal(act)).code;
    expect(await codes(() => withGrant(NONE, { ...wish, scopes: ["all"] }, 1))).toBe(
      "grant.bad_scope",
    );
    expect(await codes(() => withGrant(NONE, { ...wish, expires: 1 }, 1))).toBe("grant.expired");
    const grants = Array.from({ length: LIMITS.grants }, (_, i) => ({
      skill: `s${i}`,
      scopes: [],
      hash: null,
      at: 1,
    }));
    expect(await codes(() => withGrant({ v: 1, grants }, wish, 1))).toBe("grant.too_many");
  });
});

describe("a yes taken back", () => {
  const wish = { skill: "web", scopes: ["net:a.example:443"], hash: "h1" };
  const opened = (dir: string): GrantStore =>
    openGrantStore(join(dir, "grants.json"), fakeClock(), openCache(join(dir, "cache")));
  const brief = async (store: GrantStore): Promise<readonly string[]> =>
    (await store.list()).map(
      ({ skill, run, agent, revoked }) =>
        `${skill}${revoked ? " no" : ""} ${run ?? agent ?? "all"}`,
    );

  test("stays, from all or from one agent, until it is given anew", async () => {
    using folder = testFolder();
    const store = opened(folder.dir);
    await store.add(wish);
    await store.add({ ...wish, run: "r1" });
    await store.add({ ...wish, skill: "notes" });
    expect(await brief(store)).toEqual(["web all", "web r1", "notes all"]);
    expect((await store.revoke("web"))?.length).toBe(2);
    expect(await store.revoke("web")).toBeNull();
    expect(await brief(store)).toEqual(["notes all", "web no all"]);
    expect(await store.revoke("web", "research")).toEqual([]);
    await store.add({ ...wish, run: "r2" });
    expect(await brief(store)).toEqual(["notes all", "web no research", "web r2"]);
    await store.restore("web", "research");
    expect(await brief(store)).toEqual(["notes all", "web r2"]);
  });

  test("pushes out a yes where there is no more room, never a no", async () => {
    const no = (i: number): object => ({
      ...{ skill: `n${i}`, scopes: [], hash: null, at: 1 },
      revoked: true,
    });
    const nos = Array.from({ length: LIMITS.grants - 1 }, (_, i) => no(i));
    const file = JSON.stringify({
      v: 1,
      grants: [...nos, { skill: "y", scopes: [], hash: null, at: 1 }],
    });
    using folder = testFolder({ "grants.json": file });
    const store = opened(folder.dir);
    await store.revoke("web");
    const left = await store.list();
    expect([left.length, left.filter(({ revoked }) => !revoked).length]).toEqual([
      LIMITS.grants,
      0,
    ]);
  });
});
