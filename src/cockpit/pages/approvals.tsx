import { type ReactNode, useState } from "react";
import type { AskLine, AskList, AskShown } from "../../contracts/http/runs.ts";
import { send, type Of } from "../net/api.ts";
import { useResource } from "../net/resource.ts";
import { Batch, topOf } from "./approvals/batch.tsx";
import { now, useNow } from "../ui/clock.ts";
import { Diff } from "../ui/diff.tsx";
import { useDoing } from "../ui/doing.ts";
import { spanOf } from "../ui/figures.ts";
import { type Fact, Facts } from "../ui/facts.tsx";
import { useKeys } from "../ui/keys.ts";
import { List } from "../ui/list.tsx";
import { Rank } from "../ui/marks.tsx";
import { go, hrefOf, usePlace } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Empty, Shown, Trouble } from "../ui/says.tsx";

/** Everything that waits for the operator, in one queue. */
export function Approvals(): ReactNode {
  const { id } = usePlace();
  const asks = useResource<Of<typeof AskList>>("/v1/approvals", () => true);
  return (
    <div className="page">
      <div className="top">
        <h1>Approvals</h1>
      </div>
      <Shown of={asks} what="what waits">
        {({ data }) =>
          data.length === 0 && id === null ? (
            <Empty>
              Nothing waits for you. What an agent may not do by itself is asked here, with the
              exact arguments.
            </Empty>
          ) : (
            <div className={id === null ? "panes" : "panes open"}>
              <div className="sheet list-pane">
                <List
                  label="What waits"
                  items={data}
                  idOf={(ask) => ask.id}
                  chosen={id}
                  choose={(to) => go(hrefOf("approvals", to))}
                >
                  {(ask) => <Line ask={ask} />}
                </List>
              </div>
              <section className="sheet detail" aria-label="The ask">
                {id === null ? (
                  <Empty>Choose one to see exactly what it would do.</Empty>
                ) : (
                  <Ask key={id} id={id} rest={data} />
                )}
              </section>
            </div>
          )
        }
      </Shown>
    </div>
  );
}

function Line({ ask }: { ask: AskLine }): ReactNode {
  const left = ask.expires - useNow();
  return (
    <>
      <div className="line">
        <span className="grow">
          <Plain text={ask.what} most={300} />
        </span>
      </div>
      <div className="line soft">
        <Plain text={ask.agent} />
        <span className="grow">{ask.reason}</span>
        <span className="num">{left > 0 ? `${spanOf(left)} left` : "expired"}</span>
      </div>
    </>
  );
}

type Whole = Of<typeof AskShown>;

function Ask({ id, rest }: { id: string; rest: readonly AskLine[] }): ReactNode {
  const ask = useResource<Whole>(`/v1/approvals/${encodeURIComponent(id)}`);
  const [typed, setTyped] = useState("");
  return (
    <Shown of={ask} what="the ask">
      {(whole) => (
        <div className="stack">
          <h2>
            <Plain text={whole.what} />
          </h2>
          <Facts rows={factsOf(whole)} />
          <h3>Exactly this</h3>
          <pre className="text">
            <Plain text={JSON.stringify(whole.action, null, 2)} />
          </pre>
          {whole.changes.length > 0 && (
            <>
              <h3>What it would change</h3>
              <Diff changes={whole.changes} />
            </>
          )}
          {whole.earlier && <p className="note">Before: {whole.earlier.says}.</p>}
          {whole.rank === "S" && (
            <label className="field">
              <span>
                Rank S: type <code>{whole.name}</code> to approve
              </span>
              <input value={typed} onChange={(event) => setTyped(event.target.value)} />
            </label>
          )}
          <Answers ask={whole} typed={typed} next={rest.find((one) => one.id !== id)?.id} />
          <Batch asks={rest.filter(({ run }) => topOf(run) === topOf(whole.run))} />
        </div>
      )}
    </Shown>
  );
}

/** The operator's yes or no, which leads to what waits next. */
function Answers(given: { ask: Whole; typed: string; next: string | undefined }): ReactNode {
  const { ask, typed, next } = given;
  const doing = useDoing();
  const answer = (verdict: "approve" | "deny", body: object): void =>
    doing.act(async () => {
      await send("POST", `/v1/approvals/${encodeURIComponent(ask.id)}/${verdict}`, body);
      go(hrefOf("approvals", next));
    });
  const words = ask.rank === "S" ? { typed } : {};
  const approve = (reach: "once" | "run"): void =>
    answer("approve", { reach, argsHash: ask.argsHash, ...words });
  const deny = (): void => answer("deny", {});
  useKeys([
    { key: "a", says: "approve once", act: () => approve("once") },
    { key: "A", says: "approve for the whole run", act: () => approve("run") },
    { key: "d", says: "deny", act: deny },
    { key: "Escape", says: "back to the list", act: () => go(hrefOf("approvals")) },
  ]);
  return (
    <>
      <Trouble error={doing.error} />
      <div className="actions">
        <button className="strong" disabled={doing.busy} onClick={() => approve("once")}>
          Approve once <kbd>a</kbd>
        </button>
        <button disabled={doing.busy} onClick={() => approve("run")} title={ask.covers ?? ""}>
          For this run <kbd>A</kbd>
        </button>
        <button className="danger" disabled={doing.busy} onClick={deny}>
          Deny <kbd>d</kbd>
        </button>
        <a href={hrefOf("runs", ask.run)}>See the run</a>
      </div>
    </>
  );
}

function factsOf(ask: Whole): readonly Fact[] {
  const { agent, name, rank, where, reason, why, cost, covers, expires } = ask;
  return [
    ["agent", <Plain text={agent} />],
    [
      "would",
      <>
        <Plain text={name} /> <Rank rank={rank} />
      </>,
    ],
    where.length > 0 && ["where to", <Plain text={where.join(", ")} />],
    ["because", <Plain text={reason} />],
    why !== null && ["which is", <Plain text={why} />],
    cost !== null && ["cost", cost],
    covers !== null && ["for this run", <Plain text={covers} />],
    ["expires", `in ${spanOf(Math.max(0, expires - now()))}`],
  ];
}
