import { expect, setDefaultTimeout, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { sha256 } from "../src/std/hash.ts";
import { useScript } from "./support/hand.ts";
import { lastLine, type Person, person, type Result } from "./support/nanos.ts";

setDefaultTimeout(60_000);

/** Images at the command line and in a session, with a model that is said to take them. */

const PNG = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.from("pixels")]);

async function machine(): Promise<Person> {
  const me = person();
  await me.nanos("init", "--from", "toy");
  await useScript(me, [{ say: "A picture." }, { say: "A picture." }, { say: "A picture." }]);
  fs.writeFileSync(join(me.userHome, "a b.png"), PNG);
  return me;
}

const takesImages = (me: Person): Promise<Result> =>
  me.nanos(
    ...["model", "add", "by-hand", "--adapter", "script"],
    ...["--file", "models/by-hand.yaml", "--images"],
  );

/** The digests of the images each run came with, newest first. */
async function given(me: Person): Promise<readonly (readonly string[])[]> {
  const runs = JSON.parse((await me.nanos("trace", "list", "--json")).out) as { run: string }[];
  const all: string[][] = [];
  for (const { run } of runs) {
    const file = join(me.userHome, "run.jsonl");
    fs.rmSync(file, { force: true });
    await me.nanos("trace", "export", run, file);
    const text = fs.readFileSync(file, "utf8");
    expect(text).not.toContain(PNG.toString("base64"));
    all.push([...new Set(text.match(new RegExp(sha256(PNG), "gu")) ?? [])]);
    expect((await me.nanos("trace", "replay", run)).code).toBe(0);
  }
  return all;
}

test("a model that can be sent none is not said to take them", async () => {
  using me = await machine();
  for (const [adapter, ...more] of [
    ["http", "--url", "http://127.0.0.1:9/chat"],
    ["gguf", "--file", "a.gguf"],
    ["rules"],
  ]) {
    const args = ["model", "add", "blind", "--adapter", adapter ?? "", ...more, "--images"];
    const { code, err } = await me.nanos(...args);
    expect([adapter, code, err]).toEqual([adapter, 2, expect.stringContaining("model.no_images")]);
    const told = await me.nanos(...args.slice(0, -1), "--thinking", "low");
    const refused = expect.stringContaining("model.no_thinking");
    expect([adapter, told.code, told.err]).toEqual([adapter, 2, refused]);
  }
});

test("an image is refused with the next thing to do, and taken once the model is said to take it", async () => {
  using me = await machine();
  const refused = await me.nanos("run", "what is this", "--image", "a b.png");
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("--images")]);
  expect((await takesImages(me)).code).toBe(0);
  const done = await me.nanos("run", "what is this", "--image", "a b.png", "--json");
  expect([done.code, lastLine(done)["text"]]).toEqual([0, "A picture."]);
  expect(await given(me)).toEqual([[sha256(PNG)]]);
});

test("in a session it goes with the next message, named or pasted, and with no other", async () => {
  using me = await machine();
  await takesImages(me);
  const lines = ["/image a b.png", "what is this", "and now", `${me.userHome}/a\\ b.png`, "again"];
  const session = await me.run([], { input: `${lines.join("\n")}\n` });
  expect([session.code, session.err.includes("error")]).toEqual([0, false]);
  expect(session.out.match(/a b\.png goes with the next message/gu)).toHaveLength(2);
  expect(await given(me)).toEqual([[sha256(PNG)], [], [sha256(PNG)]]);
});
