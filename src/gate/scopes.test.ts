import { expect, test } from "bun:test";
import fc from "fast-check";
import { covers, narrow, parseScope, reachOf } from "./scopes.ts";

const COVERS: readonly (readonly [string, string, boolean])[] = [
  ["read:/a", "read:/a", true],
  ["read:/a/", "read:/a//b/./c", true],
  ["read:/a", "read:/ab", false],
  ["read:/a", "write:/a", false],
  ["write:/a", "read:/a", false],
  ["read:/", "read:/a", true],
  ["read:/a/b", "read:/a", false],
  ["read:/a", "read:/a/../b", false],
  ["read:/a", "read:/a/..", false],
  ["read:/a/..", "read:/a", false],
  ["read:/a", "read:a", false],
  ["read:.", "read:/a", false],
  ["net:Example.org", "net:example.org:443", true],
  ["net:example.org:80", "net:example.org", false],
  ["net:*", "net:example.org:80", true],
  ["net:example.org", "net:*", false],
  ["net:*", "net:exa mple.org", false],
  ["net:*.example.org", "net:a.example.org", false],
  ["net:127.0.0.1:80", "net:2130706433:80", true],
  ["exec:git", "exec:git", true],
  ["exec:git", "exec:Git", false],
  ["secret:A", "secret:AB", false],
  ["odd:a", "odd:a", false],
  ["read:/a\n", "read:/a\n", false],
  ["nonsense", "nonsense", false],
];

for (const [wide, wanted, expected] of COVERS) {
  const name = `${JSON.stringify(wide)} ${expected ? "covers" : "does not cover"} ${JSON.stringify(wanted)}`;
  test(name, () => expect(covers(parseScope(wide), parseScope(wanted))).toBe(expected));
}

test("narrow keeps what lies in both, the narrower of each pair", () => {
  const check = (parent: string[], own: string[], expected: string[]): void =>
    expect(narrow(parent, own)).toEqual(expected);
  check(["read:/a"], ["read:/a/b", "read:/c"], ["read:/a/b"]);
  check(["read:/a/b", "read:/a/c"], ["read:/a"], ["read:/a/b", "read:/a/c"]);
  check(["net:*"], ["net:example.org"], ["net:example.org:443"]);
  check(["net:example.org"], ["net:*"], ["net:example.org:443"]);
  check(["net:a.org:80"], ["net:a.org"], []);
  check(["exec:git", "exec:git"], ["exec:git", "exec:rg"], ["exec:git"]);
  check(["read:/a", "read:/"], ["read:/a/../b", "read:x"], []);
  check([], ["read:/a"], []);
});

test("reach names each scope once, and any host only where none is named", () => {
  const texts = (scopes: string[], destinations: string[]): string[] =>
    reachOf(scopes, destinations).map(({ text }) => text);
  expect(texts(["net:*", "read:/a"], ["net:EXAMPLE.org", "net:example.org:443"])).toEqual([
    "net:example.org:443",
    "read:/a",
  ]);
  expect(texts(["net:*", "net:a.org"], ["exec:git"])).toEqual([
    "exec:git",
    "net:*",
    "net:a.org:443",
  ]);
  expect(texts(["net:*"], ["net:a.org", "read:/a"])).toEqual(["net:a.org:443", "read:/a"]);
  expect(texts(["net:*"], ["net:*", "net:a.org"])).toEqual(["net:*", "net:a.org:443"]);
});

const name = fc.constantFrom("a", "b", "c");
const scope = fc.oneof(
  fc
    .tuple(fc.constantFrom("read", "write"), fc.array(name, { maxLength: 3 }))
    .map(([kind, parts]) => `${kind}:/${parts.join("/")}`),
  fc.constantFrom("net:*", "net:a.org:443", "net:a.org", "net:b.org:80", "net:127.0.0.1:80"),
  fc
    .tuple(fc.constantFrom("exec", "env", "secret", "agent"), name)
    .map(([kind, value]) => `${kind}:${value}`),
);

test("down a tree of any shape, no child reaches what its parent does not", () => {
  const level = fc.array(scope, { maxLength: 5 });
  fc.assert(
    fc.property(level, fc.array(level, { maxLength: 4 }), scope, (root, manifests, wanted) => {
      const within = (scopes: readonly string[]): boolean =>
        scopes.some((one) => covers(parseScope(one), parseScope(wanted)));
      let reach = root;
      for (const manifest of manifests) {
        const child = narrow(reach, manifest);
        if (within(child)) expect([within(reach), within(manifest)]).toEqual([true, true]);
        if (within(reach) && within(manifest)) expect(within(child)).toBe(true);
        reach = child;
      }
    }),
  );
});
