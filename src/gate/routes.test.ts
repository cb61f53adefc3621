import { expect, test } from "bun:test";
import type { Route } from "../contracts/rules.ts";
import { LIMITS } from "../std/limits.ts";
import { fillSay, routeOf } from "./routes.ts";

const examples = { example: "", counter: "" };
const ROUTES: readonly Route[] = [
  {
    id: "append",
    match: "^(?:add|append)\\s+(?<text>.+?)\\s+to\\s+(?:my\\s+)?(?<file>[\\w-]+)(?:\\s+(on .+))?$",
    tool: "notes_append",
    args: {
      file: "{file}.md",
      section: {
        title: "{today}",
        lines: ["{text}", "{3}", "{other}"],
        deep: [{ n: 1, on: true, no: null }],
      },
    },
    say: "Added {text} to {file}: {result.lines.0} and {result}.",
    ...examples,
  },
  {
    id: "sum",
    match: "^([\\d.]+|x) plus ?([\\d.]*)$",
    tool: "calculate",
    args: { a: "{1:number}", b: "{2:number}", text: "{1:number} " },
    ...examples,
  },
  { id: "research", match: "^what's new in", agent: "research", ...examples },
  { id: "greet", match: "^hello", say: "Hello.", ...examples },
  { id: "greet-too", match: "^hello", say: "Never.", ...examples },
  { id: "list", match: "^list$", tool: "notes_list", ...examples },
];

const never = (): string => {
  throw new Error("worked out for nothing");
};

const routed = (text: string) => {
  const found = routeOf(text, ROUTES, { today: () => "2026-11-21", conversation: never });
  if (found === null) return null;
  const { route, ...rest } = found;
  return { id: route.id, ...rest };
};

test("the first route that matches is taken, with its texts filled in", () => {
  expect(routed("  ADD milk {today} to my shopping-list\n")).toEqual({
    id: "append",
    tool: "notes_append",
    args: {
      file: "shopping-list.md",
      section: {
        title: "2026-11-21",
        lines: ["milk {today}", "", "{other}"],
        deep: [{ n: 1, on: true, no: null }],
      },
    },
    say: "Added milk {today} to shopping-list: {result.lines.0} and {result}.",
  });
  expect(routed("hello there")).toEqual({ id: "greet", say: "Hello." });
  expect(routed("What's new in React?")).toEqual({ id: "research", agent: "research" });
  expect(routed("list")).toEqual({ id: "list", tool: "notes_list", args: {} });
});

test("a place can ask for a number", () => {
  expect(routed("2.5 plus 3")?.args).toEqual({ a: 2.5, b: 3, text: "{1:number} " });
  expect(routed("1 plus")?.args).toMatchObject({ a: 1, b: "" });
  expect(routed("x plus 1.2.3")?.args).toEqual({ a: "x", b: "1.2.3", text: "{1:number} " });
});

test("nothing matches what no route is about, or what is too long to look at", () => {
  expect(routed("say hello")).toBeNull();
  expect(routed(`hello ${"x".repeat(LIMITS.patternInputChars)}`)).toBeNull();
  expect(routed(`hello ${"x".repeat(LIMITS.patternInputChars - 6)}`)?.id).toBe("greet");
  const broken: Route = { id: "b", match: "(a+)+", say: "no", ...examples };
  expect(routeOf("aaa", [broken], {})).toBeNull();
});

test("what a tool gave is told in the route's words", () => {
  const check = (template: string, result: Parameters<typeof fillSay>[1], expected: string): void =>
    expect(fillSay(template, result)).toBe(expected);
  check("It is {result}.", "four", "It is four.");
  check("It is {result}.", 4, "It is 4.");
  check("It is {result}.", null, "It is .");
  check("{result}", { a: [1] }, '{"a":[1]}');
  check("{result.a.1.b} of {result.n}", { a: [0, { b: "x" }], n: 2 }, "x of 2");
  check("{result.none}{result.a.9}{result.toString}{result.a.b.c}", { a: [] }, "");
  check("{result.a}", { a: "{result.b}", b: "no" }, "{result.b}");
  check("{other}", "x", "{other}");
});

test("of routes that are not certain the surest counts, with the next beside it; a certain one is taken", () => {
  const sure = (id: string, match: string, confidence?: number): Route => ({
    ...{ id, match, say: id, ...examples },
    ...(confidence === undefined ? {} : { confidence }),
  });
  const some = [
    sure("a", "tea", 0.6),
    sure("b", "tea|milk", 0.9),
    sure("c", "milk"),
    sure("d", "^tea$", 0.9),
  ];
  const came = (text: string) => {
    const found = routeOf(text, some, {});
    return found && [found.route.id, found.rival ?? null];
  };
  expect(came("tea")).toEqual(["b", { route: "d", confidence: 0.9 }]);
  expect(came("some tea")).toEqual(["b", { route: "a", confidence: 0.6 }]);
  expect(came("milk")).toEqual(["c", null]);
  expect(came("water")).toBeNull();
});
