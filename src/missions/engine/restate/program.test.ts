import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { NanosError } from "../../../std/error.ts";
import { findServer } from "./program.ts";

const NATIVE = `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`;
const SCRIPT = "@restatedev/restate-server/lib/index.js";

function check(
  act: (folder: string) => readonly [given: string | undefined, path: string],
): string {
  const folder = mkdtempSync(join(tmpdir(), "nanos-find-"));
  try {
    const [given, path] = act(folder);
    return findServer(given, { PATH: path }).slice(folder.length);
  } catch (error) {
    return error instanceof NanosError ? error.code : String(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function put(...parts: readonly string[]): string {
  const file = join(...parts);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
  chmodSync(file, 0o755);
  return file;
}

/** As npm leaves it: a link to a script, beside which the program of this system is. */
function installed(folder: string, native = true): void {
  const script = put(folder, "lib/node_modules", SCRIPT);
  if (native) put(folder, "lib/node_modules", NATIVE);
  mkdirSync(join(folder, "bin"));
  symlinkSync(script, join(folder, "bin/restate-server"));
}

test("the program itself, on PATH and by its name", () => {
  const alone = (folder: string): string => put(folder, "one/restate-server");
  expect(check((folder) => [undefined, dirname(alone(folder))])).toBe("/one/restate-server");
  expect(check((folder) => [alone(folder), ""])).toBe("/one/restate-server");
  expect(check((folder) => [dirname(alone(folder)), ""])).toBe("/one/restate-server");
});

test("the program that npm's script would start, and not the script", () => {
  const program = `/lib/node_modules/${NATIVE}`;
  expect(check((folder) => (installed(folder), [undefined, join(folder, "bin")]))).toBe(program);
  expect(check((folder) => (installed(folder), [join(folder, "bin/restate-server"), ""]))).toBe(
    program,
  );
});

test("what is not there is said, and nothing of a folder that PATH names without its root", () => {
  expect(check((folder) => [undefined, folder])).toBe("engine.no_server");
  expect(check((folder) => [folder, ""])).toBe("engine.no_server");
  expect(check((folder) => [put(folder, "other"), ""])).toBe("engine.no_server");
  // Made for another system.
  expect(check((folder) => (installed(folder, false), [undefined, join(folder, "bin")]))).toBe(
    "engine.no_server",
  );
  expect(check((folder) => (put(folder, "restate-server"), [undefined, "."]))).toBe(
    "engine.no_server",
  );
});
