import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { inFolder } from "./testing/sample.ts";

/** The journal is not tied to one runtime: the same files, run by Node. */
test("works on Node 24", () =>
  inFolder((dir) => {
    const node = process.env["NANOS_TEST_NODE"] ?? "node";
    const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout ?? "";
    if (Number.parseInt(version.slice(1), 10) < 24 || version === "") {
      process.stdout.write("not available: Node 24 (install it, or name it in NANOS_TEST_NODE)\n");
      return;
    }
    const script = join(import.meta.dirname, "testing", "smoke.ts");
    const { stdout, stderr, status } = spawnSync(node, ["--no-warnings", script, dir], {
      encoding: "utf8",
    });
    expect([stderr, stdout, status]).toEqual(["", "ok\n", 0]);
  }));
