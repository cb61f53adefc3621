import { lexer, type Token, type Tokens } from "marked";
import type { ReactNode } from "react";
import { Plain } from "../../ui/plain.tsx";

/**
 * Markdown as elements of our own: what it says in HTML is shown as it is written, a picture by its
 * words, and a link by its address, which nobody follows by mistake.
 */
export function Markdown({ text }: { text: string }): ReactNode {
  return <article className="markdown">{blocks(lexer(text))}</article>;
}

function blocks(tokens: readonly Token[]): ReactNode[] {
  return tokens.map((token, i) => <Block key={i} token={token as Tokens.Generic} />);
}

function Block({ token }: { token: Tokens.Generic }): ReactNode {
  switch (token.type) {
    case "space":
      return null;
    case "heading":
      return <h3>{inline(token)}</h3>;
    case "paragraph":
    case "text":
      return <p>{inline(token)}</p>;
    case "blockquote":
      return <blockquote className="note">{blocks(token.tokens ?? [])}</blockquote>;
    case "list":
      return <List token={token as Tokens.List} />;
    case "code":
      return (
        <pre className="text" tabIndex={0}>
          <Plain text={String(token["text"])} />
        </pre>
      );
    case "hr":
      return <hr />;
    case "table":
      return <Table token={token as Tokens.Table} />;
    default:
      return (
        <p>
          <Plain text={token.raw} />
        </p>
      );
  }
}

function List({ token }: { token: Tokens.List }): ReactNode {
  const items = token.items.map((item, i) => <li key={i}>{blocks(item.tokens)}</li>);
  return token.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
}

function Table({ token: { header, rows } }: { token: Tokens.Table }): ReactNode {
  return (
    <table>
      <thead>
        <tr>
          {header.map((cell, i) => (
            <th key={i}>{inline(cell)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => (
          <tr key={i}>
            {row.map((cell, j) => (
              <td key={j}>{inline(cell)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function inline({ tokens, text }: { tokens?: Token[]; text?: string }): ReactNode {
  if (tokens === undefined) return <Plain text={text ?? ""} />;
  return tokens.map((token, i) => <Inline key={i} token={token as Tokens.Generic} />);
}

function Inline({ token }: { token: Tokens.Generic }): ReactNode {
  switch (token.type) {
    case "strong":
      return <strong>{inline(token)}</strong>;
    case "em":
      return <em>{inline(token)}</em>;
    case "codespan":
      return (
        <code>
          <Plain text={String(token["text"])} />
        </code>
      );
    case "br":
      return <br />;
    case "link":
      return (
        <>
          {inline(token)} <Plain text={`(${String(token["href"])})`} />
        </>
      );
    case "image":
      return <Plain text={`[picture: ${String(token["text"])}] (${String(token["href"])})`} />;
    case "text":
      return token.tokens ? inline(token) : <Plain text={String(token["text"])} />;
    default:
      return <Plain text={token.raw} />;
  }
}
