import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { person } from "./support/nanos.ts";

setDefaultTimeout(120_000);

/** An arrangement on its way: checked, written out here, taken over there. */

describe("check", () => {
  test("says file, line and the right name, in words and as JSON, and makes no home", async () => {
    using me = person();
    const file = join(me.userHome, "research.md");
    fs.writeFileSync(file, "---\nname: research\ndescription: R.\nskils: [web]\n---\nYou look.\n");
    const shown = await me.nanos("check", file);
    expect(shown.code).toBe(2);
    expect(shown.out).toContain("research.md:4:1  unknown field 'skils'; did you mean 'skills'?");
    expect(JSON.parse((await me.nanos("check", file, "--json")).out)).toMatchObject({
      kind: "agent",
      ok: false,
      problems: [{ file: "research.md", line: 4, column: 1 }],
    });
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("skils", "skills"));
    const again = await me.nanos("check", file);
    expect([again.code, again.out.startsWith("fits ")]).toEqual([0, true]);
    expect(fs.existsSync(join(me.userHome, ".nano-os"))).toBe(false);
  });

  test("an exported run is what the contract says", async () => {
    using me = person();
    await me.nanos("run", "hello", "--yes");
    const [line] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as { run: string }[];
    await me.nanos("trace", "export", line?.run ?? "", join(me.userHome, "run.jsonl"));
    const shown = await me.nanos("check", "run.jsonl");
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining("read as event")]);
  });
});
