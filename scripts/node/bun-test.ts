/**
 * The part of `bun:test` our tests use, on Node's test runner, so that the same files prove the
 * same code on both runtimes. A matcher that is missing here is a type error there and a failing
 * test here, never a silent pass.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, suite, test as nodeTest } from "node:test";
import { isDeepStrictEqual } from "node:util";

export { afterEach, beforeEach };
export const beforeAll = before;
export const afterAll = after;

type Body = () => unknown;

/** A group. Its body runs once the file has been read to its end, as it does under Bun. */
export function describe(name: string, body: () => void): void {
  void suite(name, async () => {
    await Promise.resolve();
    body();
  });
}

/** `test(name, body, ms?)`; a test may also carry `{ timeout }`. */
export function test(name: string, body: Body, limit?: number | { timeout?: number }): void {
  const timeout = typeof limit === "number" ? limit : (limit?.timeout ?? 60_000);
  clearTimeout(leaving);
  waiting++;
  void nodeTest(name, { timeout }, async () => {
    try {
      await body();
    } finally {
      waiting--;
      // Not at once: what the last test came to is still on its way to the runner.
      if (waiting === 0) leaving = setTimeout(() => process.exit(), LEAVE_MS).unref();
    }
  });
}

/**
 * A timer or a socket that a test left behind must not keep its process alive, as under Bun. Node's
 * own `--test-force-exit` goes before the last results are told.
 */
const LEAVE_MS = 3_000;
let waiting = 0;
let leaving: NodeJS.Timeout | undefined;

/** `test.each(rows)(name, body)`; `%s` takes the values in order. */
test.each =
  (rows: readonly unknown[]) =>
  (name: string, body: (...args: unknown[]) => unknown): void => {
    for (const row of rows) {
      const args = Array.isArray(row) ? (row as unknown[]) : [row];
      let next = 0;
      const title = name.replace(/%[sdipoj]/gu, () => String(args[next++]));
      test(title, () => body(...args));
    }
  };

/** A value that stands for many: `expect.any(String)`. */
class Pattern {
  readonly accepts: (value: unknown) => boolean;

  constructor(accepts: (value: unknown) => boolean) {
    this.accepts = accepts;
  }
}

type Matcher = (actual: unknown, ...expected: never[]) => boolean;

const MATCHERS = {
  toBe: (actual, expected: unknown) => Object.is(actual, expected),
  toEqual: (actual, expected: unknown) => equal(actual, expected),
  toStrictEqual: (actual, expected: unknown) => isDeepStrictEqual(actual, expected),
  toMatchObject: (actual, expected: object) => covers(actual, expected),
  toBeNull: (actual) => actual === null,
  toBeUndefined: (actual) => actual === undefined,
  toBeDefined: (actual) => actual !== undefined,
  toBeTrue: (actual) => actual === true,
  toBeFalse: (actual) => actual === false,
  toBeTruthy: (actual) => Boolean(actual),
  toBeFalsy: (actual) => !actual,
  toBeNaN: (actual) => Number.isNaN(actual),
  toBeGreaterThan: (actual, than: number) => Number(actual) > than,
  toBeGreaterThanOrEqual: (actual, than: number) => Number(actual) >= than,
  toBeLessThan: (actual, than: number) => Number(actual) < than,
  toBeLessThanOrEqual: (actual, than: number) => Number(actual) <= than,
  toBeCloseTo: (actual, to: number, digits = 2 as never) =>
    Math.abs(Number(actual) - to) < 10 ** -digits / 2,
  toStartWith: (actual, start: string) => String(actual).startsWith(start),
  toEndWith: (actual, end: string) => String(actual).endsWith(end),
  toMatch: (actual, pattern: string | RegExp) =>
    typeof pattern === "string" ? String(actual).includes(pattern) : pattern.test(String(actual)),
  toHaveLength: (actual, length: number) => (actual as { length: number }).length === length,
  toContain: (actual, item: unknown) =>
    typeof actual === "string"
      ? actual.includes(String(item))
      : Array.from(actual as Iterable<unknown>).includes(item),
  toContainEqual: (actual, item: unknown) =>
    Array.from(actual as Iterable<unknown>).some((one) => equal(one, item)),
  toContainKey: (actual, key: string) => Object.hasOwn(actual as object, key),
  toBeEmpty: (actual) =>
    typeof actual === "string" ? actual === "" : Object.keys(actual as object).length === 0,
  toBeArray: (actual) => Array.isArray(actual),
  toBeOneOf: (actual, choices: readonly unknown[]) => choices.includes(actual),
  toBeInstanceOf: (actual, type: new () => unknown) => actual instanceof type,
  toHaveProperty: (actual, path: string, ...value: unknown[]) => hasProperty(actual, path, value),
  toThrow: (actual, what?: unknown) => throws(actual, what),
  toThrowError: (actual, what?: unknown) => throws(actual, what),
} satisfies Record<string, Matcher>;

type Name = keyof typeof MATCHERS;
type Assertions<R> = { readonly [K in Name]: (...expected: unknown[]) => R };
interface Expectation extends Assertions<void> {
  readonly not: Assertions<void>;
  readonly resolves: Assertions<Promise<void>> & { readonly not: Assertions<Promise<void>> };
  readonly rejects: Assertions<Promise<void>> & { readonly not: Assertions<Promise<void>> };
}

