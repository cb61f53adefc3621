import { LIMITS } from "../../std/limits.ts";
import { toolFile } from "./lab.ts";

/** Where bare tools lie in a lab. */
export const TOOLS = "arrangement/tools";

/** Tools that do what they should, and one that does everything it should not. */
export const TOOL_FILES: Readonly<Record<string, string>> = {
  [`${TOOLS}/add.ts`]: `import { tool, z } from "nanos/tool";
import { double } from "../lib/double.ts";
export default tool({
  name: "add",
  description: "Adds.",
  input: z.object({ a: z.number(), b: z.number().default(1), deep: z.object({ list: z.array(z.string()) }).optional() }),
  output: z.object({ sum: z.number() }),
  returns: { integrity: "directory", secrecy: "public" },
  run: ({ a, b }) => ({ sum: double(a) / 2 + b }),
});`,
  "arrangement/lib/double.ts": "export const double = (n: number): number => n * 2;",
  [`${TOOLS}/see.ts`]: toolFile(
    "see",
    `return { workspace: ctx.workspace, now: ctx.now, today: ctx.today, env: { ...process.env }, type: typeof z.object };`,
    `scopes: ["env:SHOWN"],`,
  ),
  [`${TOOLS}/note.ts`]: toolFile(
    "note",
    `
    fs.mkdirSync(ctx.path("notes/sub"), { recursive: true });
    fs.writeFileSync(ctx.path("notes/sub/new.md"), args.text);
    fs.rmSync(ctx.path("notes/old.md"));
    if (args.fail) throw new Error("after writing");
    return fs.readdirSync(ctx.path("notes")).sort();`,
    `scopes: ["read:./notes", "write:./notes"], probe: (args: any, ctx) => !fs.readdirSync(ctx.path("notes")).includes("old.md"),`,
  ),
  [`${TOOLS}/chatty.ts`]: toolFile(
    "chatty",
    `console.log("on stdout"); process.stdout.write("too\\n"); ctx.log("log"); return "said";`,
  ),
  [`${TOOLS}/get.ts`]: toolFile(
    "get",
    `
    const reply = await ctx.fetch(args.url, { method: "post", headers: { a: "b" }, body: "x" });
    const handle = await ctx.secret("key", "example.org");
    return { status: reply.status, ok: reply.ok, text: reply.text(), headers: reply.headers, handle };`,
    `scopes: ["net:*", "secret:key"],`,
  ),
  [`${TOOLS}/bad.ts`]: toolFile(
    "bad",
    `
    switch (args.how) {
      case "throw": return fail("it went wrong", "do it right");
      case "string": throw "just text";
      case "hang": await new Promise((done) => setTimeout(done, 60_000));
      case "spin": for (;;) {}
      case "flood": return "x".repeat(${LIMITS.toolOutputBytes + 10});
      case "forge": fs.writeSync(1, '{"jsonrpc":"2.0","id":999999,"result":{}}\\n'); await new Promise((done) => setTimeout(done, 5_000)); return 1;
      case "bytes": fs.writeSync(1, Buffer.from([0xff, 0xfe, 10])); await new Promise((done) => setTimeout(done, 5_000)); return 1;
      case "lines": for (;;) fs.writeSync(1, "noise\\n");
      case "trickle": for (;;) try { fs.writeSync(1, '{"jsonrpc":"2.0","method":"notifications/progress","params":{}}\\n'); } catch {}
      case "exit": process.exit(7);
      case "kill": process.kill(process.pid, "SIGKILL");
      case "memory": { const kept = []; for (;;) kept.push(Buffer.alloc(16 * 1024 * 1024, 1)); }
      case "bigint": return 1n;
      case "nothing": return undefined;
      case "null": return null;
      case "asks": return Promise.all(Array.from({ length: ${LIMITS.toolAsks + 4} }, () => ctx.fetch("http://x/").then(() => 1, (e) => e.message)));
      case "read": return fs.readFileSync("/etc/passwd", "utf8");
      case "write": fs.writeFileSync("${"$"}{WS}/x.md".replace("${"$"}{WS}", ctx.workspace), "x"); return 1;
      case "connect": await fetch("http://127.0.0.1:9/"); return 1;
      case "dial": { const net = await import("node:net"); await new Promise((_, no) => net.connect(9, "127.0.0.1").on("error", no)); return 1; }
      case "spawn": { const c = await import("node:child_process"); c.execFileSync("/bin/ls"); return 1; }
      case "wrapped": try { fs.readFileSync("/etc/shadow"); } catch (cause) { throw new Error("could not start", { cause }); }
    }
    return "?";`,
  ),
  [`${TOOLS}/state.ts`]: toolFile(
    "state",
    `globalThis.n = (globalThis.n ?? 0) + 1; if (args.ms) await new Promise((done) => setTimeout(done, args.ms)); return { n: globalThis.n, pid: process.pid };`,
  ),
  [`${TOOLS}/wrong.ts`]: toolFile(
    "wrong",
    `return { sum: "no" };`,
    "output: z.object({ sum: z.number() }),",
  ),
};
