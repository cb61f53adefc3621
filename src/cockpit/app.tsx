import { type ReactNode, Suspense, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Act } from "./act/act.tsx";
import { listenToKeys, useActions } from "./act/actions.ts";
import { Palette } from "./act/palette.tsx";
import type { Of } from "./net/api.ts";
import type { AskList } from "../contracts/http/runs.ts";
import type { Link } from "./net/live.ts";
import { feed } from "./net/feed.ts";
import { useResource } from "./net/resource.ts";
import { GROUPS, hasPages, type Page, PAGES } from "./pages.ts";
import { go, hrefOf, usePlace } from "./ui/place.ts";
import { Empty, Loading } from "./ui/says.tsx";
import { useTheme } from "./theme.ts";

/** The whole window: the way through it at the left, one page beside it. */
export function App(): ReactNode {
  const { page: name, id } = usePlace();
  const page = PAGES.find((one) => one.name === name) ?? PAGES[0];
  const [asks, setAsks] = useState(false);
  const link = useLink();
  const main = useRef<HTMLElement>(null);
  useEffect(listenToKeys, []);
  useEffect(() => {
    document.title = page ? `${page.title} · NanoOS` : "NanoOS";
  }, [page]);
  useEffect(() => focusOn(main.current), [page, id]);
  const open = (): void => setAsks(true);
  useActions(
    [
      ...PAGES.map(({ name: to, key, title }) => ({
        ...{ says: "Go to", of: title, press: `g ${key}` },
        act: () => go(hrefOf(to)),
      })),
      { says: "To the page itself", press: "m", act: () => main.current?.focus() },
      { says: "What can be done here", press: "Control+k", act: open },
    ],
    true,
  );
  if (link === "out") return <Out />;
  return (
    <div className="shell">
      <Top link={link} open={open} />
      <Nav page={page} />
      <main ref={main} tabIndex={0} aria-label={page?.title}>
        <Suspense fallback={<Loading what="the page" />}>{page && <page.View />}</Suspense>
      </main>
      {asks && <Palette close={() => setAsks(false)} />}
    </div>
  );
}

function Top({ link, open }: { link: Link; open: () => void }): ReactNode {
  const [theme, nextTheme] = useTheme();
  return (
    <header>
      <a className="name" href={hrefOf("home")}>
        NanoOS
      </a>
      <span className="fill" />
      <span className={`link ${link}`} role="status">
        <i aria-hidden="true" />
        {LINK_SAYS[link]}
      </span>
      <Act
        {...{ says: "Light or dark", of: theme, press: "t", look: "plain" }}
        act={nextTheme}
        isEverywhere
        title="light, dark or as the system has it"
      >
        {theme}
      </Act>
      <Act says="Actions" press="?" look="plain" act={open} isEverywhere />
    </header>
  );
}

/** What was acted on is gone with what it stood in: who reads by ear is led to what is there now. */
function focusOn(main: HTMLElement | null): void {
  if (document.activeElement !== document.body) return;
  (main?.querySelector<HTMLElement>(".detail") ?? main)?.focus({ preventScroll: true });
}

const LINK_SAYS: Readonly<Record<Link, string>> = {
  joining: "joining",
  live: "live",
  lost: "connection lost, trying again",
  out: "not let in",
};

/** Says what waits to who does not see the count. */
function Waits({ count }: { count: number }): ReactNode {
  return (
    <span className="hidden" role="status">
      {count > 0 && `${count} waiting for your answer`}
    </span>
  );
}

const SEEN = { block: "nearest", inline: "center" } as const;

function Nav({ page }: { page: Page | undefined }): ReactNode {
  const asks = useResource<Of<typeof AskList>>("/v1/approvals", () => true);
  const waits = asks.data?.data.length ?? 0;
  const nav = useRef<HTMLElement>(null);
  // In a narrow window the way is longer than what is seen of it.
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView(SEEN);
  }, [page]);
  return (
    <nav ref={nav} aria-label="Pages">
      <Waits count={waits} />
      {GROUPS.filter(hasPages).map((group) => (
        <section key={group}>
          <h3>{group}</h3>
          <ul>
            {PAGES.filter((one) => one.group === group).map(({ name, title }) => (
              <li key={name}>
                <a href={hrefOf(name)} aria-current={name === page?.name ? "page" : undefined}>
                  {title}
                  {name === "approvals" && waits > 0 && (
                    <span className="count">
                      {waits}
                      <span className="hidden"> waiting</span>
                    </span>
                  )}
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}

/** For a browser that was not let in, or is not any more. */
function Out(): ReactNode {
  return (
    <main className="door">
      <Empty>
        <h1>This browser is not in the cockpit</h1>
        <p>
          Make a link in a terminal and open it here: <code>nanos key link</code>
        </p>
      </Empty>
    </main>
  );
}

function useLink(): Link {
  return useSyncExternalStore(feed.onLink, feed.link);
}
