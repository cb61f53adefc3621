import { posix } from "node:path";
import { parseSync } from "oxc-parser";

/** A node of the syntax, as far as it is looked at here. */
export interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

/** A field that is a word; empty where it is something else. */
export function wordOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The nodes right below one. */
export function partsOf(node: Node): readonly Node[] {
  return Object.values(node)
    .flat()
    .filter((value) => isNode(value));
}

/** Files of the house, each read once. */
export interface House {
  readonly texts: ReadonlyMap<string, string>;
  readonly readers: Map<string, Reader>;
}

const GAP = "…";
/** So deep names are followed; a sentence that takes more is put together at run time. */
const DEEP = 6;

/** A name's value, and the block in which it is that. */
interface Named {
  readonly value: Node;
  readonly within: Node;
}

/** Reads texts of one file as far as they stand in the code; what is put in is `…`. */
export class Reader {
  readonly #names = new Map<string, Named[]>();
  readonly #calls = new Map<string, (readonly Node[])[]>();
  readonly #imports = new Map<string, string>();
  readonly #path: string;
  readonly #house: House;
  readonly program: Node;
  /** The one call a function's parameters are read by; all of them otherwise. */
  #bound: readonly Node[] | null = null;

  private constructor(path: string, text: string, house: House) {
    this.#path = path;
    this.#house = house;
    this.program = parseSync(path, text).program as unknown as Node;
    this.#index(this.program, this.program);
  }

  /** The reader of a file; null where there is none. */
  static of(path: string, house: House): Reader | null {
    const text = house.texts.get(path);
    if (text === undefined) return null;
    const reader = house.readers.get(path) ?? new Reader(path, text, house);
    house.readers.set(path, reader);
    return reader;
  }

  /** The calls by which a parameter in `node` gets what it is, each to be read by itself. */
  callsFor(node: Node): readonly (readonly Node[] | null)[] {
    const name =
      node.type === "TemplateLiteral" ? (node["expressions"] as readonly Node[])[0] : node;
    if (name?.type !== "Identifier") return [null];
    const named = this.#named(wordOf(name["name"]), name);
    if (named?.type !== "Param") return [null];
    return this.#calls.get(this.#nameOf(named["fn"] as Node)) ?? [];
  }

  /** Reads by one call, as `callsFor` names it. */
  by<T>(call: readonly Node[] | null, read: () => T): T {
    const before = this.#bound;
    this.#bound = call;
    try {
      return read();
    } finally {
      this.#bound = before;
    }
  }

