import { expect, test } from "bun:test";
import type { Grant } from "../contracts/config.ts";
import { grantFor, isEndorsed, isTextSaid } from "./endorse.ts";
import { aStanding, NOW } from "./gate.fixtures.ts";
import type { Standing } from "./gate.ts";
import { parseScope } from "./scopes.ts";

function check(scope: string, expected: boolean, change: Partial<Standing>): void {
  const endorsed = isEndorsed(parseScope(scope), aStanding(change));
  expect([scope, change.said ?? change.grant, endorsed]).toEqual([
    scope,
    change.said ?? change.grant,
    expected,
  ]);
}

const SAID: readonly (readonly [string, string, boolean])[] = [
  ["read https://example.org/a?b=c#d please", "net:example.org:443", true],
  ["READ HTTPS://EXAMPLE.ORG", "net:example.org:443", true],
  ["see example.org.", "net:example.org", true],
  ["see (example.org), then go", "net:example.org", true],
  ["see [the page](https://example.org/a).", "net:example.org", true],
  ["see <https://example.org>", "net:example.org", true],
  ["see 'example.org/path'!", "net:example.org", true],
  ["a.example,example.org;b.example", "net:example.org", true],
  ["http://example.org/", "net:example.org:443", true],
  ["http://example.org/", "net:example.org:80", true],
  ["https://example.org/", "net:example.org:80", false],
  ["https://example.org:8443/", "net:example.org:8443", true],
  ["https://example.org:8443/", "net:example.org:443", false],
  ["example.org:22", "net:example.org:443", false],
  ["https://93.184.215.14/x", "net:93.184.215.14", true],
  ["https://[2606:4700::1111]/x", "net:[2606:4700::1111]:443", true],

  ["read https://example.org.evil.com/", "net:example.org", false],
  ["read https://evilexample.org/", "net:example.org", false],
  ["read https://sub.example.org/", "net:example.org", false],
  ["read https://example.org/", "net:sub.example.org", false],
  ["read https://example.org@evil.com/", "net:example.org", false],
  ["read https://example.org:443@evil.com/", "net:example.org", false],
  ["read https://evil.com@example.org/", "net:example.org", false],
  ["read https://example.org\\@evil.com/", "net:example.org", false],
  ["read https://evil.com/?u=example.org", "net:example.org", false],
  ["read https://evil.com/example.org/", "net:example.org", false],
  ["read https://evil.com/#(example.org)", "net:example.org", false],
  ["read https://evil.com/a,https://example.org/", "net:example.org", false],
  ["write to bob@example.org", "net:example.org", false],
  ["the file example.org-notes.md", "net:example.org", false],
  ["my-example.org", "net:example.org", false],
  ["ssh://example.org/", "net:example.org", false],
  [`https://evil.com/${"a".repeat(5_000)}(example.org)`, "net:example.org", false],
  ["anywhere", "net:*", false],
  ["any host *", "net:*", false],

  ["put it in /srv/out.txt.", "write:/srv/out.txt", true],
  ["put it in /srv/out/", "write:/srv/out", true],
  ["put it in `/srv/out`", "write:/srv/out", true],
  ["put it in /srv/out", "write:/srv/out/sub", false],
  ["put it in /srv/out/sub", "write:/srv/out", false],
  ["put it in /srv/outer", "write:/srv/out", false],
  ["put it in ./srv/out", "write:/srv/out", false],
  ["put it in https://x.org/srv/out", "write:/srv/out", false],
  ["everything under /", "write:/", false],
  ["look at /srv/in.txt", "read:/srv/in.txt", true],

  ["run /usr/bin/git status", "exec:/usr/bin/git", true],
  ["run /usr/bin/git/", "exec:/usr/bin/git", false],
  ["make a list and find it with git", "exec:make", false],
  ["make a list and find it with git", "exec:git", false],
  ["use the secret GITHUB", "secret:GITHUB", false],
  ["", "net:example.org", false],
];

for (const [said, scope, expected] of SAID) {
  const name = `${JSON.stringify(said.slice(0, 60))} ${expected ? "endorses" : "does not endorse"} ${scope}`;
  test(name, () => check(scope, expected, { said }));
}

