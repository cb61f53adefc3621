import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { MODEL_FAILURES, mayPass, modelError, modelFailure } from "./failures.ts";

test("every code is made to happen by some test", async () => {
  const here = new URL(".", import.meta.url).pathname;
  const files = (await readdir(here, { recursive: true })).filter((file) =>
    /(?:(?<!failures)\.test|cases)\.ts$/u.test(file),
  );
  const tests = (await Promise.all(files.map((file) => readFile(here + file, "utf8")))).join("\n");
  const untested = Object.keys(MODEL_FAILURES).filter((code) => !tests.includes(`"${code}"`));
  expect(untested).toEqual([]);
});

test("every failure has a sentence and a next step", () => {
  for (const { says, next } of Object.values(MODEL_FAILURES)) {
    expect(says).toMatch(/^[A-Z{].*[.}]$/u);
    expect(next).toMatch(/^.+\.$/u);
  }
});

test("what is filled in is short and drives no terminal", () => {
  const failure = modelFailure(
    "model.not_found",
    { host: "h:1", id: "a\u001b[2Jb" },
    "x\n".repeat(500),
  );
  expect(failure.message).toMatch(/^h:1 has no model ab\. It said: (?:x )+x?…$/u);
  expect(failure.message.length).toBeLessThan(400);
  const error = modelError("model.no_key", { model: "m", keyEnv: "K" });
  expect([error.code, error.message]).toEqual([
    "model.no_key",
    "Model m needs a key, and the variable K is empty.",
  ]);
});

test("only what passes by itself is tried again", () => {
  const passing = Object.keys(MODEL_FAILURES).filter((code) => mayPass({ code, message: "" }));
  expect(passing).toEqual([
    "model.rate_limited",
    "model.overloaded",
    "model.provider_error",
    "model.cut",
  ]);
  expect(mayPass({ code: "tool.broken", message: "" })).toBe(false);
});
