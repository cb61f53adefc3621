import { type ComponentType } from "react";
import { Approvals } from "./pages/approvals.tsx";
import { Arrangement } from "./pages/arrangement.tsx";
import { Chat } from "./pages/chat.tsx";
import { Evidence } from "./pages/evidence.tsx";
import { Evolution } from "./pages/evolution.tsx";
import { Home } from "./pages/home.tsx";
import { Keys } from "./pages/keys.tsx";
import { Memory } from "./pages/memory.tsx";
import { Missions } from "./pages/missions.tsx";
import { Playground } from "./pages/playground.tsx";
import { Runs } from "./pages/runs.tsx";
import { Schedules } from "./pages/schedules/schedules.tsx";
import { Search } from "./pages/search.tsx";
import { Vault } from "./pages/vault.tsx";
import { Workers } from "./pages/workers.tsx";

/** Every page, in the order it is offered. Adding one is adding its file and its line here. */
export interface Page {
  /** In the address. */
  readonly name: string;
  readonly title: string;
  readonly group: Group;
  /** The key after g. */
  readonly key: string;
  readonly View: ComponentType;
}

export const GROUPS = ["Now", "Made", "Set up", "Proof", "Try"] as const;
type Group = (typeof GROUPS)[number];

export const PAGES: readonly Page[] = [
  { name: "home", title: "Home", group: "Now", key: "h", View: Home },
  { name: "approvals", title: "Approvals", group: "Now", key: "a", View: Approvals },
  { name: "missions", title: "Missions", group: "Now", key: "m", View: Missions },
  { name: "runs", title: "Runs", group: "Now", key: "r", View: Runs },
  { name: "workers", title: "Workers", group: "Now", key: "w", View: Workers },
  { name: "schedules", title: "Schedules", group: "Now", key: "d", View: Schedules },
  { name: "chat", title: "Chat", group: "Now", key: "c", View: Chat },
  { name: "search", title: "Search", group: "Now", key: "f", View: Search },
  { name: "vault", title: "Vault", group: "Made", key: "v", View: Vault },
  { name: "memory", title: "Memory", group: "Made", key: "y", View: Memory },
  { name: "arrangement", title: "Arrangement", group: "Set up", key: "s", View: Arrangement },
  { name: "keys", title: "Keys", group: "Set up", key: "k", View: Keys },
  { name: "evolution", title: "Evolution", group: "Proof", key: "e", View: Evolution },
  { name: "evidence", title: "Evidence", group: "Proof", key: "p", View: Evidence },
  { name: "playground", title: "Playground", group: "Try", key: "t", View: Playground },
];

export const hasPages = (group: Group): boolean => PAGES.some((page) => page.group === group);