const GRANTED: readonly (readonly [string, string, boolean])[] = [
  ["net:127.0.0.1:8000", "net:127.0.0.1:8000", true],
  ["net:127.0.0.1:8000", "net:0x7f.1:8000", true],
  ["net:127.0.0.1:8000", "net:127.0.0.1:8001", false],
  ["net:example.org", "net:example.org:443", true],
  ["net:*", "net:example.org:443", false],
  ["net:*", "net:*", true],
  ["exec:git", "exec:git", true],
  ["exec:git", "exec:github", false],
  ["write:/srv/out", "write:/srv/out/a.txt", true],
  ["write:/srv/out/a.txt", "write:/srv/out", false],
  ["read:/srv", "write:/srv/a", false],
  ["secret:GITHUB", "secret:GITHUB", false],
];

for (const [granted, scope, expected] of GRANTED) {
  test(`a grant of ${granted} ${expected ? "endorses" : "does not endorse"} ${scope}`, () => {
    const grant = { skill: "notes", scopes: [granted], hash: "hash", at: 0 };
    check(scope, expected, { grant });
    check(scope, false, { grant: { ...grant, expires: NOW } });
    check(scope, false, { grant: { ...grant, hash: "before" } });
    check(scope, expected, { grant: { ...grant, hash: null } });
  });
}

const given = (change: Partial<Grant>): Grant => ({
  ...{ skill: "notes", scopes: ["net:a.example"], hash: null, at: 0 },
  ...change,
});
const WIDE = given({ scopes: ["net:a.example", "net:b.example"] });
const OVER = given({ expires: NOW });
const TAKEN = given({ revoked: true });

test.each<readonly [string, readonly Grant[], Grant | null]>([
  ["none", [], null],
  ["none of its own", [given({ skill: "other" })], null],
  ["the one that holds", [OVER, given({})], given({})],
  [
    "one that ends later, not one that is over",
    [OVER, given({ expires: NOW + 1 })],
    given({ expires: NOW + 1 }),
  ],
  ["one that ends later", [given({ expires: NOW + 1 })], given({ expires: NOW + 1 })],
  ["the first that is there, where none holds", [OVER, given({ hash: "before" })], OVER],
  ["all that hold together", [given({}), given({ scopes: ["net:b.example"] })], WIDE],
  ["one taken back before all others", [WIDE, TAKEN], TAKEN],
  [
    "one taken back from this agent",
    [WIDE, given({ revoked: true, agent: "oracle" })],
    given({ revoked: true, agent: "oracle" }),
  ],
  ["not one taken back from another", [WIDE, given({ revoked: true, agent: "helper" })], WIDE],
  [
    "nothing, where all there is was taken from another",
    [given({ revoked: true, agent: "x" })],
    null,
  ],
  ["one of this run", [given({ run: "r1" })], given({ run: "r1" })],
  ["another's other skill never", [given({ skill: "other", revoked: true }), WIDE], WIDE],
])("of the yeses to a skill it is judged by %s", (_, grants, expected) => {
  const here = { now: NOW, skillHash: "hash", run: "r1", agent: "oracle" };
  expect(grantFor(grants, "notes", here)).toEqual(expected);
});

test.each(["secret:GITHUB", "env:HOME", "model:m", "agent:a", "memory:m", "malformed"])(
  "words alone endorse no %s",
  (scope) => check(scope, false, { said: `use GITHUB HOME m a malformed ${scope}` }),
);

const WORDS: readonly (readonly [string, string, boolean])[] = [
  ["pay 100 EUR", "100", true],
  ["pay $100.", "100", true],
  ["pay 100€!", "100", true],
  ["pay 1000 EUR", "100", false],
  ["pay 100.50 EUR", "100", false],
  ["pay 100,000 EUR", "100", false],
  ["pay 1,100 EUR", "100", false],
  ["pay -100 EUR", "100", false],
  ["amount=100", "100", true],
  ["delete the draft", "delete", true],
  ["undelete the draft", "delete", false],
  ["pay", "", false],
];

for (const [said, text, expected] of WORDS) {
  test(`${JSON.stringify(said)} ${expected ? "says" : "does not say"} ${JSON.stringify(text)}`, () =>
    expect(isTextSaid(said, text)).toBe(expected));
}
