import { expect, test } from "bun:test";
import type { Embedded, EmbedWish } from "../../contracts/model.ts";
import type { Json } from "../../std/json.ts";
import type { ModelFailureCode } from "../failures.ts";
import type { Model } from "../model.ts";
import { embedBy, packed } from "../vectors/vectors.ts";
import { readFixture, serveResponses, type WireResponse } from "./fixture-server.ts";

/*
 * What the contract of `Model` promises of `embed`, of every adapter that has it: the answers of both
 * wires written out, and the refusals of `fixtures/`, which are the same whatever is asked.
 */

/** An implementation that makes vectors, as the suite of the port knows it. */
export interface Embeds {
  readonly name: string;
  /** Folder of its fixtures. */
  readonly fixtures: string;
  readonly open: (url: string) => Promise<Model>;
}

const WISH: EmbedWish = { inputs: ["one", "two"] };
const MADE = [
  [0.5, -1],
  [2, 0.25],
];

/** What a test can compare: vectors and tokens, or the code of why there are none. */
type Seen = readonly [vectors: unknown, tokens?: number] | ModelFailureCode | "cancelled";

function seenIn(made: Embedded): Seen {
  if (made.kind === "cancelled") return "cancelled";
  if (made.kind === "failed") return made.failure.code as ModelFailureCode;
  return made.usage ? [made.vectors, made.usage.input] : [made.vectors];
}

type Body = (vectors: readonly Json[], tokens?: number) => Json;

const openai: Body = (vectors, tokens) => {
  const data = vectors.map((embedding, index) => ({ object: "embedding", index, embedding }));
  return {
    // The number of each says where it belongs.
    ...{ object: "list", model: "small-1-real", data: data.toReversed() },
    ...(tokens === undefined ? {} : { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
  };
};

const BODIES: Readonly<Record<string, Body>> = {
  "openai-compatible": openai,
  openai,
  ollama: (embeddings, tokens) => ({
    ...{ model: "small-1-real", embeddings },
    ...(tokens === undefined ? {} : { prompt_eval_count: tokens }),
  }),
};

const CASES: Readonly<Record<string, readonly [answer: (body: Body) => Json, seen: Seen]>> = {
  "vectors with what they took": [(body) => body(MADE, 7), [MADE, 7]],
  "nothing counted": [(body) => body(MADE), [MADE]],
  "floats in base64": [(body) => body(MADE.map(packed), 7), [MADE, 7]],
  "one too few": [(body) => body(MADE.slice(1), 7), "model.bad_frame"],
  "one too many": [(body) => body([...MADE, [1, 2]], 7), "model.bad_frame"],
  "not of one length": [(body) => body([[1, 2], [3]], 7), "model.bad_frame"],
  "without numbers": [(body) => body([[], []], 7), "model.bad_frame"],
  "what is no number": [
    (body) =>
      body(
        [
          [1, "2"],
          [3, null],
        ],
        7,
      ),
    "model.bad_frame",
  ],
  "half a float": [(body) => body(["AAAAAA==", "AAA="], 7), "model.bad_frame"],
  "another document": [() => ({ hello: "there" }), "model.bad_frame"],
  "no document": [() => [1, 2], "model.bad_frame"],
};

/** Of the fixtures, those that say nothing but a refusal. */
const REFUSALS: readonly (readonly [string, ModelFailureCode])[] = [
  ["unauthorized", "model.unauthorized"],
  ["forbidden", "model.forbidden"],
  ["quota", "model.quota"],
  ["redirect", "model.redirected"],
  ["web-page", "model.bad_frame"],
  ["retry-long", "model.rate_limited"],
];

/** The cases of one implementation; of one without `embed`, that it says so by having none. */
export function embedding({ name: subject, fixtures, open }: Embeds): void {
  const body = BODIES[subject];
  if (!body) return lacking(open);
  const check = (name: string, told: readonly WireResponse[], seen: Seen, wish = WISH): void => {
    test(`vectors: ${name}`, () => asked({ open, told, wish }, seen));
  };
  for (const [name, [answer, seen]] of Object.entries(CASES)) check(name, [ok(answer(body))], seen);
  const short = { ...WISH, dimensions: 1 };
  check("of another length than asked for", [ok(body(MADE))], "model.no_dimensions", short);
  check("of the length asked for", [ok(body(MADE))], [MADE], { ...WISH, dimensions: 2 });
  check("cut off", [{ ...ok(body(MADE)), end: "reset" }], "model.cut");
  check("overloaded, then made", [busy(), ok(body(MADE))], [MADE]);
  for (const [name, code] of REFUSALS) {
    test(`vectors: ${name}`, async () => {
      const file = new URL(`../fixtures/${fixtures}/${name}.txt`, import.meta.url).pathname;
      await asked({ open, told: await readFixture(file), wish: WISH }, code);
    });
  }
  leaving(open, ok(body(MADE)));
}

function lacking(open: Embeds["open"]): void {
  test("vectors: none", async () => {
    const model = await open("http://127.0.0.1:9");
    expect(model.embed).toBeUndefined();
    const made = await embedBy(model, WISH, new AbortController().signal);
    const code: ModelFailureCode = "model.no_embeddings";
    expect(seenIn(made)).toBe(code);
  });
}

async function asked(
  given: Pick<Embeds, "open"> & { told: readonly WireResponse[]; wish: EmbedWish },
  seen: Seen,
): Promise<void> {
  const server = await serveResponses(given.told);
  try {
    const model = await given.open(server.url);
    const made = await model.embed?.(given.wish, new AbortController().signal);
    expect(made && seenIn(made)).toEqual(seen);
    expect(JSON.stringify(made)).not.toContain("canary");
  } finally {
    await server.close();
  }
}

function leaving(open: Embeds["open"], whole: WireResponse): void {
  test("vectors: left by the caller, before and in the middle", async () => {
    const half = { ...whole, body: whole.body.subarray(0, 10), end: "hang" } as const;
    const server = await serveResponses([half]);
    try {
      const model = await open(server.url);
      expect(await model.embed?.(WISH, AbortSignal.abort())).toEqual({ kind: "cancelled" });
      const stop = new AbortController();
      const made = model.embed?.(WISH, stop.signal);
      while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      stop.abort();
      expect(await made).toEqual({ kind: "cancelled" });
    } finally {
      await server.close();
    }
  });
  test("vectors: unreachable", async () => {
    const server = await serveResponses([]);
    await server.close();
    const model = await open(server.url);
    const made = await model.embed?.(WISH, new AbortController().signal);
    expect(made && seenIn(made)).toBe("model.unreachable");
  });
}

function ok(value: Json): WireResponse {
  const headers = { "content-type": "application/json; charset=utf-8" };
  return { status: 200, headers, body: Buffer.from(JSON.stringify(value)), end: "close" };
}

function busy(): WireResponse {
  return { ...ok({ error: { message: "busy" } }), status: 503 };
}
