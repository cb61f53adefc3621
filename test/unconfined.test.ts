import { expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withoutAnyTier } from "./support/machines.ts";
import { lastLine, type Person, person } from "./support/nanos.ts";

setDefaultTimeout(120_000);

async function withShout(me: Person): Promise<void> {
  await me.nanos("init", "--from", "toy");
  mkdirSync(join(me.userHome, ".nano-os", "tools"), { recursive: true });
  const spec = { name: "shout", description: "Shouts.", command: ["/bin/echo", "HELLO"] };
  writeFileSync(join(me.userHome, ".nano-os", "tools", "shout.yaml"), JSON.stringify(spec));
}

const markFor = (workspace: string): string =>
  `v: 1\nunconfined:\n  - tool: shout\n    workspace: ${workspace}\n`;

const machine = withoutAnyTier();
if (machine === null) {
  console.log("not available: a machine without any sandbox (root, and bubblewrap to make one of)");
} else {
  const under = { under: machine.argv };

  test("where nothing can hold a program it is refused, unless the operator marked it", async () => {
    using me = person();
    await withShout(me);
    const config = join(me.userHome, ".nano-os", "machine", "config.yaml");

    const refused = await me.run(["tool", "call", "shout"], under);
    expect({ code: refused.code, out: refused.out }).toEqual({ code: 4, out: "" });
    // A mark for another workspace is none here.
    writeFileSync(config, markFor("/somewhere/else"));
    expect((await me.run(["tool", "call", "shout"], under)).code).toBe(4);

    writeFileSync(config, markFor(me.userHome));
    expect((await me.run(["tool", "list"], under)).out).toMatch(/shout +shout +UNCONFINED/u);
    const shown = (await me.run(["tool", "show", "shout"], under)).out;
    expect(shown).toMatch(/held by +nothing/u);
    expect(shown).toMatch(/rank +A/u);
    expect((await me.run(["doctor"], under)).out).toContain("shout runs held by no sandbox");

    const waits = await me.run(["tool", "call", "shout"], under);
    expect(waits.code).toBe(3);
    const [ask] = JSON.parse((await me.nanos("approvals", "list", "--json")).out) as {
      id: string;
      run: string;
      what: string;
    }[];
    expect(ask?.what).toContain("held by no sandbox");
    await me.nanos("approvals", "approve", ask?.id ?? "");
    const run = ask?.run ?? "";
    const resumed = await me.run(["resume", run, "--json"], under);
    expect(lastLine(resumed)).toMatchObject({ outcome: "succeeded", unconfined: ["shout"] });

    const trace = (await me.nanos("trace", "show", run)).out;
    expect(trace).toMatch(/shout.*allow A +none/u);
    expect(trace).toContain("ran held by no sandbox: it is marked unconfined");
    expect(trace).toContain("shout unconfined");
    expect((await me.nanos("why", `${run}.1`)).out).toMatch(/network +open/u);
    expect((await me.nanos("trace", "replay", run)).out).toContain("same");
    machine.drop();
  });
}

test("a mark takes nothing away where a sandbox holds the program", async () => {
  using me = person();
  await withShout(me);
  writeFileSync(join(me.userHome, ".nano-os", "machine", "config.yaml"), markFor(me.userHome));
  expect((await me.nanos("tool", "list")).out).not.toContain("UNCONFINED");
});

test("an arrangement cannot mark its own tools", async () => {
  using me = person();
  await withShout(me);
  appendFileSync(join(me.userHome, ".nano-os", "arrangement.yaml"), "\nunconfined: [shout]\n");
  const refused = await me.nanos("tool", "list");
  expect({ code: refused.code, says: refused.err.includes("unconfined") }).toEqual({
    code: 2,
    says: true,
  });
});
