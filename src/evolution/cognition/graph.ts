import type { LinkKind } from "../../contracts/cognition.ts";
import { LIMITS } from "../../std/limits.ts";

/**
 * How thoughts hang together: a graph for each kind of link, without cycles and bounded, so that
 * whatever is worked out along it comes to an end. Which links were made first does not matter.
 */
export interface Graph {
  /** Where the links of this kind from a thought lead. */
  out(how: LinkKind, id: string): ReadonlySet<string>;
  /** Where they come from. */
  into(how: LinkKind, id: string): ReadonlySet<string>;
  /** Every thought a link of this kind touches, in the order they were first linked. */
  nodes(how: LinkKind): readonly string[];
  size(how: LinkKind): number;
}

export interface OpenGraph extends Graph {
  add(how: LinkKind, from: string, to: string): void;
  remove(how: LinkKind, from: string, to: string): void;
}

export function openGraph(): OpenGraph {
  const sides = { out: new Map<string, Set<string>>(), into: new Map<string, Set<string>>() };
  const sizes = new Map<LinkKind, number>();
  const set = (side: keyof typeof sides, how: LinkKind, id: string): Set<string> => {
    const found = sides[side].get(`${how} ${id}`) ?? new Set();
    sides[side].set(`${how} ${id}`, found);
    return found;
  };
  const size = (how: LinkKind): number => sizes.get(how) ?? 0;
  const seen = new Map<LinkKind, Set<string>>();
  return {
    size,
    out: (how, id) => sides.out.get(`${how} ${id}`) ?? NONE,
    into: (how, id) => sides.into.get(`${how} ${id}`) ?? NONE,
    nodes(how) {
      const linked = (id: string): boolean => this.out(how, id).size + this.into(how, id).size > 0;
      return [...(seen.get(how) ?? [])].filter(linked);
    },
    add(how, from, to) {
      if (set("out", how, from).has(to)) return;
      set("out", how, from).add(to);
      set("into", how, to).add(from);
      sizes.set(how, size(how) + 1);
      const known = seen.get(how) ?? new Set();
      seen.set(how, known.add(from).add(to));
    },
    remove(how, from, to) {
      if (!set("out", how, from).delete(to)) return;
      set("into", how, to).delete(from);
      sizes.set(how, size(how) - 1);
    },
  };
}

const NONE: ReadonlySet<string> = new Set();

/** Everything that links of this kind lead to, or come from, at whatever distance; not itself. */
export function reached(
  graph: Graph,
  how: LinkKind,
  id: string,
  side: "out" | "into" = "out",
): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const one of graph[side](how, next)) {
      if (found.has(one)) continue;
      found.add(one);
      open.push(one);
    }
  }
  found.delete(id);
  return found;
}

/** Links of the longest way from a thought, or to it. */
export function depthOf(
  graph: Graph,
  how: LinkKind,
  id: string,
  side: "out" | "into" = "out",
): number {
  return folded(graph, how, side, (_, depths: readonly number[]) =>
    depths.length === 0 ? 0 : 1 + Math.max(...depths),
  )(id);
}

/**
 * Works a value out for a thought from those of the thoughts its links lead to. Each is worked out
 * once; as the graph has no cycle and `LIMITS.linkDepth`, that ends.
 */
export function folded<T>(
  graph: Graph,
  how: LinkKind,
  side: "out" | "into",
  fold: (id: string, values: readonly T[]) => T,
): (id: string) => T {
  const known = new Map<string, T>();
  const value = (id: string): T => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const found = fold(id, [...graph[side](how, id)].map(value));
    known.set(id, found);
    return found;
  };
  return value;
}

/** Why two thoughts may not be linked so; null where they may. */
export function linkFault(graph: Graph, how: LinkKind, from: string, to: string): string | null {
  if (from === to) return "It would lead to itself.";
  if (graph.out(how, from).has(to)) return "They are linked so already.";
  if (graph.size(how) >= LIMITS.links) return `There are ${LIMITS.links} such links.`;
  if (
    graph.out(how, from).size >= LIMITS.linksEach ||
    graph.into(how, to).size >= LIMITS.linksEach
  ) {
    return `One of them has ${LIMITS.linksEach} such links.`;
  }
  if (reached(graph, how, to).has(from)) return "It would lead back to itself.";
  const depth = depthOf(graph, how, from, "into") + 1 + depthOf(graph, how, to);
  return depth > LIMITS.linkDepth ? `It would be more than ${LIMITS.linkDepth} links deep.` : null;
}
