import { expect, test } from "bun:test";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { lintSource } from "@secretlint/core";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";
import { KINDS, corpus } from "./corpus.fixtures.ts";
import { findSensitive, redactSensitive } from "./sensitive.ts";

const ROOT = join(import.meta.dirname, "../../..");

test("at least 95 of 100 made-up secrets are found, and of no kind are most missed", () => {
  const all = [1, 2, 3].flatMap((seed) => corpus(seed, 5));
  const missed = all.filter(({ text }) => findSensitive(text).length === 0);
  expect(KINDS).toBeGreaterThanOrEqual(40);
  expect(all.length).toBeGreaterThanOrEqual(200);
  expect(missed.length / all.length).toBeLessThan(0.05);
  const kinds = Map.groupBy(missed, ({ kind }) => kind);
  expect([...kinds].filter(([, some]) => some.length > 7).map(([kind]) => kind)).toEqual([]);
});

test("ordinary text gives at most ten false hits in a million characters", () => {
  let size = 0;
  const hits: string[] = [];
  for (const file of ordinary()) {
    const text = readFileSync(file, "utf8");
    size += text.length;
    // An address in a readme is one; it is no false hit.
    const found = findSensitive(text).filter(({ kind }) => kind !== "email");
    hits.push(...found.map(({ kind, start, end }) => `${kind} ${file}: ${text.slice(start, end)}`));
  }
  expect(size).toBeGreaterThan(1_000_000);
  expect(hits.length, hits.join("\n")).toBeLessThanOrEqual((size / 1_000_000) * 10);
});

test("what another scanner finds in the same texts is found here too", async () => {
  const config = { rules: [{ id: "@secretlint/secretlint-rule-preset-recommend", rule: creator }] };
  const missed: string[] = [];
  let theirs = 0;
  for (const { kind, text } of corpus(4, 5)) {
    const source = { filePath: "/a.txt", content: text, ext: ".txt", contentType: "text" } as const;
    const { messages } = await lintSource({ source, options: { config: config as never } });
    if (messages.length > 0) theirs += 1;
    const ours = findSensitive(text);
    const over = messages.filter(
      ({ range: [start, end] }) => !ours.some((hit) => hit.start < end && hit.end > start),
    );
    missed.push(...over.map(({ ruleId, message }) => `${kind}: ${ruleId} ${message}`));
  }
  expect(theirs).toBeGreaterThan(40);
  expect(missed.length, missed.join("\n")).toBeLessThanOrEqual(2);
});

const NOT_SENSITIVE: readonly string[] = [
  "The password is required and must be at least 12 characters long.",
  "password: z.string().min(8)",
  "const token = await readToken(config.tokenFile);",
  "api_key = process.env.WEATHER_API_KEY",
  "Authorization: Bearer <token>",
  "Authorization: Bearer $GITHUB_TOKEN",
  "the bearer of good news",
  "postgres://user:password@localhost/db",
  "sk-learn-style-estimators-for-everyone",
  "max_tokens: 4096, secret:gh, key: value",
  "sha512-3v4yKJ7wqQ1vHh3H0h7WmJ1gqj2T5w5n6u6x7y8z9A==",
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "1795000000000 4111111111111112 react@18.2.0-rc.1 git@github.com:a/b.git",
  "version 415.555.0100.2 on 2026-11-26, room 078-05",
];

for (const text of NOT_SENSITIVE) {
  test(`nothing sensitive: ${text.slice(0, 40)}`, () => {
    expect(findSensitive(text)).toEqual([]);
  });
}

test("a hit says its kind, its class and where it is; what names it stays", () => {
  const text = "my password is hunter22, card 4111 1111 1111 1111, mail ada@example.org.";
  const told = findSensitive(text).map(({ kind, class: of, start, end }) => [
    kind,
    of,
    text.slice(start, end),
  ]);
  expect(told).toEqual([
    ["password", "secret", "hunter22"],
    ["card", "personal", "4111 1111 1111 1111"],
    ["email", "personal", "ada@example.org"],
  ]);
  expect(redactSensitive(text)).toBe("my password is [password], card [card], mail [email].");
  expect(redactSensitive(text, ["secret"])).toContain("is [password], card 4111");
});

test("a secret is found however long the line before it, and a key with its whole body", () => {
  const key = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
  const found = findSensitive(`${"a ".repeat(50_000)}${key}`);
  expect(found).toEqual([{ kind: "github-token", class: "secret", start: 100_000, end: 100_040 }]);
  const pem = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,7\n\n${"MIIB+/0123456789ab".repeat(150)}\n-----END RSA PRIVATE KEY-----`;
  expect(redactSensitive(`a ${pem} b`)).toBe("a [private-key] b");
});

test("no text takes more than a straight line", () => {
  const hostile = [
    "-----BEGIN RSA PRIVATE KEY-----",
    "eyJ",
    "eyJa.eyJ",
    "://a:",
    "password is ",
    "api_key for the ",
    "secret secret ",
    "@a.",
    "+1 ",
    "4111 ",
    "DE12 ",
    "sk-",
    "login a password",
    "seed phrase: abc ",
    "cookie: ",
    "bearer a",
    "otpauth://?",
    ":AA:AA",
  ];
  for (const piece of hostile) {
    const text = piece.repeat(Math.ceil(400_000 / piece.length));
    // Anything worse than linear does not come back before the runner gives up.
    expect(findSensitive(text).length).toBeLessThan(text.length);
  }
});

/** Documents of this repository, readmes of packages, the lockfile. */
function ordinary(): string[] {
  const under = (dir: string, name: RegExp): string[] =>
    readdirSync(join(ROOT, dir), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && name.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
  return [
    ...["README.md", "ARCHITECTURE.md", "package-lock.json"].map((name) => join(ROOT, name)),
    ...under("docs", /\.md$/u),
    ...under("node_modules", /^(?:readme|changelog)/iu),
  ];
}
