import { writeFileSync } from "node:fs";

/*
 * A model small enough to be made in a test: a table of which token follows which. A token's
 * embedding names it, attention and the layer after it add nothing, and the last matrix holds the
 * table. So it says exactly what the test wants, and everything around it is real.
 */

/** The token after which an answer begins is the last one of the prompt: the operator's last. */
const TEMPLATE =
  "{% for m in messages %}{% if m.role == 'assistant' %}{{ m.content }}~{% else %}" +
  "{{ m.role }}:{{ m.content }}{% endif %}{% endfor %}";

/** Chains of tokens, each said after the one before it; the first is what was there already. */
export type Chains = readonly (readonly string[])[];

/** Writes the model: 1 MB, a window of `context` tokens. After what no chain names it ends. */
export function writeGguf(file: string, chains: Chains, context = 4_096): void {
  const tokens = vocabulary(chains.flat());
  const id = new Map(tokens.map(({ text }, i) => [text, i]));
  const wide = Math.ceil(tokens.length / 32) * 32;
  const table = { said: matrix(wide, tokens.length), follows: matrix(wide, tokens.length) };
  const set = (rows: Float32Array, row: string, column: number, value: number): void => {
    rows[(id.get(row) ?? 0) * wide + column] = value;
  };
  for (const [i, { text }] of tokens.entries()) {
    set(table.said, text, i, 1);
    set(table.follows, END, i, 1);
  }
  for (const chain of chains) {
    // One that comes back to what it said before goes on without end.
    const end = chain.indexOf(chain.at(-1) ?? "") < chain.length - 1 ? [] : [END];
    for (const [i, text] of [...chain.slice(1), ...end].entries()) {
      set(table.follows, text, id.get(chain[i] ?? "") ?? 0, 3);
    }
  }
  const out = new Bytes();
  const tensors = tensorsOf(wide, tokens.length, table);
  const facts = factsOf(tokens, wide, context);
  out.raw(Buffer.from("GGUF")).u32(3).u64(tensors.length).u64(facts.length);
  for (const fact of facts) fact(out);
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    out.text(name).u32(shape.length);
    for (const size of shape) out.u64(size);
    out.u32(0).u64(offset);
    offset += Math.ceil(data.byteLength / ALIGNED) * ALIGNED;
  }
  out.align();
  for (const { data } of tensors) out.raw(Buffer.from(data.buffer)).align();
  writeFileSync(file, out.whole());
}

const END = "</s>";
const ALIGNED = 32;
const KIND = { plain: 1, unknown: 2, control: 3, byte: 6 } as const;
const TYPE = { i32: 5, u32: 4, f32: 6, bool: 7, text: 8, list: 9 } as const;

interface Token {
  readonly text: string;
  readonly kind: number;
}

/** The marks, every byte, the usual characters, and what the chains are made of. */
function vocabulary(said: readonly string[]): Token[] {
  const bytes = Array.from({ length: 256 }, (_, i) =>
    i.toString(16).toUpperCase().padStart(2, "0"),
  );
  const usual = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).slice(1);
  const marks = [
    { text: "<unk>", kind: KIND.unknown },
    { text: "<s>", kind: KIND.control },
    { text: END, kind: KIND.control },
    ...bytes.map((hex) => ({ text: `<0x${hex}>`, kind: KIND.byte })),
  ];
  // The engine dies of a token that is there twice.
  const there = new Set(marks.map(({ text }) => text));
  const plain = [...new Set(["▁", ...usual, ...said])].filter((text) => !there.has(text));
  return [...marks, ...plain.map((text) => ({ text, kind: KIND.plain }))];
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

function tensorsOf(
  wide: number,
  count: number,
  { said, follows }: { readonly said: Float32Array; readonly follows: Float32Array },
): Tensor[] {
  const none = (name: string, ...shape: readonly [number, number]): Tensor => ({
    name: `blk.0.${name}.weight`,
    shape,
    data: matrix(...shape),
  });
  const even = (name: string): Tensor => ({
    name: `${name}.weight`,
    shape: [wide],
    data: new Float32Array(wide).fill(1),
  });
  return [
    { name: "token_embd.weight", shape: [wide, count], data: said },
    { name: "output.weight", shape: [wide, count], data: follows },
    ...["output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"].map(even),
    ...["attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up"].map((name) => none(name, wide, NARROW)),
    ...["attn_output", "ffn_down"].map((name) => none(name, NARROW, wide)),
  ];
}

const NARROW = 32;

function factsOf(
  tokens: readonly Token[],
  wide: number,
  context: number,
): ((out: Bytes) => void)[] {
  const text = (name: string, value: string) => (out: Bytes) =>
    void out.text(name).u32(TYPE.text).text(value);
  const number =
    ([name, value]: readonly [string, number]) =>
    (out: Bytes) =>
      void out.text(name).u32(TYPE.u32).u32(value);
  const flag = (name: string, value: boolean) => (out: Bytes) =>
    void out
      .text(name)
      .u32(TYPE.bool)
      .raw(Buffer.from([value ? 1 : 0]));
  const list =
    (name: string, type: number, each: (out: Bytes, token: Token, i: number) => void) =>
    (out: Bytes) => {
      out.text(`tokenizer.ggml.${name}`).u32(TYPE.list).u32(type).u64(tokens.length);
      for (const [i, token] of tokens.entries()) each(out, token, i);
    };
  const numbers: Readonly<Record<string, number>> = {
    "llama.context_length": context,
    "llama.embedding_length": wide,
    "llama.block_count": 1,
    "llama.feed_forward_length": NARROW,
    "llama.attention.head_count": 1,
    "llama.attention.head_count_kv": 1,
    "llama.attention.key_length": NARROW,
    "llama.attention.value_length": NARROW,
    "llama.rope.dimension_count": NARROW,
    "llama.vocab_size": tokens.length,
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.ggml.unknown_token_id": 0,
  };
  return [
    text("general.architecture", "llama"),
    text("tokenizer.ggml.model", "llama"),
    text("tokenizer.chat_template", TEMPLATE),
    ...Object.entries(numbers).map(number),
    flag("tokenizer.ggml.add_bos_token", true),
    flag("tokenizer.ggml.add_space_prefix", false),
    (out) => void out.text("llama.attention.layer_norm_rms_epsilon").u32(TYPE.f32).f32(1e-5),
    list("tokens", TYPE.text, (out, token) => out.text(token.text)),
    list("scores", TYPE.f32, (out, _, i) => out.f32(-i)),
    list("token_type", TYPE.i32, (out, token) => out.u32(token.kind)),
  ];
}

function matrix(columns: number, rows: number): Float32Array {
  return new Float32Array(columns * rows);
}

/** Little-endian bytes, one after the other. */
class Bytes {
  readonly #parts: Buffer[] = [];
  #size = 0;

  raw(part: Buffer): this {
    this.#parts.push(part);
    this.#size += part.length;
    return this;
  }

  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    return this.raw(part);
  }

  u64(value: number): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt(value));
    return this.raw(part);
  }

  f32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeFloatLE(value);
    return this.raw(part);
  }

  text(value: string): this {
    const part = Buffer.from(value);
    return this.u64(part.length).raw(part);
  }

  align(): this {
    return this.raw(Buffer.alloc((ALIGNED - (this.#size % ALIGNED)) % ALIGNED));
  }

  whole(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
