import { type ReactNode, useState } from "react";
import type { ArtifactList } from "../../contracts/http/seeds.ts";
import type { Of } from "../net/api.ts";
import { wholeList } from "../net/paged.ts";
import { useResource } from "../net/resource.ts";
import { Browse } from "../ui/browse.tsx";
import { useNow } from "../ui/clock.ts";
import { whenOf } from "../ui/figures.ts";
import { State } from "../ui/marks.tsx";
import { usePlace } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Artifact } from "./vault/artifact.tsx";

type Line = Of<typeof ArtifactList>["artifacts"][number];

/** What was made: every version, where it came from, and what the operator said of it. */
export function Vault(): ReactNode {
  const { id } = usePlace();
  const [words, setWords] = useState("");
  const all = useResource<Of<typeof ArtifactList>>("/v1/vault/artifacts", ({ kind }) =>
    /^(?:action\.settled|artifact|task\.ended|run\.ended)/u.test(kind),
  );
  return (
    <Browse
      page="vault"
      title="Vault"
      list={wholeList(all, ({ artifacts }) => artifacts, {
        words,
        text: ({ title, id: own, type }) => `${title} ${own} ${type}`,
      })}
      idOf={(line) => line.id}
      words={words}
      find={setWords}
      line={(line) => <ArtifactLine line={line} />}
      nothing="Nothing was kept yet. What a task or an agent hands in as an artifact is here."
      choose="Choose one to read it and to say what you think of it."
    >
      {id !== null && <Artifact key={id} id={id} />}
    </Browse>
  );
}

function ArtifactLine({ line }: { line: Line }): ReactNode {
  const { title, type, version, status, flagged, at } = line;
  const now = useNow();
  return (
    <>
      <div className="line">
        <span className="grow">
          <Plain text={title} most={200} />
        </span>
        {flagged && status === "pending" && <State is="flagged" />}
        <State is={status} />
      </div>
      <div className="line soft num">
        <span className="grow">
          {type}, version {version}
        </span>
        <span>{whenOf(at, now)}</span>
      </div>
    </>
  );
}
