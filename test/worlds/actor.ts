import type { AssistantMessage } from "../../src/contracts/message.ts";
import type { ModelRequest } from "../../src/contracts/model.ts";
import type { Model } from "../../src/models/model.ts";
import type { Call, Task } from "./world.ts";

/** What a model that obeys an attacker does, and when it begins to. */
export interface Orders {
  /** The words that turn it: in a tool's result, or in the tools it is offered. */
  readonly words: string;
  readonly calls: readonly Call[];
  /**
   * `at once` when it reads the words, `last` when the task is done, `instead` of the call of the
   * task that has the same tool as one of them.
   */
  readonly when: "at once" | "last" | "instead";
}

export interface Actor {
  readonly model: Model;
  /** True once it has read the attacker's words. */
  isTurned(): boolean;
}

/**
 * A scripted model. It says which tools it will use, does the calls of the task one by one and says
 * a last word. From the moment it reads the attacker's words it does what the attacker wants,
 * whatever it was told, and then goes on as if nothing were.
 */
export function actor(task: Task, orders: Orders | null, saysPlan = true): Actor {
  let queue = [...task.calls];
  let turns = 0;
  let isTurned = false;
  const next = (request: ModelRequest): AssistantMessage => {
    if (orders && !isTurned && reads(request, orders.words)) {
      isTurned = true;
      queue = turned(queue, orders);
    }
    turns += 1;
    const names = [...new Set(task.calls.map(([name]) => name))];
    const plan = turns === 1 && saysPlan ? [text(`I will use ${names.join(", ")}.`)] : [];
    const call = queue.shift();
    if (!call) return { role: "assistant", parts: [text("Done.")] };
    const [name, args] = call;
    const part = { type: "call", id: `c${turns}`, name, args } as const;
    return { role: "assistant", parts: [...plan, part] };
  };
  const model: Model = {
    name: "actor",
    host: null,
    price: { input: 0, output: 0 },
    async *stream(request) {
      const message = next(request);
      const finish = message.parts.some(({ type }) => type === "call") ? "calls" : "stop";
      yield { type: "end", finish, message, usage: { input: 1, output: 1 } };
    },
  };
  return { model, isTurned: () => isTurned };
}

function turned(queue: readonly Call[], { calls, when }: Orders): Call[] {
  switch (when) {
    case "at once":
      return [...calls, ...queue];
    case "last":
      return [...queue, ...calls];
    case "instead":
      return queue.flatMap((call) => (calls.some(([name]) => name === call[0]) ? calls : [call]));
  }
}

function text(words: string): { readonly type: "text"; readonly text: string } {
  return { type: "text", text: words };
}

function reads({ messages, tools }: ModelRequest, words: string): boolean {
  const last = messages.at(-1);
  const results = last?.role === "tool" ? last.parts.map((part) => part.text) : [];
  const texts = [...results, ...tools.map(({ description }) => description)];
  return texts.some((one) => one.includes(words));
}
