import { type ReactNode, useEffect, useState } from "react";
import { ask } from "../../net/api.ts";
import { Plain } from "../../ui/plain.tsx";
import { Loading, Trouble } from "../../ui/says.tsx";
import { Markdown } from "./markdown.tsx";
import { imageType, rowsIn } from "./kinds.ts";

/** What is read of an artifact to be shown; the whole of it can be saved. */
const MOST_BYTES = 2_000_000;

/** An artifact as what it is: text, markdown, a table, a picture. Nothing in it is ever run. */
export function Preview(given: { path: string; bytes: number; type: string }): ReactNode {
  const { path, bytes, type } = given;
  const [read, setRead] = useState<Uint8Array<ArrayBuffer> | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (bytes > MOST_BYTES) return undefined;
    const over = new AbortController();
    ask(path, { signal: over.signal })
      .then((answer) => answer.arrayBuffer())
      .then((content) => setRead(new Uint8Array(content)))
      .catch((cause: unknown) => {
        if (!over.signal.aborted) setError(cause);
      });
    return () => over.abort();
  }, [path, bytes]);
  if (bytes > MOST_BYTES) return <p className="note">Too large to be shown here: save it.</p>;
  if (error !== null) return <Trouble error={error} />;
  if (read === null) return <Loading what="the bytes" />;
  return <Content bytes={read} type={type} />;
}

function Content({ bytes, type }: { bytes: Uint8Array<ArrayBuffer>; type: string }): ReactNode {
  const image = imageType(bytes);
  if (image !== null) return <Picture bytes={bytes} type={image} />;
  const text = textOf(bytes);
  if (text === null) return <p className="note">It is no text and no picture: save it.</p>;
  const rows = rowsIn(text);
  if (rows !== null) return <Table rows={rows} />;
  if (type === "report" || /^#{1,3} /mu.test(text)) return <Markdown text={text} />;
  return (
    <pre className="text" tabIndex={0}>
      <Plain text={text} most={200_000} />
    </pre>
  );
}

function Picture({ bytes, type }: { bytes: Uint8Array<ArrayBuffer>; type: string }): ReactNode {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes], { type }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes, type]);
  return url === null ? null : <img className="picture" src={url} alt="the artifact" />;
}

function Table({ rows }: { rows: readonly (readonly string[])[] }): ReactNode {
  const [head = [], ...rest] = rows;
  return (
    <div className="sheet scrolls" tabIndex={0} role="group" aria-label="The table">
      <table>
        <thead>
          <tr>
            {head.map((cell, i) => (
              <th key={i}>
                <Plain text={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rest.map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j}>
                  <Plain text={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
