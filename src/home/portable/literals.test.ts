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
