import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelConfig, ModelEnd } from "../contracts/model.ts";
import { fakeClock } from "../std/clock.ts";
import { NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { countingRandom } from "../std/random.ts";
import type { ModelDeps } from "./adapter.ts";
import { ADAPTERS } from "./adapters.ts";
import { openModel } from "./open.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "nanos-models-"));
  await writeFile(join(dir, "good.yaml"), "turns:\n  - say: from yaml\n");
  await writeFile(join(dir, "good.json"), '{"turns":[{"say":"from json"}]}');
  await writeFile(join(dir, "bad.yaml"), "turns: [");
  await writeFile(join(dir, "bad.json"), "{");
  await writeFile(join(dir, "empty.yaml"), "");
  await writeFile(join(dir, "large.yaml"), " ".repeat(LIMITS.scriptBytes + 1));
});
afterAll(() => rm(dir, { recursive: true }));

const deps = (): ModelDeps => ({
  env: { KEY: "secret", EMPTY: " ", TWO: "a\nb" },
  clock: fakeClock(),
  random: countingRandom(),
  arrangementDir: dir,
  routes: [],
});

test("the list holds every file of the folder and nothing else", async () => {
  const files = await readdir(new URL("./adapters/", import.meta.url).pathname);
  const names = files.map((file) => file.replace(/\.ts$/u, "")).toSorted();
  expect(names).toEqual(Object.keys(ADAPTERS).toSorted());
});

/** What a config is refused with: the code, and a word of the sentence. */
function refuse(name: string, config: ModelConfig, code: string, says: string): void {
  test(`refused: ${name}`, async () => {
    const error = await openModel("local", config, deps()).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(NanosError);
    const { code: got, message, next } = error as NanosError;
    expect(got).toBe(code);
    expect(message).toContain(says);
    expect(next).not.toBe("");
    expect(message + next).not.toContain("{");
  });
}

const URL_ = "http://127.0.0.1:1/v1";
const compatible = { adapter: "openai-compatible", model: "m" } as const;
refuse("no url", compatible, "model.bad_config", "no `url`");
refuse(
  "no model",
  { adapter: "openai-compatible", url: URL_ },
  "model.bad_config",
  "no `model` id",
);
refuse("not a url", { ...compatible, url: "here" }, "model.bad_config", "not a URL");
refuse("not http", { ...compatible, url: "file:///x" }, "model.bad_config", "not http");
refuse("a password", { ...compatible, url: "http://a:b@x/" }, "model.bad_config", "password");
refuse("no key", { ...compatible, url: URL_, keyEnv: "NONE" }, "model.no_key", "NONE");
refuse("an empty key", { ...compatible, url: URL_, keyEnv: "EMPTY" }, "model.no_key", "EMPTY");
refuse("a key of two lines", { ...compatible, url: URL_, keyEnv: "TWO" }, "model.no_key", "line");
refuse("a secret of no store", { ...compatible, url: URL_, keySecret: "S" }, "model.no_key", "S");
refuse("no default key", { adapter: "openai", model: "m" }, "model.no_key", "OPENAI_API_KEY");
refuse("no default key", { adapter: "anthropic", model: "m" }, "model.no_key", "ANTHROPIC_API_KEY");
refuse("no mapping", { adapter: "http", url: URL_ }, "model.bad_config", "`http`");
refuse("no file", { adapter: "script" }, "model.bad_config", "`file`");
const script = (file: string): ModelConfig => ({ adapter: "script", file });
refuse("a file outside", script("../x.yaml"), "model.bad_config", "outside");
refuse("a missing file", script("none.yaml"), "model.bad_script", "no such file");
refuse("broken YAML", script("bad.yaml"), "model.bad_script", "bad.yaml");
refuse("broken JSON", script("bad.json"), "model.bad_script", "bad.json");
refuse("an empty file", script("empty.yaml"), "model.bad_script", "empty.yaml");
refuse("a file too large", script("large.yaml"), "model.bad_script", "larger");