  #index(node: Node, within: Node): void {
    if (node.type === "VariableDeclarator" && isNode(node["init"])) {
      this.#name(node["id"], node["init"], within);
    } else if (node.type === "FunctionDeclaration") {
      this.#name(node["id"], node, within);
    } else if (node.type === "ImportDeclaration") {
      const from = String((node["source"] as Node)["value"]);
      for (const one of node["specifiers"] as readonly Node[]) {
        this.#imports.set(String((one["local"] as Node)["name"]), from);
      }
    } else if (node.type === "CallExpression") {
      const name = wordOf((node["callee"] as Node)["name"]);
      const all = this.#calls.get(name) ?? [];
      this.#calls.set(name, [...all, node["arguments"] as readonly Node[]]);
    }
    if (isFunction(node)) {
      (node["params"] as readonly Node[]).forEach((one, at) => {
        const id = one.type === "AssignmentPattern" ? one["left"] : one;
        this.#name(id, { ...node, type: "Param", at, fn: node }, node);
      });
    }
    const block = isFunction(node) || node.type === "BlockStatement" ? node : within;
    for (const part of partsOf(node)) this.#index(part, block);
  }

  #name(id: unknown, value: Node, within: Node): void {
    if (!isNode(id) || id.type !== "Identifier") return;
    const name = wordOf(id["name"]);
    this.#names.set(name, [...(this.#names.get(name) ?? []), { value, within }]);
  }

  /** The words a node can be: a literal, either side of a choice, a name for one, any of a list. */
  wordsOf(node: Node): readonly string[] {
    if (node.type === "TemplateLiteral") {
      const [quasis, [put]] = [node["quasis"], node["expressions"]] as [readonly Node[], Node[]];
      const [head] = quasis.map((one) => (one["value"] as { cooked: string }).cooked);
      return put === undefined ? [] : this.wordsOf(put).map((word) => `${head}${word}`);
    }
    if (node.type === "MemberExpression") {
      const list = node["object"] as Node;
      const named = list.type === "Identifier" ? this.#named(wordOf(list["name"]), list) : null;
      if (named?.type !== "ObjectExpression") return [];
      const values = (named["properties"] as readonly Node[]).map((one) => one["value"]);
      return values.flatMap((one) => (isNode(one) ? this.wordsIn(one) : []));
    }
    if (node.type !== "Identifier") return this.wordsIn(node);
    const named = this.#named(wordOf(node["name"]), node);
    if (named === null) return [];
    if (named.type !== "Param") return this.wordsIn(named);
    const given = this.#bound?.[Number(named["at"])];
    return given === undefined ? [] : this.wordsIn(given);
  }

  /** The same, where a name does not count. */
  wordsIn(node: Node): readonly string[] {
    switch (node.type) {
      case "Literal":
        return typeof node["value"] === "string" ? [node["value"]] : [];
      case "ConditionalExpression":
        return [node["consequent"], node["alternate"]].flatMap((one) => this.wordsIn(one as Node));
      case "TSAsExpression":
        return this.wordsIn(node["expression"] as Node);
      default:
        return [];
    }
  }

  /** A sentence; empty where there is none to be read. `at` is the side of a choice, if it is one. */
  textOf(node: Node | undefined, at: 0 | 1 | null = null): string {
    if (node === undefined) return "";
    const named = node.type === "Identifier" ? this.#named(wordOf(node["name"]), node) : null;
    const meant = named?.type === "ConditionalExpression" ? named : node;
    if (at !== null && meant.type === "ConditionalExpression") {
      return this.textOf(meant[at === 0 ? "consequent" : "alternate"] as Node);
    }
    const read = this.#read(node, DEEP).replaceAll(/\s*\n\s*/gu, " ");
    const text = read.replaceAll(/…(?:\s?…)+/gu, GAP);
    return / /u.test(text) && /\p{L}{2}/u.test(text) ? text.trim() : "";
  }

  #read(node: Node, deep: number): string {
    if (deep === 0) return GAP;
    const of = (field: string): string => this.#read(node[field] as Node, deep);
    switch (node.type) {
      case "Literal":
        return wordOf(node["value"]);
      case "TemplateLiteral": {
        const [quasis, given] = [node["quasis"], node["expressions"]] as (readonly Node[])[];
        return (quasis ?? [])
          .map((one, at) => {
            const put = given?.[at];
            const cooked = String((one["value"] as { cooked: string }).cooked);
            return cooked + (put === undefined ? "" : this.#piece(put, deep - 1));
          })
          .join("");
      }
      case "BinaryExpression":
        return node["operator"] === "+" ? `${of("left")}${of("right")}` : GAP;
      case "ConditionalExpression":
        return better(of("consequent"), of("alternate"));
      case "LogicalExpression":
        return better(of("left"), of("right"));
      case "TSAsExpression":
      case "AwaitExpression":
        return of(node.type === "TSAsExpression" ? "expression" : "argument");
      case "Identifier":
        return this.#ofName(node, deep - 1);
      case "CallExpression":
        return this.#ofCall(node, deep - 1);
      default:
        return GAP;
    }
  }

  /** What is put into a template: shown where it is always the same word. */
  #piece(node: Node, deep: number): string {
    if (node.type !== "Identifier") return GAP;
    const named = this.#named(wordOf(node["name"]), node);
    return named?.type === "Literal" ? this.#read(named, deep) : GAP;
  }

  /** What a name is where it stands: of the smallest block around it, what came last before it. */
  #named(name: string, use: Node): Node | null {
    const [start, end] = [Number(use["start"]), Number(use["end"])];
    const around = (this.#names.get(name) ?? []).filter(
      ({ within }) => Number(within["start"]) <= start && Number(within["end"]) >= end,
    );
    const width = ({ within }: Named): number => Number(within["end"]) - Number(within["start"]);
    const [nearest] = around.toSorted((a, b) => width(a) - width(b));
    if (nearest !== undefined) {
      const same = around.filter((one) => one.within === nearest.within);
      return (same.findLast(({ value }) => Number(value["start"]) < start) ?? nearest).value;
    }
    const from = this.#imports.get(name) ?? "";
    if (!from.startsWith(".")) return null;
    const source = Reader.of(posix.join(posix.dirname(this.#path), from), this.#house);
    const all = source === null ? [] : (source.#names.get(name) ?? []);
    return all.find(({ within }) => within === source?.program)?.value ?? null;
  }

  #ofName(node: Node, deep: number): string {
    const named = this.#named(wordOf(node["name"]), node);
    if (named === null) return GAP;
    if (named.type !== "Param") return this.#read(named, deep);
    // A parameter: what the calls of that function in this file give it.
    const calls = this.#bound ? [this.#bound] : this.#calls.get(this.#nameOf(named["fn"] as Node));
    return (calls ?? [])
      .map((all) => all[Number(named["at"])])
      .map((one) => (one === undefined ? GAP : this.#read(one, deep)))
      .reduce(better, GAP);
  }

  #nameOf(fn: Node): string {
    if (isNode(fn["id"])) return String(fn["id"]["name"]);
    const named = [...this.#names].find(([, all]) => all.some(({ value }) => value === fn));
    return named?.[0] ?? "";
  }

  /** `[a, b].join(" ")`, `plainText(text)`, and what a function of the file answers. */
  #ofCall(node: Node, deep: number): string {
    const callee = node["callee"] as Node;
    const given = node["arguments"] as readonly Node[];
    if (callee.type === "MemberExpression") {
      const list = callee["object"] as Node;
      if (list.type !== "ArrayExpression") return this.#read(list, deep);
      const parts = (list["elements"] as readonly Node[]).map((one) => this.#read(one, deep));
      return parts.join(given[0] === undefined ? "" : wordOf(given[0]["value"]));
    }
    const own = this.#named(wordOf(callee["name"]), callee);
    const answers = own !== null && isFunction(own) ? returnsOf(own) : [];
    const made = answers.map((one) => this.#read(one, deep)).reduce(better, GAP);
    return made === GAP && given[0] !== undefined ? this.#read(given[0], deep) : made;
  }
}

function isFunction(node: Node): boolean {
  return /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/u.test(node.type);
}

function returnsOf(fn: Node): readonly Node[] {
  const body = fn["body"] as Node;
  if (body.type !== "BlockStatement") return [body];
  const found: Node[] = [];
  const walk = (node: Node): void => {
    if (node.type === "ReturnStatement" && isNode(node["argument"])) found.push(node["argument"]);
    if (!isFunction(node)) partsOf(node).forEach(walk);
  };
  partsOf(body).forEach(walk);
  return found;
}

/** Whichever says more in words of its own. */
function better(one: string, other: string): string {
  const words = (text: string): number => text.replaceAll(GAP, "").trim().length;
  return words(one) > 0 ? one : words(other) > 0 ? other : one;
}
