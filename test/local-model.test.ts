import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { writeGguf } from "../src/models/testing/gguf.ts";
import { person } from "./support/nanos.ts";

setDefaultTimeout(120_000);

/** A model in a file on this machine: set up, asked, and its call of a tool judged and recorded. */

const ENGINE = process.env["NANOS_TEST_ENGINE"];
const LACKING = "not available: node-llama-cpp (npm test installs it)";

test("a model in a file calls a tool and answers", async () => {
  if (ENGINE === undefined) return console.log(LACKING);
  using me = person();
  writeGguf(join(me.userHome, "small.gguf"), [
    ["?", "||", "call", ": "],
    ["▁", "ec", "ho", "("],
    ["(", '{"', "text", '": "', "anybody", '"', "}", ")"],
    // What comes of a call ends in a line break.
    ["<0x0A>", "Nobody ", "answers."],
  ]);
  await me.nanos("init", "--from", "toy");
  const added = await me.nanos(
    ...["model", "add", "small", "--adapter", "gguf", "--file", "small.gguf", "--package", ENGINE],
  );
  expect([added.code, added.err]).toEqual([0, ""]);
  await me.nanos("model", "use", "small");
  const ran = await me.nanos("run", "Is there anybody?");
  expect([ran.code, ran.out]).toEqual([0, "Nobody answers.\n"]);
  const listed = await me.nanos("trace", "list", "--json");
  const [{ run }] = JSON.parse(listed.out) as [{ run: string }];
  const shown = await me.nanos("trace", "show", run);
  expect(shown.out).toMatch(/echo .*anybody/u);
});

test("without its engine it says what to install", async () => {
  using me = person();
  writeGguf(join(me.userHome, "small.gguf"), []);
  const args = ["model", "add", "small", "--adapter", "gguf", "--file", "small.gguf"];
  const refused = await me.run(args, { env: { PATH: "" } });
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("npm install --global node-llama-cpp@");
});
