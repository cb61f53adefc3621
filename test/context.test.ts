import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContextView } from "../src/contracts/nanos.ts";
import { startMockProvider } from "../src/models/testing/mock-provider.ts";
import { person } from "./support/nanos.ts";

test("a run too long for its model goes on with what fits, and says what was left out", async () => {
  let asked = 0;
  const server = await startMockProvider({
    answer: ({ messages }) => {
      asked += 1;
      if (asked > 12) return { say: "All of it is read." };
      expect(JSON.stringify(messages).length / 4).toBeLessThan(8_000);
      return { say: "Next. ", calls: [{ name: "notes_read", args: { note: "long" } }] };
    },
  });
  using me = person();
  try {
    await me.nanos("init", "--from", "indie-developer");
    mkdirSync(join(me.userHome, "notes"), { recursive: true });
    writeFileSync(join(me.userHome, "notes", "long.md"), "many words in a row\n".repeat(300));
    const at = ["--adapter", "openai-compatible", "--url", server.config("openai").url ?? ""];
    await me.nanos("model", "add", "small", ...at, "--model", "m", "--context", "8000");
    await me.nanos("model", "use", "small");
    const ran = await me.nanos("run", "read the long note again and again");
    expect({ code: ran.code, out: ran.out.trim() }).toMatchObject({ code: 0 });
    const [line] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as { run: string }[];
    const run = line?.run ?? "";
    const view = JSON.parse((await me.nanos("context", run, "--json")).out) as ContextView;
    expect(view).toMatchObject({ run, model: "small", window: 8_000 });
    expect(view.left).toBeGreaterThan(0);
    const most = view.parts.toSorted((a, b) => b.tokens - a.tokens)[0];
    expect(most?.what).toBe("results of notes_read");
    expect((await me.nanos("trace", "show", run)).out).toContain("left out to fit");
    expect((await me.nanos("trace", "replay", run)).code).toBe(0);
    const always = await me.nanos("context");
    expect(always.out).toContain("prompt of oracle");
    expect(always.out).toContain("tools of file-organiser");
    expect((await me.nanos("context", "r0")).code).toBe(2);
  } finally {
    await server.close();
  }
}, 60_000);
