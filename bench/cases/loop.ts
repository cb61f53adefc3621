/**
 * The least code that does the job: a loop around `fetch` that reads the stream, runs the tool in
 * the same process and appends to the already encoded request. What everything is compared with.
 */

export interface Loop {
  readonly url: string;
  /** What the mock is asked for, e.g. `steps-20`. */
  readonly model: string;
  /** Called before each effect, with what came of the last one and what is about to happen. */
  readonly keep?: (entries: readonly string[]) => void | Promise<void>;
  /** Called after each tool call. */
  readonly onStep?: (step: number) => void;
}

interface Call {
  readonly id: string;
  readonly name: string;
  text: string;
}

const TOOLS = [
  {
    type: "function",
    function: {
      name: "echo",
      description: "Gives a text back unchanged.",
      parameters: {
        type: "object",
        properties: { text: { type: "string" } },
        required: ["text"],
        additionalProperties: false,
      },
    },
  },
];

/** Runs one conversation to its answer. */
export async function loop({ url, model, keep, onStep }: Loop): Promise<string> {
  const head = { model, stream: true, stream_options: { include_usage: true }, tools: TOOLS };
  let body = `${JSON.stringify(head).slice(0, -1)},"messages":[{"role":"user","content":"go"}`;
  let outcome = '{"kind":"run.started","request":"go"}';
  for (let step = 1; ; step++) {
    if (keep) await keep([outcome, `{"kind":"model.proposed","step":${step}}`]);
    const { text, calls } = await ask(url, `${body}]}`);
    const message = JSON.stringify({
      role: "assistant",
      content: text,
      tool_calls: calls.map(({ id, name, text: args }) => ({
        id,
        type: "function",
        function: { name, arguments: args },
      })),
    });
    if (keep) await keep([message, `{"kind":"tools.proposed","step":${step}}`]);
    if (calls.length === 0) return text;
    const results = calls.map((call) =>
      JSON.stringify({ role: "tool", tool_call_id: call.id, content: echo(JSON.parse(call.text)) }),
    );
    outcome = results.join(",");
    body += `,${message},${outcome}`;
    onStep?.(step);
  }
}

function echo({ text }: { text: string }): string {
  return JSON.stringify({ echoed: text });
}

async function ask(url: string, body: string): Promise<{ text: string; calls: readonly Call[] }> {
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  if (!response.body) throw new Error(`the mock answered ${response.status}`);
  const calls: Call[] = [];
  let text = "";
  await readEvents(response.body, (data) => {
    const delta = (JSON.parse(data) as Chunk).choices[0]?.delta;
    if (delta?.content) text += delta.content;
    for (const { index, id, function: part } of delta?.tool_calls ?? []) {
      const call = (calls[index] ??= { id: id ?? "", name: part.name ?? "", text: "" });
      call.text += part.arguments ?? "";
    }
  });
  return { text, calls };
}

interface Chunk {
  readonly choices: readonly {
    readonly delta: {
      readonly content?: string | null;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly function: { readonly name?: string; readonly arguments?: string };
      }[];
    };
  }[];
}

/** Calls back with the data of each server-sent event. */
async function readEvents(
  stream: ReadableStream<Uint8Array>,
  each: (data: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    let from = 0;
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n", from)) {
      const data = rest.slice(from + 6, end);
      if (data !== "[DONE]") each(data);
      from = end + 2;
    }
    rest = rest.slice(from);
  }
}
