import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NanosError } from "../std/error.ts";
import { asText } from "./terminal.ts";

const MAIN = new URL("testing/scripted-main.ts", import.meta.url).pathname;
const FLAGS = [
  "--config=/dev/null",
  "--no-env-file",
  "--no-install",
  "--tsconfig-override=/dev/null",
];

interface Came {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs nanos in a real process with its standard input from bytes, over a scripted house. */
async function check(
  argv: readonly string[],
  input: Uint8Array | string,
  expected: Partial<Came>,
  shell = "",
): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "nanos-terminal-"));
  try {
    const file = join(home, "script.json");
    const plays = { "*": [{ say: ["x".repeat(200_000)] }], short: [{ say: ["ok"] }] };
    writeFileSync(file, JSON.stringify({ home, plays }));
    writeFileSync(join(home, "input"), input);
    const line = [process.execPath, ...FLAGS, MAIN, file, ...argv];
    // A shell only joins the pipes a test is about; every word is an argument of its own.
    const child = Bun.spawn(
      ["/bin/sh", "-c", `"$@" <"$0" ${shell}`, join(home, "input"), ...line],
      {
        env: { PATH: process.env["PATH"] ?? "" },
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    expect({ code, out, err }).toMatchObject(expected);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

test("standard input: text is read, and what is not text or too much is refused", async () => {
  await check(["run", "-"], "short\n", { code: 0, out: "ok\n" });
  await check(["run", "-"], new Uint8Array([0x68, 0xff, 0xfe]), {
    code: 2,
    out: "",
    err: "error: Standard input is not UTF-8 text.\nConvert it first, for example with iconv -t UTF-8. (usage.input)\n",
  });
  await check(["run", "-"], "x".repeat(1024 * 1024 + 1), { code: 2, out: "" });
  expect(() => asText(new Uint8Array([0xc0]))).toThrow(NanosError);
  expect(asText(new TextEncoder().encode("日本"))).toBe("日本");
}, 60_000);

test("a session on a pipe ends with its input, also in the middle of a line", async () => {
  await check([], "", { code: 0, out: "", err: "" });
  await check([], "short\nshort", { code: 0, out: "ok\nok\n" });
  await check([], `${"x".repeat(1024 * 1024 + 70_000)}`, { code: 2, out: "" });
}, 60_000);

test("a long answer comes whole, and a reader that leaves is no error", async () => {
  await check(["run", "long"], "", { code: 0, out: `${"x".repeat(200_000)}\n` });
  await check(
    ["run", "long"],
    "",
    { code: 0, out: "1\n", err: expect.not.stringContaining("EPIPE") as string },
    "| head -c 1 | wc -c | tr -d ' '",
  );
}, 60_000);

test("the version needs nothing else", async () => {
  const child = Bun.spawn(
    [process.execPath, ...FLAGS, new URL("main.ts", import.meta.url).pathname, "--version"],
    { stdout: "pipe" },
  );
  expect(await new Response(child.stdout).text()).toMatch(/^\d+\.\d+\.\d+\n$/u);
  expect(await child.exited).toBe(0);
}, 60_000);
