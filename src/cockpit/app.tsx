import { type ReactNode, Suspense, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Of } from "./net/api.ts";
import type { AskList } from "../contracts/http/runs.ts";
import type { Link } from "./net/live.ts";
import { feed } from "./net/feed.ts";
import { useResource } from "./net/resource.ts";
import { GROUPS, hasPages, type Page, PAGES } from "./pages.ts";
import { Help } from "./ui/help.tsx";
import { listenToKeys, useKeys } from "./ui/keys.ts";
import { go, hrefOf, usePlace } from "./ui/place.ts";
import { Empty, Loading } from "./ui/says.tsx";
import { useTheme } from "./theme.ts";

/** The whole window: the way through it at the left, one page beside it. */
export function App(): ReactNode {
  const { page: name } = usePlace();
  const page = PAGES.find((one) => one.name === name) ?? PAGES[0];
  const [helps, setHelps] = useState(false);
  const link = useLink();
  const main = useRef<HTMLElement>(null);
  useEffect(listenToKeys, []);
  useEffect(() => {
    document.title = page ? `${page.title} · NanoOS` : "NanoOS";
  }, [page]);
  useKeys([
    ...PAGES.map(({ name: to, key, title }) => ({
      ...{ key: `g ${key}`, says: `go to ${title}` },
      act: () => go(hrefOf(to)),
    })),
    { key: "?", says: "show the keys", act: () => setHelps(true) },
    { key: "m", says: "to the page itself", act: () => main.current?.focus() },
  ]);
  if (link === "out") return <Out />;
  return (
    <div className="shell">
      <Top link={link} help={() => setHelps(true)} />
      <Nav page={page} />
      <main ref={main} tabIndex={0} aria-label={page?.title}>
        <Suspense fallback={<Loading what="the page" />}>{page && <page.View />}</Suspense>
      </main>
      {helps && <Help close={() => setHelps(false)} />}
    </div>
  );
}

function Top({ link, help }: { link: Link; help: () => void }): ReactNode {
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
      <button className="plain" onClick={nextTheme} title="light, dark or as the system has it">
        {theme}
      </button>
      <button className="plain" onClick={help}>
        Keys <kbd>?</kbd>
      </button>
    </header>
  );
}

const LINK_SAYS: Readonly<Record<Link, string>> = {
  joining: "joining",
  live: "live",
  lost: "connection lost, trying again",
  out: "not let in",
};

function Nav({ page }: { page: Page | undefined }): ReactNode {
  const asks = useResource<Of<typeof AskList>>("/v1/approvals", () => true);
  const waits = asks.data?.data.length ?? 0;
  return (
    <nav aria-label="Pages">
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
