import { expect, test } from "bun:test";
import { parseSync } from "oxc-parser";
import { isNode, type Node, partsOf, wordOf } from "../scripts/errors/reader.ts";
import { ROOT } from "../scripts/machine.ts";
import { readHouse } from "../scripts/tidy/house.ts";
import { type Command, GLOBAL_OPTIONS } from "../src/cli/command.ts";
import { MENU } from "../src/cli/commands.ts";
import { parse } from "../src/cli/parse.ts";

/**
 * Every flag of every command stands in a line that some test runs, and every command that has flags
 * is run without them as well. The lines are read off the tests' syntax, and understood as `nanos`
 * understands them; where a helper of a file says the command, its caller says the rest.
 */

/** What stands for a word that is put in. */
const BLANK = "x";
type Words = readonly string[];

/** Lists of words of one file, by the names they have there. */
class Lines {
  readonly all: Words[] = [];
  readonly #named = new Map<string, Node>();

  constructor(program: Node) {
    this.#name(program);
    this.#read(program);
  }

  #name(node: Node): void {
    const [id, init] = [node["id"], node["init"]];
    if (node.type === "VariableDeclarator" && isNode(id) && isNode(init)) {
      if (id.type === "Identifier" && init.type === "ArrayExpression")
        this.#named.set(wordOf(id["name"]), init);
    }
    partsOf(node).forEach((part) => this.#name(part));
  }

  #read(node: Node): void {
    const list = node["elements"] ?? (node.type === "CallExpression" ? node["arguments"] : null);
    if (Array.isArray(list)) this.all.push(this.#words(list, 0));
    const text = textOf(node);
    if (text.includes(" ") && text.length < 2_000) {
      for (const line of text.split("\n")) {
        const words = line.match(/'[^']*'|"[^"]*"|\S+/gu) ?? [];
        this.all.push(words.map((word) => word.replaceAll(/["']/gu, "")));
      }
    }
    partsOf(node).forEach((part) => this.#read(part));
  }

  #words(list: readonly unknown[], deep: number): Words {
    return list.flatMap((one): Words => {
      if (!isNode(one) || deep > 4) return [];
      const spread = one.type === "SpreadElement" ? one["argument"] : one;
      if (!isNode(spread)) return [];
      const either = spread.type === "ConditionalExpression" ? spread["consequent"] : spread;
      const named = isNode(either) ? (this.#named.get(wordOf(either["name"])) ?? either) : null;
      if (named?.type === "ArrayExpression") {
        return this.#words(named["elements"] as readonly unknown[], deep + 1);
      }
      return one.type === "SpreadElement" ? [] : [wordOf(one["value"]) || BLANK];
    });
  }
}

function textOf(node: Node): string {
  if (node.type === "Literal") return wordOf(node["value"]);
  if (node.type !== "TemplateLiteral") return "";
  const pieces = node["quasis"] as readonly Node[];
  return pieces.map((one) => wordOf((one["value"] as Node)["cooked"])).join(BLANK);
}

/** A command with what it is called by, as those below several have one name. */
interface Called {
  readonly command: Command;
  readonly words: Words;
}

/** Notes what each line that `nanos` takes gives: `key new --agent`, and `key new` where nothing. */
async function note(line: Words, called: readonly Called[], found: Set<string>): Promise<void> {
  const read = await parse(line, MENU).catch(() => null);
  const name = called.find(({ command }) => command === read?.command)?.words.join(" ");
  if (read === null || name === undefined) return;
  const flags = Object.keys(read.input.options);
  for (const flag of flags) found.add(`${name} ${flag}`);
  if (!flags.some((flag) => read.command.options?.some((one) => one.flag === flag)))
    found.add(name);
}

async function given(called: readonly Called[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const others = readHouse(ROOT).sources.filter(
    (one) => one.test && one.path !== "test/flags.test.ts",
  );
  for (const { path, text } of others) {
    const { all } = new Lines(parseSync(path, text).program as unknown as Node);
    const spoken = called.filter(({ words }) =>
      words.every((word) => new RegExp(`\\b${word}s?\\b`, "u").test(text)),
    );
    for (const line of all.filter(({ length }) => length > 0 && length < 60)) {
      for (const [at, word] of line.entries()) {
        if (MENU.find(word) !== undefined) await note(line.slice(at), called, found);
      }
      for (const { words } of spoken) {
        const [name, sub] = words;
        if (name !== undefined && sub !== undefined && line[0] === sub) {
          await note([name, ...line], called, found);
        }
      }
      const first = line.findIndex((word) => /^--\w/u.test(word));
      if (first === -1) continue;
      for (const { command, words } of spoken) {
        const required = (command.args ?? []).filter((one) => one.required === true);
        const args = required.map(() => BLANK);
        await note([...words, ...args, ...line.slice(first)], called, found);
      }
    }
  }
  return found;
}

test("every flag is given in some test, and what has flags is run without them", async () => {
  const commands = await Promise.all(MENU.names.map((name) => MENU.load(name)));
  const called = commands.flatMap((command): Called[] => [
    { command, words: [command.name] },
    ...(command.subs ?? []).map((sub) => ({ command: sub, words: [command.name, sub.name] })),
  ]);
  const found = await given(called);
  const missing = called.flatMap(({ command: { options = [], run }, words }) => {
    const name = words.join(" ");
    const wanted = options.map(({ flag }) => `${name} ${flag}`);
    return [...wanted, ...(run && options.length > 0 ? [name] : [])].filter(
      (one) => !found.has(one),
    );
  });
  const global = GLOBAL_OPTIONS.map(({ flag }) => flag).filter(
    (flag) => ![...found].some((one) => one.endsWith(` ${flag}`)),
  );
  expect([...missing, ...global]).toEqual([]);
});
