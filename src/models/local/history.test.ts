import { expect, test } from "bun:test";
import type { Message } from "../../contracts/message.ts";
import { historyOf } from "./history.ts";

const SYSTEM = { type: "system", text: "Be brief." } as const;
const asked = { role: "user", parts: [{ type: "text", text: "Note?" }] } as const;
const call = { type: "call", id: "c1", name: "notes_read", args: { path: "a.md" } } as const;
const called = { type: "functionCall", name: "notes_read", params: { path: "a.md" } } as const;

const CASES: readonly (readonly [string, readonly unknown[], readonly unknown[]])[] = [
  [
    "a request",
    [asked],
    [
      { type: "user", text: "Note?" },
      { type: "model", response: [] },
    ],
  ],
  [
    "what comes of a call lies in the answer that made it, which goes on",
    [
      asked,
      { role: "assistant", parts: [{ type: "text", text: "I look. " }, call] },
      { role: "tool", parts: [{ type: "result", id: "c1", text: "milk" }] },
    ],
    [
      { type: "user", text: "Note?" },
      { type: "model", response: ["I look. ", { ...called, result: "milk" }] },
    ],
  ],
  [
    "a result of no call is left out",
    [asked, { role: "tool", parts: [{ type: "result", id: "c9", text: "milk" }] }],
    [
      { type: "user", text: "Note?" },
      { type: "model", response: [] },
    ],
  ],
];

for (const [name, messages, items] of CASES) {
  test(name, () => {
    expect(historyOf("Be brief.", messages as readonly Message[])).toEqual([
      SYSTEM,
      ...items,
    ] as never);
    expect(historyOf("", messages as readonly Message[])).toEqual([...items] as never);
  });
}
