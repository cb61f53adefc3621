import { expect, test } from "bun:test";
import type { Message } from "../../contracts/message.ts";
import { LIMITS } from "../../std/limits.ts";
import { workArgs } from "./work.ts";

type Given = Parameters<typeof workArgs>[0];

/** What a program is told of a request, after so many messages of so many characters. */
function told(count: number, chars: number, given: { retold?: true; past?: number } = {}): string {
  const past = Array.from({ length: count }, (_, n): Message => {
    const text = `${n} `.padEnd(chars, "x");
    return { role: n % 2 === 0 ? "user" : "assistant", parts: [{ type: "text", text }] };
  });
  const { retold, past: skipped = 0 } = given;
  const frame = {
    agent: { manifest: {}, prompt: "Be brief." },
    ...{ messages: past, requestAt: count, window: { past: skipped } },
    facts: { ...(retold && { retold }) },
  };
  return (workArgs(frame as unknown as Given, "now") as { request: string }).request;
}

test("a program is told what was said before, and then what is asked", () => {
  expect(told(0, 0)).toBe("Be brief.\n\nnow");
  expect(told(2, 2, { retold: true })).toBe(
    "Be brief.\n\nEarlier:\nAsked: 0 \nAnswered: 1 \n\nnow",
  );
});

test("of what was said before it is told the newest, within bounds, and how much is left out", () => {
  const text = told(100, 2_000, { retold: true });
  const [, left = "0"] = /Earlier:\n\((\d+) older messages are left out\)\n/u.exec(text) ?? [];
  expect(text.length).toBeLessThan(LIMITS.earlierChars + 200);
  expect(text).toContain(`: ${left} `);
  expect(text).not.toContain(`: ${Number(left) - 1} `);
  expect(text).toContain(": 99 ");
  expect(told(10, 10, { retold: true, past: 8 })).toContain(
    "(8 older messages are left out)\nAsked: 8 ",
  );
  expect(told(2, LIMITS.earlierChars, { retold: true })).toContain("(2 older messages");
});

test("a run from before there were bounds tells as it told", () => {
  expect(told(100, 2_000).length).toBeGreaterThan(200_000);
  expect(told(4, 10, { past: 3 })).toContain("Asked: 0 ");
});
