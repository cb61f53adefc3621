import { expect, test } from "bun:test";
import type { RunState } from "../contracts/run.ts";
import { NanosError } from "../std/error.ts";
import { exitOf, report } from "./exit.ts";
import type { Terminal } from "./terminal.ts";
import { END } from "./testing/samples.ts";

test("an ended run, a waiting one and a denied one have their codes", () => {
  const ended = (end: object): RunState => ({
    state: "ended",
    run: "r",
    ended: { ...END, ...end },
  });
  const denied = { code: "run.denied", message: "no" };
  expect(exitOf(ended({}))).toBe(0);
  expect(exitOf(ended({ outcome: "failed" }))).toBe(1);
  expect(exitOf({ state: "waiting", run: "r", asks: [] })).toBe(3);
  expect(exitOf(ended({ outcome: "failed", failure: denied }))).toBe(4);
  expect(exitOf(ended({ outcome: "degraded" }))).toBe(5);
  expect(exitOf(ended({ outcome: "cancelled" }))).toBe(130);
  expect(exitOf({ state: "running", run: "r" })).toBe(1);
});

/** What an error comes to on standard error, without colours, and the code it gives. */
function check(error: unknown, code: number, said: string, debug = false): void {
  let err = "";
  const terminal = {
    color: () => false,
    err: (text: string) => (err += text),
  } as unknown as Terminal;
  expect({ code: report(error, terminal, debug), err }).toEqual({ code, err: said });
}

test("an error says what happened and what to do, and its code", () => {
  check(
    new NanosError("home.empty", "Nothing here.", "Make some."),
    2,
    "error: Nothing here.\nMake some. (home.empty)\n",
  );
  check(
    new NanosError("journal.full", "The disk is full.", "Make room."),
    1,
    "error: The disk is full.\nMake room. (journal.full)\n",
  );
  check(new NanosError("x.y", "a\x1b[2Jb\nc", "d\x1b]52;c;aGk=\x07"), 2, "error: ab c\nd (x.y)\n");
  const bug =
    "error: boom (this is a bug)\nPlease report it with what you typed; NANOS_DEBUG=1 shows where it happened.\n";
  check(new Error("boom"), 1, bug);
  check("boom", 1, bug);
});

test("what the machine refuses is no bug", () => {
  const refusal = (code: string, path?: string) => Object.assign(new Error(code), { code, path });
  for (const code of ["EACCES", "EPERM", "EROFS"]) {
    check(
      refusal(code, "/tmp/x"),
      1,
      `error: This machine does not let /tmp/x be used (${code}).\nGive your user the right to it, or point NANOS_HOME or TMPDIR at a folder of yours. (machine.denied)\n`,
    );
  }
  for (const code of ["ENOSPC", "EDQUOT"]) {
    check(refusal(code), 1, "error: No room is left for a file.\nMake room. (machine.full)\n");
  }
  for (const code of ["EMFILE", "ENFILE"]) {
    check(
      refusal(code),
      1,
      "error: This machine lets no more files be open.\nRaise its limit: ulimit -n 4096 (machine.files)\n",
    );
  }
});

test("a stack is shown only when asked for", () => {
  let err = "";
  const terminal = {
    color: () => false,
    err: (text: string) => (err += text),
  } as unknown as Terminal;
  report(new Error("boom"), terminal, true);
  expect(err).toContain("exit.test.ts");
});
