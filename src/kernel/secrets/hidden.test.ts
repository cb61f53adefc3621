import { expect, test } from "bun:test";
import { plainText } from "../../std/text.ts";
import { openGuard } from "./guard.ts";

/** A secret among characters that are dropped where a text is shown. */
const VALUE = "tok/7Hq2+ZpW9=vT4 bN6xL&end";

test.each([
  ["UTF-16", Buffer.from(VALUE, "utf16le").toString("utf8")],
  ["UTF-16, the other way round", Buffer.from(VALUE, "utf16le").swap16().toString("utf8")],
  ["control characters", VALUE.replaceAll(/./gu, "$&\u0001")],
])("in %s it is no other: neither a text nor a file holds it", async (_, hidden) => {
  const guard = openGuard({ open: async () => new Map([["key", { value: VALUE, hosts: [] }]]) });
  await guard.ready();
  const { value, held } = guard.clean({ text: `it is ${hidden}, and ${VALUE}.` });
  expect([plainText(value.text), held]).toEqual(["it is [secret:key], and [secret:key].", ["key"]]);
  const untouched = { text: "a\u0001b\0c and nothing else" };
  expect(guard.clean(untouched)).toEqual({ value: untouched, held: [] });
  const bytes = Buffer.from(`it is ${hidden}, and more`);
  const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
  expect(guard.search()?.([bytes])).toEqual(["key"]);
  expect(guard.search()?.(pieces)).toEqual(["key"]);
});
