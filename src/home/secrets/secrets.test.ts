import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { fakeClock, systemClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { systemRandom } from "../../std/random.ts";
import { refusal, type TestFolder, testFolder } from "../testing/folder.ts";
import { openSecrets, type SecretParts, type Secrets } from "./secrets.ts";

const VALUE = "tok-7Hq2ZpW9vT4bN6xL";
const HOSTS = ["api.example.org"];

/** A store in a folder, as a new process would open it. */
function storeIn(folder: TestFolder, parts: Partial<SecretParts> = {}): Secrets {
  const clock = fakeClock(0);
  const file = join(folder.dir, "secrets.json");
  return openSecrets({ file, clock, random: systemRandom, env: {}, ...parts });
}

const PHRASE = { passphrase: async () => "correct horse" };

test("without keyring and passphrase they lie in a file only its owner can read", async () => {
  using folder = testFolder();
  const store = storeIn(folder);
  expect([...(await store.open())]).toEqual([]);
  expect(fs.readdirSync(folder.dir)).toEqual([]);
  const line = { name: "TOKEN", hosts: ["api.example.org:443"], kept: "file", at: 0, used: null };
  expect(await store.set("TOKEN", `${VALUE}\n`, { hosts: HOSTS })).toEqual({
    ...line,
    kept: "file",
  });
  expect(fs.statSync(join(folder.dir, "secrets.json")).mode & 0o777).toBe(0o600);
  const again = storeIn(folder);
  expect(await again.open()).toEqual(
    new Map([["TOKEN", { value: VALUE, hosts: ["api.example.org:443"] }]]),
  );
  expect(await again.list()).toEqual([{ ...line, kept: "file" }]);
  expect(fs.readdirSync(folder.dir)).toEqual(["secrets.json"]);
  expect(await again.rm("TOKEN")).toBe(true);
  expect(await again.rm("TOKEN")).toBe(false);
  // Nothing of a value is left behind, also not as an earlier version of the file.
  for (const name of fs.readdirSync(folder.dir)) expect(folder.read(name)).not.toContain(VALUE);
});

describe("with a passphrase", () => {
  test("no byte of them can be read, and only it opens them", async () => {
    using folder = testFolder();
    await storeIn(folder, PHRASE).set("A", VALUE, { hosts: HOSTS });
    const added = await storeIn(folder, PHRASE).set("B", "other-value", { hosts: [] });
    expect(added.kept).toBe("passphrase");
    const text = folder.read("secrets.json");
    for (const secret of [VALUE, "other-value", "correct horse"])
      expect(text).not.toContain(secret);
    const opened = await storeIn(folder, { env: { NANOS_PASSPHRASE: "correct horse" } }).open();
    expect([...opened].map(([name, { value }]) => [name, value])).toEqual([
      ["A", VALUE],
      ["B", "other-value"],
    ]);
    const wrong = storeIn(folder, { passphrase: async () => "wrong" });
    expect((await refusal(() => wrong.open())).code).toBe("secret.wrong_passphrase");
    expect((await refusal(() => wrong.set("C", VALUE, { hosts: [] }))).code).toBe(
      "secret.wrong_passphrase",
    );
    expect((await refusal(() => storeIn(folder).open())).code).toBe("secret.locked");
    // What is there can be seen and taken away without it.
    expect((await storeIn(folder).list()).map(({ name }) => name)).toEqual(["A", "B"]);
    expect(await storeIn(folder).rm("B")).toBe(true);
  });

  test("they are asked for once in a process", async () => {
    using folder = testFolder();
    const asked: boolean[] = [];
    const passphrase = async (isNew: boolean): Promise<string> => {
      asked.push(isNew);
      return "correct horse";
    };
    const store = storeIn(folder, { passphrase });
    await store.set("A", VALUE, { hosts: [] });
    await store.open();
    await store.set("B", VALUE, { hosts: [] });
    expect(asked).toEqual([true]);
    const other = storeIn(folder, { passphrase });
    await other.open();
    await other.lend("A", null);
    expect(asked).toEqual([true, false]);
  });

  test("moving them seals all of them anew, also under another passphrase", async () => {
    using folder = testFolder();
    await storeIn(folder).set("A", VALUE, { hosts: [] });
    await storeIn(folder, PHRASE).set("B", VALUE, { hosts: [], keep: "passphrase" });
    expect(folder.read("secrets.json")).not.toContain(VALUE);
    expect((await storeIn(folder, PHRASE).list()).map(({ kept }) => kept)).toEqual([
      "passphrase",
      "passphrase",
    ]);
    const passphrase = async (isNew: boolean): Promise<string> => (isNew ? "new" : "correct horse");
    await storeIn(folder, { passphrase }).set("B", VALUE, { hosts: [], keep: "passphrase" });
    const after = storeIn(folder, { passphrase: async () => "new" });
    expect((await after.open()).get("A")?.value).toBe(VALUE);
    await after.set("C", VALUE, { hosts: [], keep: "file" });
    expect((await storeIn(folder).open()).size).toBe(3);
  });

  test("a value goes nowhere but where it was bound, also when the file is rewritten", async () => {
    using folder = testFolder();
    await storeIn(folder, PHRASE).set("A", VALUE, { hosts: HOSTS });
    const rewritten = folder.read("secrets.json").replace("api.example.org", "evil.example.org");
    fs.writeFileSync(join(folder.dir, "secrets.json"), rewritten, { mode: 0o600 });
    expect((await refusal(() => storeIn(folder, PHRASE).open())).code).toBe(
      "secret.wrong_passphrase",
    );
  });
});

test("it is lent to its hosts and to programs, and when that was is known", async () => {
  using folder = testFolder();
  const clock = fakeClock(1_000);
  const store = storeIn(folder, { clock });
  await store.set("A", VALUE, { hosts: ["api.example.org", "127.0.0.1:8080"] });
  expect(await store.lend("A", "api.example.org:443")).toBe(VALUE);
  expect(await store.lend("A", "127.0.0.1:8080")).toBe(VALUE);
  expect(await store.lend("A", null)).toBe(VALUE);
  expect((await store.list())[0]?.used).toBe(1_000);
  for (const host of ["api.example.org:80", "example.org:443", "api.example.org.evil.org:443"]) {
    expect((await refusal(() => store.lend("A", host))).code).toBe("secret.not_bound");
  }
  expect((await refusal(() => store.lend("B", null))).code).toBe("secret.missing");
});

const REFUSED: readonly (readonly [string, string, string, readonly string[], string])[] = [
  ["a name that climbs", "../x", VALUE, [], "secret.bad_name"],
  ["no name", "", VALUE, [], "secret.bad_name"],
  ["a name as long as no name is", "a".repeat(129), VALUE, [], "secret.bad_name"],
  ["a value found everywhere", "A", "short\n", [], "secret.too_short"],
  ["a value too long", "A", "x".repeat(LIMITS.secretBytes + 1), [], "secret.too_long"],
  ["a zero byte", "A", `${VALUE}\0${VALUE}`, [], "secret.bad_value"],
  ["a host that is none", "A", VALUE, ["http://x/y"], "secret.bad_host"],
  ["any host", "A", VALUE, ["*"], "secret.bad_host"],
  ["too many hosts", "A", VALUE, Array<string>(17).fill("a.org"), "secret.bad_host"],
];
for (const [what, name, value, hosts, code] of REFUSED) {
  test(`${what} is refused, and the value not repeated`, async () => {
    using folder = testFolder();
    const said = await refusal(() => storeIn(folder).set(name, value, { hosts }));
    expect(said.code).toBe(code);
    expect(said.message).not.toContain(VALUE);
    expect(fs.existsSync(join(folder.dir, "secrets.json"))).toBe(false);
  });
}

test("one too many is refused", async () => {
  using folder = testFolder();
  const names = Array.from({ length: LIMITS.secrets }, (_, i) => `S${i}`);
  const entry = { hosts: [], at: 0, value: VALUE };
  const secrets = Object.fromEntries(names.map((name) => [name, entry]));
  const file = join(folder.dir, "secrets.json");
  fs.writeFileSync(file, JSON.stringify({ v: 1, kept: { by: "file" }, secrets }), { mode: 0o600 });
  const store = storeIn(folder);
  expect((await refusal(() => store.set("T", VALUE, { hosts: [] }))).code).toBe("secret.too_many");
  expect((await store.set("S1", VALUE, { hosts: [] })).name).toBe("S1");
});

const BROKEN: readonly (readonly [string, string, number, string])[] = [
  ["that is no JSON", `{"v":1,"secrets":{"A":${VALUE}}}`, 0o600, "secret.damaged"],
  ["of another shape", JSON.stringify({ v: 2, value: VALUE }), 0o600, "secret.damaged"],
  ["that others may read", JSON.stringify({ v: 1 }), 0o644, "key.unsafe"],
];
for (const [what, text, mode, code] of BROKEN) {
  test(`a file ${what} is refused without a word of what is in it`, async () => {
    using folder = testFolder();
    fs.writeFileSync(join(folder.dir, "secrets.json"), text, { mode });
    fs.chmodSync(join(folder.dir, "secrets.json"), mode);
    for (const act of [() => storeIn(folder).open(), () => storeIn(folder).list()]) {
      const said = await refusal(act);
      expect(said.code).toBe(code);
      expect(`${said.message} ${said.next}`).not.toContain(VALUE);
    }
  });
}

test("a value changed in a keyring's file is named, one without its keyring is locked", async () => {
  using folder = testFolder();
  const secrets = { A: { hosts: [], at: 0, value: "AAAA" } };
  const file = { v: 1, kept: { by: "keyring" }, secrets };
  fs.writeFileSync(join(folder.dir, "secrets.json"), JSON.stringify(file), { mode: 0o600 });
  expect((await refusal(() => storeIn(folder).open())).code).toBe("secret.locked");
  const wanted = { hosts: [], keep: "keyring" } as const;
  using empty = testFolder();
  expect((await refusal(() => storeIn(empty).set("A", VALUE, wanted))).code).toBe(
    "secret.no_keyring",
  );
});

test("what a killed process left half written is gone with the next change", async () => {
  using folder = testFolder({ ".secrets.json.4711.0.tmp": VALUE });
  await storeIn(folder).set("A", VALUE, { hosts: [] });
  expect(fs.readdirSync(folder.dir)).toEqual(["secrets.json"]);
});

test("ten processes' worth of changes at once lose nothing", async () => {
  using folder = testFolder();
  const names = Array.from({ length: 10 }, (_, i) => `S${i}`);
  const parts = { clock: systemClock };
  await Promise.all(names.map((name) => storeIn(folder, parts).set(name, VALUE, { hosts: [] })));
  expect((await storeIn(folder).list()).map(({ name }) => name)).toEqual(names);
});
