import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inRealPty } from "./testing/pty.ts";

const MAIN = new URL("main.ts", import.meta.url).pathname;
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

/** A home nothing was done in yet, and nanos as a program in it. */
async function inEmptyHome(
  use: (nanos: (...argv: readonly string[]) => Promise<Came>, here: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-story-"));
  const here = join(folder, "here");
  mkdirSync(here);
  const env = { PATH: process.env["PATH"] ?? "", NANOS_HOME: join(folder, "home"), HOME: folder };
  try {
    await use(async (...argv) => {
      const child = Bun.spawn([process.execPath, ...FLAGS, MAIN, ...argv], {
        cwd: here,
        env,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const out = new Response(child.stdout).text();
      const err = new Response(child.stderr).text();
      return { code: await child.exited, out: await out, err: await err };
    }, here);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("the first minute: one command on an empty home, then proof of what it did", async () => {
  await inEmptyHome(async (nanos, here) => {
    expect(await nanos("run", "tidy today's notes")).toMatchObject({ code: 2, out: "" });
    const first = await nanos("run", "tidy today's notes", "--yes");
    expect(first.code).toBe(0);
    expect(first.err).toContain("set up indie-developer in");
    expect(first.err).toMatch(
      /^notes\/\S+\.md (?:created|modified) · .*1 tool call · .* · nanos trace show r\S+$/mu,
    );
    expect(await nanos("trace", "verify")).toMatchObject({ code: 0, err: "" });
    const [line] = JSON.parse((await nanos("traces", "--json")).out) as { run: string }[];
    expect((await nanos("trace", "replay", line?.run ?? "")).code).toBe(0);
    expect((await nanos("trace", "show")).out).toContain("notes_tidy");
    // Nothing was put into the folder it was called in.
    expect(readdirSync(here)).toEqual([]);
  });
}, 120_000);

test("an ask headless: exit 3, answered elsewhere, resumed", async () => {
  await inEmptyHome(async (nanos) => {
    await nanos("init", "--from", "indie-developer");
    await nanos("model", "use", "recorded");
    const text = "What's new in the React 19 RC, and update the dashboard notes";
    const waits = await nanos("run", text);
    expect(waits.code).toBe(3);
    const [, id = "", run = ""] =
      /nanos approvals approve (\S+) then nanos resume (\S+)$/mu.exec(waits.err) ?? [];
    expect((await nanos("approvals")).out).toContain(id);
    expect((await nanos("approvals", "show", id)).out).toContain(
      '{"url":"https://react.dev/blog"}',
    );
    const denied = await nanos("approvals", "deny", id);
    expect(denied.out).toContain(`nanos resume ${run} goes on`);
    // The agent is told no, and ends without the page.
    expect([4, 5]).toContain((await nanos("resume", run)).code);
    expect((await nanos("trace", "verify")).code).toBe(0);
  });
}, 120_000);

test("the first session at a terminal: Enter, a request, the tree, leave", async () => {
  await inRealPty([], async (pty) => {
    await pty.until("Which starter?");
    await pty.until("(Enter)");
    pty.type("\r");
    await pty.until("Ctrl-C twice leaves");
    pty.type("tidy today's notes\r");
    await pty.until("oracle · notes_tidy");
    await pty.until("1 tool call");
    pty.type("/trace\r");
    await pty.until("events, newest");
    pty.type("see @no\t");
    await pty.until("see @notes/");
    pty.type("\x15");
    pty.type("\x04");
    expect(await pty.ended).toBe(0);
  });
}, 120_000);

test("a session whose terminal goes away ends, instead of spinning without one", async () => {
  await inRealPty([], async (pty) => {
    await pty.until("(Enter)");
    pty.type("\r");
    await pty.until("Ctrl-C twice leaves");
    pty.hangUp();
    expect(await pty.ended).toBe(130);
  });
}, 60_000);

test("a plain session draws nothing over: lines in, lines out, asks by word", async () => {
  await inRealPty(["--plain"], async (pty) => {
    await pty.until("(Enter)");
    pty.type("\r");
    await pty.until("Ctrl-D leaves");
    await pty.until("> ");
    pty.type("tidy today's notes\r");
    await pty.until("1 tool call");
    await pty.until("> ");
    pty.type("/past\r");
    await pty.until("tidy today's notes");
    await pty.until("> ");
    // eslint-disable-next-line no-control-regex -- what moves the cursor or clears, and no colour
    expect(pty.raw()).not.toMatch(/\x1b\[[\d;?]*[A-HJKSTfhlsu]/u);
    pty.type("\x04");
    expect(await pty.ended).toBe(0);
  });
}, 120_000);
