import { useSyncExternalStore } from "react";

/** Where the operator is, in the address: `#/runs/RUN?step=3`. Going back is the browser's own. */
export interface Place {
  readonly page: string;
  /** What is open there; null for the list. */
  readonly id: string | null;
  readonly query: URLSearchParams;
}

export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#?\/?/u, "").split("?", 2);
  const [page = "", ...rest] = path.split("/").map(decoded);
  return { page, id: rest.length > 0 ? rest.join("/") : null, query: new URLSearchParams(query) };
}

export function hrefOf(
  page: string,
  id?: string | null,
  query: Record<string, string> = {},
): string {
  const words = new URLSearchParams(query).toString();
  const own = id === undefined || id === null ? "" : `/${encodeURIComponent(id)}`;
  return `#/${page}${own}${words === "" ? "" : `?${words}`}`;
}

export function go(href: string): void {
  location.hash = href;
}

export function usePlace(): Place {
  return placeOf(useSyncExternalStore(subscribe, () => location.hash));
}

function subscribe(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
