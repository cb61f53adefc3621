import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Nanos } from "../src/contracts/nanos.ts";
import { NanosError } from "../src/std/error.ts";
import { init, openNanos } from "../src/nanos.ts";

/** What steps wrote is taken back, past the same gate, and that can be taken back too. */

async function inHome(act: (nanos: Nanos, inbox: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-undo-"));
  const options = { home: join(folder, ".nano-os"), cwd: folder, env: process.env };
  try {
    await init(options, "indie-developer");
    const nanos = await openNanos(options);
    try {
      await act(nanos, join(nanos.place.workspace, "notes/inbox.md"));
    } finally {
      await nanos.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ask = async (): Promise<{ verdict: "allow"; reach: "once" }> => ({
  ...{ verdict: "allow", reach: "once" },
});

async function append(nanos: Nanos, text: string): Promise<string> {
  const handle = await nanos.tools.call("notes_append", { note: "inbox", text }, { ask });
  expect(await handle.done).toMatchObject({ state: "ended", ended: { outcome: "succeeded" } });
  return handle.run;
}

async function undo(nanos: Nanos, of: string): Promise<string> {
  const handle = await nanos.undo.run(of, { ask });
  expect(await handle.done).toMatchObject({ state: "ended", ended: { outcome: "succeeded" } });
  return handle.run;
}

test(
  "a step, the undo of it, and a file that somebody else changed",
  () =>
    inHome(async (nanos, inbox) => {
      const before = readFileSync(inbox, "utf8");
      const first = await append(nanos, "milk");
      const one = readFileSync(inbox, "utf8");
      const second = await append(nanos, "bread");
      const both = readFileSync(inbox, "utf8");
      expect(nanos.undo.plan(second)).toMatchObject({
        files: [{ path: inbox, kind: "modified", state: "ready" }],
        outward: [],
      });
      const undone = await undo(nanos, `${second}.1`);
      expect(readFileSync(inbox, "utf8")).toBe(one);
      const [step] = nanos.traces.show(undone).steps;
      expect(step).toMatchObject({
        kind: "commit",
        status: "done",
        decision: { verdict: "allow" },
      });
      expect(await nanos.traces.replay(undone)).toMatchObject({ ok: true });

      await undo(nanos, undone);
      expect(readFileSync(inbox, "utf8")).toBe(both);
      // The first cannot go back under the second.
      const refused = await nanos.undo.run(first, { ask }).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: "undo.changed" });
      expect(refused instanceof NanosError && refused.message).toContain(inbox);
      expect(nanos.undo.plan(first).changes[0]?.lines.length).toBeGreaterThan(0);
      await undo(nanos, second);
      await undo(nanos, first);
      expect(readFileSync(inbox, "utf8")).toBe(before);

      writeFileSync(inbox, "mine");
      expect(await nanos.undo.run(second, { ask }).catch(String)).toContain("Changed since");
      expect(readFileSync(inbox, "utf8")).toBe("mine");
      expect(nanos.traces.verify()).toMatchObject({ ok: true });
      // Of one run it is said how much of it is signed, and that nobody witnessed it.
      const own = nanos.traces.verify(first);
      expect(own).toMatchObject({ ok: true, chains: 1, unwitnessed: own.events });
      expect(own.checkpoints).toBeGreaterThan(0);
      expect(own.unsigned).toBeLessThan(own.events);
    }),
  60_000,
);