async function answerOf(config: ModelConfig, more: Partial<ModelDeps> = {}): Promise<ModelEnd> {
  const model = await openModel("local", config, { ...deps(), ...more });
  const request = { system: "", messages: [], tools: [], agent: "oracle" };
  let end: ModelEnd | undefined;
  for await (const event of model.stream(request, new AbortController().signal)) {
    if (event.type === "end") end = event;
  }
  return end as ModelEnd;
}

test("scripts are read from YAML and JSON, relative or absolute", async () => {
  for (const [file, text] of [
    ["good.yaml", "from yaml"],
    ["good.json", "from json"],
    [join(dir, "good.yaml"), "from yaml"],
  ] as const) {
    expect((await answerOf(script(file))).message.parts).toEqual([{ type: "text", text }]);
  }
});

test("rules tells what its routes can do, and how to add a model", async () => {
  const routes = Array.from({ length: 22 }, (_, i) => ({
    id: `r${i}`,
    match: "x",
    say: "x",
    example: `do ${i}\nmore`,
    counter: "y",
  }));
  const end = await answerOf({ adapter: "rules" }, { routes });
  const [part] = end.message.parts;
  const text = part?.type === "text" ? part.text : "";
  expect(text).toContain("- do 0\n- do 1\n");
  expect(text).toContain("- do 19\n- and 2 more");
  expect(text).toContain("`nanos model list`");
  expect(text).toContain("`nanos model add`");
});

/** Where a model's requests go and what it costs, without any being made. */
function describes(
  name: string,
  config: ModelConfig,
  host: string | null,
  price: { input: number; output: number } | null,
): void {
  test(`host and price: ${name}`, async () => {
    const model = await openModel("local", config, deps());
    expect({ host: model.host, price: model.price }).toEqual({ host, price });
  });
}

const FREE = { input: 0, output: 0 };
const at = (url: string): ModelConfig => ({ ...compatible, url });
describes("loopback", at("http://127.0.0.1:1234/v1"), "127.0.0.1:1234", FREE);
describes("localhost", at("http://localhost:80/v1"), "localhost:80", FREE);
describes("IPv6 loopback", at("http://[::1]:8080"), "[::1]:8080", FREE);
describes("elsewhere", at("https://example.org/v1"), "example.org:443", null);
describes("a look-alike", at("http://127.0.0.1.example.org"), "127.0.0.1.example.org:80", null);
describes(
  "a price",
  { ...at("https://example.org"), price: { input: 1, output: 2 } },
  "example.org:443",
  { input: 1, output: 2 },
);
describes("openai", { adapter: "openai", model: "m", keyEnv: "KEY" }, "api.openai.com:443", null);
describes("ollama", { adapter: "ollama", model: "m" }, "127.0.0.1:11434", FREE);
describes("rules", { adapter: "rules" }, null, FREE);

test("only the named variable of the environment is read", async () => {
  const read: string[] = [];
  const env = new Proxy({ KEY: "secret" } as Record<string, string>, {
    get: (target, name) => {
      read.push(String(name));
      return target[String(name)];
    },
  });
  await openModel("local", { ...compatible, url: URL_, keyEnv: "KEY" }, { ...deps(), env });
  await openModel("local", { ...compatible, url: URL_ }, { ...deps(), env });
  expect(read).toEqual(["KEY"]);
});

test("a stored secret is asked for by name, for the very host of the URL", async () => {
  const asked: string[] = [];
  const secret = async (name: string, host: string): Promise<string> => {
    asked.push(`${name} ${host}`);
    if (host !== "api.openai.com:443") throw new NanosError("secret.not_bound", "No.", "Bind it.");
    return "stored-key";
  };
  const given = { ...deps(), secret };
  await openModel("m", { adapter: "openai", model: "m", keySecret: "S", keyEnv: "EMPTY" }, given);
  const elsewhere = openModel("m", { ...compatible, url: URL_, keySecret: "S" }, given);
  expect(await elsewhere.catch((error: unknown) => (error as NanosError).code)).toBe(
    "secret.not_bound",
  );
  expect(asked).toEqual(["S api.openai.com:443", "S 127.0.0.1:1"]);
});
