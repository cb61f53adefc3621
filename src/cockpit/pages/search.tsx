import { type ReactNode, useState } from "react";
import { Act } from "../act/act.tsx";
import { Field } from "../act/field.tsx";
import type { Found } from "../../contracts/http/cockpit.ts";
import type { Of } from "../net/api.ts";
import { useResource } from "../net/resource.ts";
import { useNow } from "../ui/clock.ts";
import { submitting } from "../ui/doing.ts";
import { whenOf } from "../ui/figures.ts";
import { go, hrefOf, usePlace } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Empty, Shown } from "../ui/says.tsx";

type All = Of<typeof Found>;

/** Runs, missions, notes and artifacts that hold some words. */
export function Search(): ReactNode {
  const { query } = usePlace();
  const words = query.get("q") ?? "";
  const [typed, setTyped] = useState(words);
  const found = useResource<All>(words === "" ? null : `/v1/search?q=${encodeURIComponent(words)}`);
  return (
    <div className="page">
      <div className="top">
        <h1>Search</h1>
      </div>
      <form
        className="row"
        onSubmit={submitting(() => go(hrefOf("search", null, { q: typed.trim() })))}
      >
        <Field
          {...{ label: "Words", isBare: true, isSearch: true, isFirst: true, press: "/" }}
          {...{ look: "grow", value: typed, set: setTyped }}
        />
        <Act says="Search" look="strong" />
      </form>
      {words === "" ? (
        <Empty>Words of requests, plans, notes and titles.</Empty>
      ) : (
        <Shown of={found} what="what holds these words">
          {(all) => <Results all={all} />}
        </Shown>
      )}
    </div>
  );
}

interface Line {
  readonly id: string;
  readonly says: string;
  readonly at: number | null;
}

function Results({ all: { runs, missions, notes, artifacts } }: { all: All }): ReactNode {
  const parts: readonly (readonly [page: string, title: string, lines: readonly Line[]])[] = [
    ["missions", "Missions", missions.map(({ run, plan, at }) => ({ id: run, says: plan, at }))],
    ["runs", "Runs", runs.map(({ run, request, at }) => ({ id: run, says: request, at }))],
    ["memory", "Memory", notes.map(({ id, text }) => ({ id, says: text, at: null }))],
    ["vault", "Vault", artifacts.map(({ id, title, at }) => ({ id, says: title, at }))],
  ];
  if (parts.every(([, , lines]) => lines.length === 0)) {
    return <Empty>Nothing has these words.</Empty>;
  }
  return parts.map(([page, title, lines]) => <Part key={page} {...{ page, title, lines }} />);
}

function Part(given: { page: string; title: string; lines: readonly Line[] }): ReactNode {
  const { page, title, lines } = given;
  const now = useNow();
  if (lines.length === 0) return null;
  return (
    <section className="sheet padded stack" aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {lines.map(({ id, says, at }) => (
          <li key={id} className="row">
            <a className="grow" href={hrefOf(page, id)}>
              <Plain text={says} most={160} />
            </a>
            {at !== null && <span className="soft num">{whenOf(at, now)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
