import { useState } from "react";

/** Light, dark, or what the system has; kept in this browser. */
const KEY = "nanos-theme";
const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function useTheme(): readonly [Theme, () => void] {
  const [theme, setTheme] = useState(readTheme);
  const next = (): void => {
    const to = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
    localStorage.setItem(KEY, to);
    show(to);
    setTheme(to);
  };
  return [theme, next];
}

function readTheme(): Theme {
  const kept = THEMES.find((one) => one === localStorage.getItem(KEY)) ?? "system";
  show(kept);
  return kept;
}

function show(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
