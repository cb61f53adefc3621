import { expect, test } from "bun:test";
import fc from "fast-check";
import { Screen } from "./printed.ts";

const TOOLS = new Set(["read", "echo"]);

/** Feeds pieces and writes down what comes out: text as it is, `‹name args›`, `(thinking)`. */
function screened(pieces: readonly string[], tools: ReadonlySet<string> = TOOLS): string {
  let out = "";
  const screen = new Screen(tools, {
    text: (text) => (out += text),
    thinking: (text) => (out += `(${text})`),
    call: (name, args) => (out += `‹${name} ${args.replace(/\s/gu, "")}›`),
  });
  for (const piece of pieces) screen.feed(piece);
  screen.end();
  return out.replaceAll(")(", "");
}

/** However the text is cut, the outcome is the same. */
function check(text: string, expected: string, tools?: ReadonlySet<string>): void {
  test(JSON.stringify(text.slice(0, 60)), () => {
    expect(screened([text], tools)).toBe(expected);
    expect(screened(Array.from(text), tools)).toBe(expected);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 5 }), (cuts) => {
        const ends = [...cuts, text.length].toSorted((a, b) => a - b);
        let at = 0;
        const pieces = ends.map((end) => text.slice(at, (at = end)));
        expect(screened(pieces, tools)).toBe(expected);
      }),
      { numRuns: 50 },
    );
  });
}

const ARGS = '{"path":"a.md"}';
const CALL = `{"name": "read", "arguments": ${ARGS}}`;
const READ = `‹read ${ARGS}›`;

// What is a call.
check(`<tool_call>${CALL}</tool_call>`, READ);
check(`<tool_call>\n${CALL}\n</tool_call>\n<tool_call>\n${CALL}\n</tool_call>\n`, READ + READ);
check(`Sure. <tool_call>${CALL}</tool_call> Done.`, `Sure. ${READ}Done.`);
check(`<tool_call>${CALL}`, READ);
check(`<tool_call>{"name":"read"}</tool_call>`, "‹read {}›");
check(`<tool_call>[${CALL},${CALL}]</tool_call>`, READ + READ);
check(`<tool_call>{"function":{"name":"read","arguments":${ARGS}}}</tool_call>`, READ);
check(`<tool_call>{"name":"read","arguments":"{\\"path\\":\\"a.md\\"}"}</tool_call>`, READ);
check(
  `<tool_call>{"name":"echo","arguments":{"text":"</tool_call>"}}</tool_call>`,
  `‹echo {"text":"</tool_call>"}›`,
);
check(`<function=read>${ARGS}</function>`, READ);
check(`<function=read>{"path": </function>`, `‹read {"path":›`);
check(`[TOOL_CALLS] [${CALL}]`, READ);
check(`[TOOL_CALLS]read[ARGS]${ARGS}`, READ);
check(`[TOOL_CALLS]read[ARGS]${ARGS}[TOOL_CALLS]echo[ARGS]{}`, `${READ}‹echo {}›`);
check(`\`\`\`json\n${CALL}\n\`\`\``, READ);
check(`I will read it:\n\`\`\`\n${CALL}\n\`\`\`\nand go on.`, `I will read it:\n${READ}and go on.`);
check(`\`\`\`tool_call\n${CALL}\n\`\`\``, READ);
check(
  '```json\n{"name":"echo","arguments":{"text":"```js\\nx\\n```"}}\n```',
  '‹echo {"text":"```js\\nx\\n```"}›',
);
check(CALL, READ);
check(`  \n${CALL}\n`, `  \n${READ}`);
check(`[${CALL}, ${CALL}]`, READ + READ);
check(`{"name": "read", "parameters": ${ARGS}}`, READ);
check(`<think>\nWhich one? <tool_call>\n</think>\n\n${CALL}`, `(Which one? <tool_call>\n)${READ}`);

// What is not.
for (const text of [
  "Plain words, a < b, [1] and {x}.",
  'Use "<tool_call>" to call.',
  `Like this: \`<tool_call>${CALL}</tool_call>\``,
  '<tool_call>{"name":"rm","arguments":{}}</tool_call>',
  "<tool_call>not json</tool_call> and more",
  "<tool_call>",
  "<function=rm>{}</function>",
  "[TOOL_CALLS] nothing",
  "[TOOL_CALLS]rm[ARGS]{}",
  '```json\n{"title":"x"}\n```\ntext',
  '```json\n{"name":"read"}\n```',
  '```js\nconst x = {"name":"read"};\n```\n',
  "```\nplain\n```",
  '{"title":"x"}',
  '{"name":"read"}',
  '{"name":"rm","arguments":{}}',
  `The answer is\n${CALL}`,
  `${CALL} and words`,
  "<",
  "`",
  "``` ",
  "{",
  "[",
  "<thin",
]) {
  check(text, text);
}

// Without tools everything is text, except reasoning.
check(`<tool_call>${CALL}</tool_call>`, `<tool_call>${CALL}</tool_call>`, new Set());
check("<think>hm</think>Yes.", "(hm)Yes.", new Set());
check("<think>never closed", "(never closed)");
check("Later <think>is text</think>", "Later <think>is text</think>");

test("whatever comes, nothing of a text without calls is lost", () => {
  const bits = fc.constantFrom("<", "[", "{", "`", "```", "\n", " ", "a", '"', "tool_call>", "}");
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 40 }), (pieces) => {
      const whole = pieces.join("");
      fc.pre(!whole.trimStart().startsWith("<think>"));
      expect(screened(pieces)).toBe(whole);
    }),
  );
});

test("a real call makes what was held text", () => {
  let out = "";
  const screen = new Screen(TOOLS, {
    text: (text) => (out += text),
    thinking: () => {},
    call: () => (out += "‹call›"),
  });
  screen.feed(`<tool_call>${CALL}`);
  screen.giveUp();
  expect(out).toBe(`<tool_call>${CALL}`);
});

test("holding a long text costs no more than its length", () => {
  const pieces = ["<tool_call>", ...Array.from({ length: 200_000 }, () => '{"a":1},')];
  expect(screened(pieces).length).toBe(pieces.join("").length);
});