/** `expect(value, hint?).toBe(...)`. */
export function expect(actual: unknown, hint?: string): Expectation {
  const now = (inverse: boolean): Assertions<void> =>
    assertions((name, expected) => judge(name, actual, expected, inverse, hint));
  const later = (inverse: boolean, value: () => Promise<unknown>): Assertions<Promise<void>> =>
    assertions(async (name, expected) => judge(name, await value(), expected, inverse, hint));
  const resolved = async (): Promise<unknown> => actual;
  const rejected = (): Promise<unknown> => reasonOf(actual);
  return {
    ...now(false),
    not: now(true),
    resolves: { ...later(false, resolved), not: later(true, resolved) },
    rejects: { ...later(false, rejected), not: later(true, rejected) },
  };
}

expect.any = (type: unknown): Pattern =>
  new Pattern((value) =>
    [String, Number, Boolean].includes(type as never)
      ? typeof value === (type as { name: string }).name.toLowerCase()
      : value instanceof (type as new () => unknown),
  );
expect.anything = (): Pattern => new Pattern((value) => value !== null && value !== undefined);
expect.stringContaining = (part: string): Pattern =>
  new Pattern((value) => typeof value === "string" && value.includes(part));
expect.stringMatching = (pattern: RegExp | string): Pattern =>
  new Pattern((value) => typeof value === "string" && new RegExp(pattern).test(value));
expect.objectContaining = (part: object): Pattern => new Pattern((value) => covers(value, part));
expect.arrayContaining = (part: readonly unknown[]): Pattern =>
  new Pattern(
    (value) => Array.isArray(value) && part.every((item) => value.some((one) => equal(one, item))),
  );
expect.unreachable = (what = "this point"): never => assert.fail(`${what} was reached`);

function assertions<R>(call: (name: Name, expected: unknown[]) => R): Assertions<R> {
  const names = Object.keys(MATCHERS) as Name[];
  return Object.fromEntries(
    names.map((name) => [name, (...expected: unknown[]) => call(name, expected)]),
  ) as Assertions<R>;
}

function judge(name: Name, actual: unknown, expected: unknown[], not: boolean, hint = ""): void {
  const good = (MATCHERS[name] as (...args: unknown[]) => boolean)(actual, ...expected);
  if (good !== not) return;
  // Node draws the difference of the two values.
  const message = `${hint} expected ${not ? "not " : ""}${name}`.trim();
  throw new assert.AssertionError({ message, actual, expected: expected[0], operator: name });
}

/** Deep equality that takes a missing field and one that is undefined for the same. */
function equal(actual: unknown, expected: unknown): boolean {
  if (expected instanceof Pattern) return expected.accepts(actual);
  if (!isRecord(actual) || !isRecord(expected)) return isDeepStrictEqual(actual, expected);
  if (Array.isArray(expected) !== Array.isArray(actual)) return false;
  if (Array.isArray(expected) && expected.length !== (actual as unknown as unknown[]).length) {
    return false;
  }
  const keys = new Set([...Object.keys(actual), ...Object.keys(expected)]);
  return [...keys].every((key) => equal(actual[key], expected[key]));
}

/** Every field of `expected` is in `actual`, deeply; arrays have the same length. */
function covers(actual: unknown, expected: unknown): boolean {
  if (!isRecord(expected)) return equal(actual, expected);
  if (actual instanceof Error) return coversFields(fieldsOf(actual), expected);
  if (!isRecord(actual)) return equal(actual, expected);
  if (Array.isArray(expected) && expected.length !== (actual as unknown as unknown[]).length) {
    return false;
  }
  return coversFields(actual, expected);
}

/** The fields of an error, those not listed as its own included. */
function fieldsOf(error: Error): Record<string, unknown> {
  const { name, message, cause } = error;
  return { ...Object.fromEntries(Object.entries(error)), name, message, cause };
}

function coversFields(
  actual: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): boolean {
  return Object.entries(expected).every(([key, value]) => covers(actual[key], value));
}

/** Plain objects, arrays and instances without contents of their own kind. */
function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || value instanceof Pattern) return false;
  return !(value instanceof Map || value instanceof Set || value instanceof Date || isBytes(value));
}

function isBytes(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Error;
}

function hasProperty(actual: unknown, path: string, value: readonly unknown[]): boolean {
  let at = actual;
  for (const key of path.split(".")) {
    if (typeof at !== "object" || at === null || !(key in at)) return false;
    at = (at as Record<string, unknown>)[key];
  }
  return value.length === 0 || equal(at, value[0]);
}

/** For a function what it throws is looked at, for a rejected promise its reason. */
function throws(actual: unknown, what: unknown): boolean {
  let error = actual;
  if (typeof actual === "function") {
    try {
      (actual as () => unknown)();
      return false;
    } catch (thrown) {
      error = thrown;
    }
  }
  const message = error instanceof Error ? error.message : String(error);
  if (what === undefined) return true;
  if (typeof what === "string") return message.includes(what);
  if (what instanceof RegExp) return what.test(message);
  if (typeof what === "function") return error instanceof what;
  return what instanceof Error ? message === what.message : equal(error, what);
}

async function reasonOf(actual: unknown): Promise<unknown> {
  const promise = typeof actual === "function" ? (actual as () => unknown)() : actual;
  let value: unknown;
  try {
    value = await promise;
  } catch (reason) {
    return reason;
  }
  return assert.fail(`expected a rejection, got ${JSON.stringify(value)}`);
}
