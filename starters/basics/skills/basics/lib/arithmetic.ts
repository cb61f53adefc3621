/** The four operations of a pocket calculator. */
export type Operation = "add" | "subtract" | "multiply" | "divide";

/** One operation on two numbers. @throws Error on division by zero and on numbers too large. */
export function operate(operation: Operation, a: number, b: number): number {
  switch (operation) {
    case "add":
      return finite(a + b);
    case "subtract":
      return finite(a - b);
    case "multiply":
      return finite(a * b);
    case "divide":
      return divide(a, b);
  }
}

/**
 * The value of an arithmetic expression: numbers, `+ - * / % ^`, signs and parentheses, with the
 * usual precedence; `^` binds strongest and to the right. It is read, never executed.
 *
 *     sum     = product { ("+" | "-") product }
 *     product = signed { ("*" | "/" | "%") signed }
 *     signed  = { "+" | "-" } power
 *     power   = atom [ "^" signed ]
 *     atom    = number | "(" sum ")"
 *
 * @throws Error that says what is wrong, and where.
 */
export function evaluate(expression: string): number {
  if (expression.length > MAX_LENGTH) {
    throw new Error(`The expression is longer than ${MAX_LENGTH} characters.`);
  }
  const reader = new Reader(tokensOf(expression));
  const value = reader.sum(0);
  reader.end();
  return value;
}

const MAX_LENGTH = 1_000;
const MAX_DEPTH = 100;

interface Token {
  /** A number's value, or the sign itself. */
  readonly is: number | string;
  /** Position in the expression, from 1. */
  readonly at: number;
}

/** The signs people type for the same thing. */
const SAME: Readonly<Record<string, string>> = { "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-" };

function tokensOf(text: string): readonly Token[] {
  const pattern = /\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([-+*/%^()×·÷−–])|(\S))/gy;
  const tokens: Token[] = [];
  for (const match of text.matchAll(pattern)) {
    const [whole, number, sign, other] = match;
    const at = match.index + whole.length - whole.trimStart().length + 1;
    if (other !== undefined) throw new Error(`There is no use for “${other}” at character ${at}.`);
    tokens.push({
      is: number === undefined ? (SAME[sign ?? ""] ?? sign ?? "") : Number(number),
      at,
    });
  }
  return tokens;
}

/** Reads tokens from left to right; one method per line of the grammar. */
class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  sum(depth: number): number {
    if (depth > MAX_DEPTH) throw new Error("The expression is nested too deep.");
    let value = this.#product(depth);
    for (;;) {
      if (this.#take("+")) value = finite(value + this.#product(depth));
      else if (this.#take("-")) value = finite(value - this.#product(depth));
      else return value;
    }
  }

  end(): void {
    const left = this.#tokens[this.#next];
    if (left) throw new Error(`Nothing fits “${left.is}” at character ${left.at}.`);
  }

  #product(depth: number): number {
    let value = this.#signed(depth);
    for (;;) {
      if (this.#take("*")) value = finite(value * this.#signed(depth));
      else if (this.#take("/")) value = divide(value, this.#signed(depth));
      else if (this.#take("%")) value = remainder(value, this.#signed(depth));
      else return value;
    }
  }

  #signed(depth: number): number {
    let negative = false;
    for (;;) {
      if (this.#take("-")) negative = !negative;
      else if (!this.#take("+")) break;
    }
    const value = this.#power(depth);
    return negative ? -value : value;
  }

  #power(depth: number): number {
    const base = this.#atom(depth);
    if (!this.#take("^")) return base;
    if (depth > MAX_DEPTH) throw new Error("The expression is nested too deep.");
    return finite(base ** this.#signed(depth + 1));
  }

  #atom(depth: number): number {
    const token = this.#tokens[this.#next];
    if (!token) throw new Error("The expression ends too early.");
    this.#next += 1;
    if (typeof token.is === "number") return finite(token.is);
    if (token.is !== "(") throw new Error(`A number is missing at character ${token.at}.`);
    const value = this.sum(depth + 1);
    if (!this.#take(")"))
      throw new Error(`The parenthesis at character ${token.at} is not closed.`);
    return value;
  }

  #take(sign: string): boolean {
    if (this.#tokens[this.#next]?.is !== sign) return false;
    this.#next += 1;
    return true;
  }
}

function divide(a: number, b: number): number {
  if (b === 0) throw new Error("Division by zero has no result.");
  return finite(a / b);
}

function remainder(a: number, b: number): number {
  if (b === 0) throw new Error("The remainder of a division by zero has no result.");
  return finite(a % b);
}

/** Rounded to the digits that mean something, so that 0.1 + 0.2 is 0.3. */
function finite(value: number): number {
  if (!Number.isFinite(value)) throw new Error("The result is too large, or not a number.");
  return Number(value.toPrecision(15));
}
