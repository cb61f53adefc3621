import type { ReactNode } from "react";
import { Act } from "../act/act.tsx";
import { Field } from "../act/field.tsx";
import type { Paged } from "../net/paged.ts";

import { List } from "./list.tsx";
import { go, hrefOf, usePlace } from "./place.ts";
import { Empty, Loading, Trouble } from "./says.tsx";

interface BrowseProps<T> {
  readonly page: string;
  readonly title: string;
  readonly list: Paged<T>;
  readonly idOf: (item: T) => string;
  readonly line: (item: T) => ReactNode;
  readonly words: string;
  readonly find: (words: string) => void;
  /** What stands there while there is none at all. */
  readonly nothing: ReactNode;
  readonly choose: string;
  /** Beside the title. */
  readonly top?: ReactNode;
  /** Of a line, in pixels. */
  readonly height?: number;
  /** The one that is opened. */
  readonly children: ReactNode;
}

/** A page that is a long list with one of it opened beside: searched by /, walked by j and k. */
export function Browse<T>(props: BrowseProps<T>): ReactNode {
  const { page, title, list, choose, children } = props;
  const { id } = usePlace();
  return (
    <div className="page">
      <Top {...props} />
      <Trouble error={list.error} again={list.reload} />
      {list.read || list.error !== null ? (
        <div className={id === null ? "panes" : "panes open"}>
          <div className="sheet list-pane">
            <Lines {...props} />
          </div>
          <section
            className="sheet detail"
            aria-label={`One of ${title.toLowerCase()}`}
            tabIndex={0}
          >
            {id === null ? <Empty>{choose}</Empty> : <Opened page={page}>{children}</Opened>}
          </section>
        </div>
      ) : (
        <Loading what={title.toLowerCase()} />
      )}
    </div>
  );
}

/** The one that is opened, and the way back from it. */
export function Opened({ page, children }: { page: string; children: ReactNode }): ReactNode {
  return (
    <>
      <p className="back">
        <Act says="Back to the list" press="Escape" look="plain" act={() => go(hrefOf(page))} />
      </p>
      {children}
    </>
  );
}

function Top<T>({ title, top, words, find }: BrowseProps<T>): ReactNode {
  return (
    <div className="top">
      <h1>{title}</h1>
      {top}
      <Field
        label={`Search ${title.toLowerCase()}`}
        {...{ isBare: true, isSearch: true, press: "/", placeholder: "Search  /" }}
        value={words}
        set={find}
      />
    </div>
  );
}

function Lines<T>(props: BrowseProps<T>): ReactNode {
  const { page, title, list, idOf, line, height, words, nothing } = props;
  const { id } = usePlace();
  if (list.items.length === 0) {
    return <Empty>{words === "" ? nothing : "Nothing has these words."}</Empty>;
  }
  return (
    <List
      label={title}
      items={list.items}
      idOf={idOf}
      chosen={id}
      choose={(to) => go(hrefOf(page, to))}
      more={list.more}
      {...(height === undefined ? {} : { height })}
    >
      {line}
    </List>
  );
}
