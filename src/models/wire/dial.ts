import { connect } from "node:net";

/** True when somebody answers at `host:port` within so many milliseconds; nothing is said to them. */
export function dials(host: string, ms: number): Promise<boolean> {
  const cut = host.lastIndexOf(":");
  const name = host.slice(0, cut).replace(/^\[|\]$/gu, "");
  return new Promise((resolve) => {
    const socket = connect({ host: name, port: Number(host.slice(cut + 1)) });
    const done = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(ms, () => done(false));
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}
