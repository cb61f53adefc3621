import { expect, test } from "bun:test";
import { literalsIn } from "./literals.ts";

const TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
const VALUE = "tok/7Hq2+ZpW9=vT4";
const stored = new Map([["KEY", { value: VALUE }]]);
const text = `one\n${TOKEN}\nthree ${VALUE}\n`;
const wide = Buffer.from(text, "utf16le");

test.each<readonly [string, Uint8Array]>([
  ["as it is", Buffer.from(text)],
  ["in UTF-16", wide],
  ["in UTF-16, the other way round", Buffer.from(wide).swap16()],
  ["in UTF-16 with its mark", Buffer.concat([Buffer.from([0xff, 0xfe]), wide])],
  ["beside a byte that is no text", Buffer.concat([Buffer.from(text), Buffer.from([0xff])])],
])("a secret that stands in a file is found %s, once and by its line", (_, content) => {
  const found = literalsIn(
    [{ path: "a.md", content: Buffer.from(content), mode: 0 } as never],
    stored,
  );
  expect(found).toEqual([
    { path: "a.md", line: 3, what: "the secret KEY" },
    { path: "a.md", line: 2, what: "github-token" },
  ]);
});

const OPAQUE = "opaque9Zq7words";
const heldIn = (path: string, held: string): readonly string[] =>
  literalsIn([{ path, content: Buffer.from(held), mode: 0 } as never], new Map()).map(
    ({ line, what }) => `${line} ${what}`,
  );

test.each<readonly [string, string, string, readonly string[]]>([
  ["after a flag", "mcp.json", `{"args": ["--api-key", "${OPAQUE}"]}`, ["1 a value for --api-key"]],
  [
    "after a flag, inline",
    "tools/a.yaml",
    `command: [a, --token, ${OPAQUE}]`,
    ["1 a value for --token"],
  ],
  [
    "after a flag, item by item",
    "tools/a.yaml",
    `command:\n  - --password\n  - ${OPAQUE}\n`,
    ["2 a value for --password"],
  ],
  [
    "in an address that looks like a mailbox",
    "arrangement.yaml",
    `via: "http://me:${OPAQUE}@x.example"`,
    ["1 url-password"],
  ],
  [
    "in the query of an address",
    "mcp.json",
    `{"url": "https://x.example/?token=${OPAQUE}"}`,
    ["1 labelled-key"],
  ],
  [
    "in a header of a model",
    "arrangement.yaml",
    `headers: { x-api-key: ${OPAQUE} }`,
    ["1 labelled-key"],
  ],
  ["not a handle", "mcp.json", `{"args": ["--api-key", "{secret:KEY}", "--token", "$TOKEN"]}`, []],
  ["not a placeholder", "tools/a.yaml", "command: [a, --token, your-token-here]", []],
  ["not the next flag", "tools/a.yaml", "command: [a, --token, --verbose-output]", []],
])("a secret %s", (_, path, held, found) => expect(heldIn(path, held)).toEqual([...found]));
