/**
 * What a profile of macOS says, read by its rules: the last one whose operation and filter match is
 * the one that counts. It knows what our profiles use and refuses everything else.
 */
export interface Profile {
  /** `what`: a path, a port, a name; whatever the operation is done to. */
  allows(operation: string, what?: string): boolean;
}

type Form = string | readonly Form[];

interface Rule {
  readonly verdict: boolean;
  readonly operations: readonly string[];
  readonly filters: readonly (readonly Form[])[];
}

export function readProfile(text: string): Profile {
  const [version, base, ...forms] = formsOf(text);
  if (JSON.stringify([version, base]) !== '[["version","1"],["deny","default"]]') {
    throw new Error("a profile that does not begin by denying everything");
  }
  const rules = forms.map(ruleOf);
  return {
    allows: (operation, what = "") => {
      const found = rules.filter(
        ({ operations, filters }) =>
          operations.some((one) => covers(one, operation)) &&
          filters.some((filter) => fits(filter, what)),
      );
      return found.at(-1)?.verdict ?? false;
    },
  };
}

function ruleOf(form: Form): Rule {
  if (typeof form === "string") throw new Error(`no rule: ${form}`);
  const [verdict, ...rest] = form;
  if (verdict !== "allow" && verdict !== "deny") throw new Error(`no verdict: ${String(verdict)}`);
  const isOperation = (one: Form): one is string => typeof one === "string";
  const operations = rest.filter(isOperation);
  const filters = rest.filter((one): one is readonly Form[] => !isOperation(one));
  if (operations.length === 0) throw new Error("a rule without an operation");
  // A rule without a filter is for everything: none of ours is that wide.
  if (filters.length === 0) throw new Error(`nothing narrows ${operations.join(" ")}`);
  return { verdict: verdict === "allow", operations, filters };
}

function covers(rule: string, operation: string): boolean {
  return rule === operation || (rule.endsWith("*") && operation.startsWith(rule.slice(0, -1)));
}

function fits([kind, value, more]: readonly Form[], what: string): boolean {
  switch (kind) {
    case "literal":
      return value === what;
    case "subpath":
      return what === value || what.startsWith(`${String(value)}/`);
    case "sysctl-name-prefix":
      return what.startsWith(String(value));
    case "target":
      return value === what;
    case "remote":
      return value === "ip" && more === what;
    default:
      throw new Error(`no filter: ${String(kind)}`);
  }
}

function formsOf(text: string): readonly Form[] {
  const tokens = text.match(/[()]|"(?:[^"\\]|\\.)*"|[^\s()"]+/gu) ?? [];
  const open: Form[][] = [[]];
  for (const token of tokens) {
    if (token === "(") open.push([]);
    else if (token === ")") {
      const form = open.pop() ?? [];
      const outer = open.at(-1);
      if (outer === undefined) throw new Error("a parenthesis too many");
      outer.push(form);
    } else open.at(-1)?.push(token.startsWith('"') ? plain(token) : token);
  }
  if (open.length !== 1) throw new Error("a parenthesis too few");
  return open[0] ?? [];
}

function plain(token: string): string {
  return token.slice(1, -1).replaceAll(/\\(.)/gu, "$1");
}
