import { lazy, type ReactNode, Suspense, useState } from "react";
import { Act } from "../../act/act.tsx";
import { Field } from "../../act/field.tsx";
import type { DiffOfArtifact } from "../../../contracts/http/cockpit.ts";
import type { ArtifactList, ArtifactShown } from "../../../contracts/http/seeds.ts";
import { type Of, send } from "../../net/api.ts";
import { save } from "../../net/save.ts";
import { useResource } from "../../net/resource.ts";
import { Diff } from "../../ui/diff.tsx";
import { useDoing } from "../../ui/doing.ts";
import { type Fact, Facts } from "../../ui/facts.tsx";
import { bytesOf, timeOf } from "../../ui/figures.ts";
import { State } from "../../ui/marks.tsx";
import { hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Loading, Shown, Trouble } from "../../ui/says.tsx";
import { Tabs } from "../../ui/tabs.tsx";

type Whole = Of<typeof ArtifactShown>;

/** What shows bytes is loaded once there are some to show. */
const Preview = lazy(async () => ({ default: (await import("./preview.tsx")).Preview }));

/** One version of an artifact: what it is, what is new in it, and the operator's review. */
export function Artifact({ id }: { id: string }): ReactNode {
  const path = `/v1/vault/artifacts/${encodeURIComponent(id)}`;
  const artifact = useResource<Whole>(path, ({ kind }) => kind.startsWith("artifact."));
  const [view, setView] = useState<"preview" | "diff" | "history">("preview");
  return (
    <Shown of={artifact} what="the artifact">
      {(whole) => (
        <div className="stack">
          <h2>
            <Plain text={whole.title} />
          </h2>
          <Facts rows={factsOf(whole)} />
          <Review path={path} reload={artifact.reload} />
          <Tabs
            label="The artifact"
            tabs={[
              ["preview", "Preview"],
              ["diff", "What is new"],
              ["history", "Versions"],
            ]}
            chosen={view}
            choose={setView}
          />
          {view === "preview" && (
            <Suspense fallback={<Loading what="the bytes" />}>
              <Preview path={`${path}/content`} bytes={whole.bytes} type={whole.type} />
            </Suspense>
          )}
          {view === "diff" && <New path={path} />}
          {view === "history" && <History path={path} />}
        </div>
      )}
    </Shown>
  );
}

function factsOf(whole: Whole): readonly Fact[] {
  const { type, version, bytes, hash, agent, made, at, status, review, run } = whole;
  return [
    ["is", `${type}, version ${version}, ${bytesOf(bytes)}`],
    [
      "review",
      <>
        <State is={status} />{" "}
        {review && <Plain text={`by ${review.by}: ${review.why ?? "no words"}`} />}
      </>,
    ],
    ["made by", <Plain text={`${agent}, ${made}`} />],
    ["at", timeOf(at)],
    ["in", <a href={hrefOf("runs", run)}>{run}</a>],
    ["sealed as", <code>{hash}</code>],
  ];
}

function Review({ path, reload }: { path: string; reload: () => void }): ReactNode {
  const [why, setWhy] = useState("");
  const doing = useDoing();
  const say = (verdict: "approve" | "reject"): void =>
    doing.act(async () => {
      await send("POST", `${path}/${verdict}`, why === "" ? {} : { why });
      setWhy("");
      reload();
    });
  const keep = (): void =>
    doing.act(() => save(`${path}/content`, path.split("/").at(-1) ?? "artifact"));
  return (
    <>
      <div className="actions">
        <Field
          {...{ label: "Why", isBare: true, look: "grow", value: why, set: setWhy }}
          placeholder="why, if you like"
        />
        <Act
          {...{ says: "Approve", press: "a", look: "strong", off: doing.busy }}
          act={() => say("approve")}
        />
        <Act
          {...{ says: "Reject", press: "d", look: "danger", off: doing.busy }}
          act={() => say("reject")}
        />
        <Act says="Save" press="s" off={doing.busy} act={keep} />
      </div>
      <Trouble error={doing.error} />
    </>
  );
}

function New({ path }: { path: string }): ReactNode {
  const diff = useResource<Of<typeof DiffOfArtifact>>(`${path}/diff`);
  return (
    <Shown of={diff} what="what is new">
      {({ changes }) => <Diff changes={changes} />}
    </Shown>
  );
}

function History({ path }: { path: string }): ReactNode {
  const all = useResource<Of<typeof ArtifactList>>(`${path}/history`);
  return (
    <Shown of={all} what="versions">
      {({ artifacts }) => (
        <ul>
          {artifacts.map(({ id, version, at, status, hash }) => (
            <li key={id} className="row">
              <a href={hrefOf("vault", id)}>version {version}</a>
              <State is={status} /> <span className="soft">{timeOf(at)}</span>
              <code>{hash.slice(0, 16)}</code>
            </li>
          ))}
        </ul>
      )}
    </Shown>
  );
}
