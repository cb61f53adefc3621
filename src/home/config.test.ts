import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { fakeClock, systemClock } from "../std/clock.ts";
import { openConfig, openGrants, openTrust } from "./config.ts";
import { refusal, testFolder } from "./testing/folder.ts";

describe("config.yaml", () => {
  test("without a file is empty", async () => {
    using folder = testFolder();
    expect(await openConfig(join(folder.dir, "config.yaml"), fakeClock()).read()).toEqual({
      v: 1,
      models: {},
    });
  });

  test("keeps what a person wrote around a change", async () => {
    using folder = testFolder({
      "config.yaml":
        "# Mine.\nmodel: old # for now\nmodels:\n  # Local.\n  old: {adapter: rules}\n  gone: {adapter: rules}\n",
    });
    const config = openConfig(join(folder.dir, "config.yaml"), systemClock);
    await config.change(({ models: { gone: _, ...models }, ...rest }) => ({
      ...rest,
      model: "new",
      models: { ...models, new: { adapter: "ollama", url: "http://127.0.0.1:11434", model: "x" } },
    }));
    expect(folder.read("config.yaml")).toBe(
      "# Mine.\nmodel: new # for now\nmodels:\n  # Local.\n  old: { adapter: rules }\n" +
        "  new:\n    adapter: ollama\n    url: http://127.0.0.1:11434\n    model: x\nv: 1\n",
    );
    await config.change(({ model: _, ...rest }) => rest);
    expect((await config.read()).model).toBeUndefined();
  });

  const BROKEN: readonly (readonly [string, string, string])[] = [
    ["a field misspelt", "modl: x\n", "config.yaml:1: unknown field 'modl'; did you mean 'model'?"],
    [
      "a model misspelt",
      "models:\n  a: {adaptor: rules}\n",
      "config.yaml:2: missing field 'models.a.adapter'\nconfig.yaml:2: unknown field 'adaptor' in 'models.a'; did you mean 'adapter'?",
    ],
    [
      "no YAML",
      "models: [",
      "config.yaml:1: is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
  ];
  for (const [what, text, expected] of BROKEN) {
    test(`${what} is refused with its line`, async () => {
      using folder = testFolder({ "config.yaml": text });
      const file = join(folder.dir, "config.yaml");
      const { code, message, next } = await refusal(() => openConfig(file, fakeClock()).read());
      expect({ code, message }).toEqual({ code: "config.invalid", message: expected });
      expect(next).toEndWith(`To start without it: mv ${file} ${file}.broken`);
    });
  }

  test("a damaged file is not written over", async () => {
    using folder = testFolder({ "config.yaml": "models: [" });
    const config = openConfig(join(folder.dir, "config.yaml"), systemClock);
    expect((await refusal(() => config.change((c) => c))).code).toBe("config.invalid");
    expect(folder.read("config.yaml")).toBe("models: [");
  });
});

describe("files of machine state", () => {
  const DAMAGED: readonly (readonly [string, string | Uint8Array, string])[] = [
    [
      "cut off",
      '{"v":1,"grants":[',
      "line 1: is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["of another version", '{"v":2,"grants":[]}', "line 1: 'v' must be 1, not the number 2"],
    [
      "with a stranger",
      '{"v":1,"grants":[],"grant":[]}',
      "line 1: unknown field 'grant'; did you mean 'grants'?",
    ],
    ["of other bytes", new Uint8Array([0xff]), "it is not UTF-8 text."],
  ];
  for (const [what, content, why] of DAMAGED) {
    test(`one ${what} is named, with the way back`, async () => {
      using folder = testFolder({ "grants.json": content });
      const file = join(folder.dir, "grants.json");
      const { code, message, next } = await refusal(() => openGrants(file, fakeClock()).read());
      expect({ code, next }).toEqual({
        code: "home.damaged",
        next: `Correct it. To start without it: mv ${file} ${file}.broken`,
      });
      expect(message).toStartWith(`${file} is damaged: ${why}`);
      folder.write({ "grants.json.previous": '{"v":1,"grants":[]}' });
      expect((await refusal(() => openGrants(file, fakeClock()).read())).next).toBe(
        `Correct it. To bring back what was there before: cp ${file}.previous ${file}`,
      );
    });
  }

  test("a folder in a file's place is damage", async () => {
    using folder = testFolder({ "trust.json/x": "" });
    const file = join(folder.dir, "trust.json");
    expect((await refusal(() => openTrust(file, fakeClock()).read())).message).toBe(
      `${file} is damaged: it is not a regular file.`,
    );
  });
});
