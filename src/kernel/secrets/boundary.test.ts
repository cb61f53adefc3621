import { expect, test } from "bun:test";
import { fakeClock } from "../../std/clock.ts";
import { checked, missing, notBound } from "../../home/secrets/refusals.ts";
import type { Secrets } from "../../home/secrets/secrets.ts";
import { boundary } from "./boundary.ts";

const VALUE = "tok-7Hq2ZpW9vT4bN6xL";
const SECRETS = new Map([
  ["bound", checked("bound", VALUE, ["a.org", "b.org:8443"])],
  ["free", checked("free", VALUE, [])],
]);
const store: Pick<Secrets, "open" | "lend" | "set"> = {
  set: async () => {
    throw new Error("nothing is stored");
  },
  open: async () => SECRETS,
  lend: async (name, host) => {
    const secret = SECRETS.get(name);
    if (!secret) throw missing(name);
    if (host !== null && !secret.hosts.includes(host)) throw notBound(name, host);
    return secret.value;
  },
};

const USES: readonly (readonly [
  string,
  { host: string } | { program: string[] },
  string | null,
])[] = [
  ["bound", { host: "a.org:443" }, null],
  ["bound", { host: "c.org:443" }, "secret.not_bound"],
  ["bound", { program: [] }, null],
  ["bound", { program: ["a.org:443", "b.org:8443"] }, null],
  ["bound", { program: ["a.org:443", "c.org:443"] }, "secret.not_bound"],
  ["bound", { program: ["*"] }, "secret.not_bound"],
  ["free", { host: "a.org:443" }, "secret.not_bound"],
  ["free", { program: ["c.org:443", "*"] }, null],
  ["none", { program: [] }, "secret.missing"],
];
for (const [name, use, code] of USES) {
  test(`${name} for ${JSON.stringify(use)} is ${code ?? "lent"}`, async () => {
    const edge = boundary(store, fakeClock());
    const failure = await edge.lend(name, use);
    expect(failure?.code ?? null).toBe(code);
    expect(JSON.stringify(failure)).not.toContain(VALUE);
    // Whatever is lent is known to the guard from then on.
    expect(edge.guard.clean(VALUE).value.includes(VALUE)).toBe(code !== null);
  });
}
