import { expect, test } from "bun:test";
import type { Message } from "../../contracts/message.ts";
import { historyEncoder, toolsEncoder } from "./history.ts";

const said = (text: string): Message => ({ role: "user", parts: [{ type: "text", text }] });

function counting(): { encode: (messages: readonly Message[]) => string; count: () => number } {
  let count = 0;
  const encode = historyEncoder((message) => {
    count += 1;
    return message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  });
  return { encode, count: () => count };
}

test("a growing conversation encodes every message once", () => {
  const { encode, count } = counting();
  const messages: Message[] = [];
  const texts: string[] = [];
  for (let i = 0; i < 200; i++) {
    messages.push(said(`m${i}`));
    texts.push(`m${i}`);
    expect(encode([...messages])).toBe(texts.join(","));
  }
  expect(count()).toBe(200);
});

test("a message replaced in the middle is seen", () => {
  const { encode } = counting();
  const [a, b, c, other] = [said("a"), said("b"), said("c"), said("x")];
  expect(encode([a, b, c])).toBe("a,b,c");
  expect(encode([a, other, c])).toBe("a,x,c");
  expect(encode([a, b])).toBe("a,b");
  expect(encode([])).toBe("");
});

test("two forks of one conversation do not mix and encode nothing twice", () => {
  const { encode, count } = counting();
  const [a, b, c] = [said("a"), said("b"), said("c")];
  for (let i = 0; i < 3; i++) {
    expect(encode([a, b])).toBe("a,b");
    expect(encode([a, c])).toBe("a,c");
  }
  expect(count()).toBe(3);
});

test("a message without a place leaves no comma", () => {
  const { encode } = counting();
  expect(encode([said(""), said("a"), said(""), said("b")])).toBe("a,b");
});

test("tools are encoded once for the same list", () => {
  let count = 0;
  const encode = toolsEncoder((tool) => {
    count += 1;
    return tool.name;
  });
  const tools = [{ name: "a", description: "", input: {} }];
  expect(encode(tools)).toBe('["a"]');
  expect(encode(tools)).toBe('["a"]');
  expect(count).toBe(1);
});
