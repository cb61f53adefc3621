import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Person } from "./nanos.ts";

/** Plans for the starter toy: one goes by itself, two wait for the operator's yes, and one is hostile. */
const SUMS = `name: sums
description: Adds up, side by side, and says it.
inputs:
  words: { description: What is said with it., default: it comes to }
tasks:
  - { id: one, tool: calculate, args: { expression: "1 + 2" } }
  - { id: two, tool: calculate, args: { expression: "3 * 4" } }
  - id: both
    needs: [one, two]
    tool: calculate
    args: { expression: "{{ tasks.one.output.result }} + {{ tasks.two.output.result }}" }
    checks: [{ id: fifteen, that: output.result == 15, says: the sum is right }]
  - { id: say, needs: [both], tool: echo, args: { text: "{{ inputs.words }} {{ tasks.both.output.result }}" } }
`;

const GRAVE = `name: grave
description: Waits for a yes before it begins.
rank: A
tasks:
  - { id: say, tool: echo, args: { text: it was allowed } }
`;

const GRAVEST = `name: gravest
description: Waits for its name to be typed.
tasks:
  - { id: say, rank: S, tool: echo, args: { text: it was allowed by its name } }
`;

const ASKS = `name: asks
description: Has somebody else say it.
tasks:
  - { id: other, agent: oracle, prompt: calculate 7 * 7 }
`;

const PAIR = `name: pair
description: Waits for two yeses at once.
tasks:
  - { id: left, rank: A, tool: echo, args: { text: left } }
  - { id: right, rank: A, tool: echo, args: { text: right } }
`;

/** What it says and what it is called is everything that might act in a browser. */
export const HOSTILE =
  "<svg onload=alert(1)> <script>alert(2)</script> [x](javascript:alert(3)) \u202e\u001b[2J";
const BAD = `name: bad
description: ${JSON.stringify(HOSTILE)}
tasks:
  - id: say
    tool: echo
    args: { text: ${JSON.stringify(HOSTILE)} }
    output: { title: ${JSON.stringify(`Report ${HOSTILE}`)}, type: report }
`;

/** What a model says that was recorded, to whatever it is asked. */
const SLOW = Array.from({ length: 40 }, (_, i) => `w${String(i).padStart(2, "0")} `).join("");
const SAID = {
  turns: [
    { when: { last: "slowly" }, say: SLOW, chunk: 4, delayMs: 250, once: false },
    { say: "one two three", once: false },
  ],
};

/** Of the toy's rules one more: this is asked. */
const ALOUD = `  - id: ask-aloud
    description: What is said aloud is asked first.
    when: { kind: tool, name: echo, args: { text: aloud } }
    then: ask
    example: { name: echo, args: { text: say it aloud } }
    counter: { name: echo, args: { text: say it } }
`;

/** Puts them into a home made of the starter toy. */
export function withPlans(me: Person): void {
  const plans = join(me.userHome, ".nano-os", "plans");
  // JSON is YAML.
  const model = join(me.userHome, ".nano-os", "models", "recorded.yaml");
  writeFileSync(model, JSON.stringify(SAID));
  mkdirSync(plans, { recursive: true });
  appendFileSync(join(me.userHome, ".nano-os", "rules.yaml"), ALOUD);
  writeFileSync(join(plans, "sums.yaml"), SUMS);
  writeFileSync(join(plans, "grave.yaml"), GRAVE);
  writeFileSync(join(plans, "gravest.yaml"), GRAVEST);
  writeFileSync(join(plans, "asks.yaml"), ASKS);
  writeFileSync(join(plans, "pair.yaml"), PAIR);
  writeFileSync(join(plans, "bad.yaml"), BAD);
}
