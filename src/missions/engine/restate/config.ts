/** Where a Restate server keeps its state, absolute, and the ports it takes on this machine. */
export interface ServerPlace {
  readonly dir: string;
  readonly ingress: number;
  readonly admin: number;
  /** For the other nodes of a cluster. */
  readonly node: number;
  /** PEM file of the key it signs its requests to workers with, absolute. */
  readonly identity: string;
}

/**
 * Settings of a server for missions, as its config file: it listens on this machine alone and tells
 * nobody of itself; it signs what it asks of workers; one that hangs is noticed in four seconds, one
 * that works is left at it; what an ended mission left is kept for thirty days.
 */
export function serverConfig({ dir, ingress, admin, node, identity }: ServerPlace): string {
  return `roles = ["http-ingress", "admin", "worker", "log-server", "metadata-server"]
node-name = "nanos"
cluster-name = "nanos"
auto-provision = true
base-dir = ${JSON.stringify(dir)}
bind-address = "127.0.0.1:${node}"
advertised-address = "http://127.0.0.1:${node}"
listen-mode = "tcp"
disable-telemetry = true
rocksdb-total-memory-size = "512 MiB"
default-num-partitions = 4
default-journal-retention = "30d"
default-workflow-completion-retention = "30d"
log-filter = "warn"

[ingress]
bind-address = "127.0.0.1:${ingress}"

[admin]
bind-address = "127.0.0.1:${admin}"
disable-web-ui = true

[worker.invoker]
inactivity-timeout = "24h"
abort-timeout = "24h"
http2-keep-alive-interval = "2s"
http2-keep-alive-timeout = "2s"
request-identity-private-key-pem-file = ${JSON.stringify(identity)}
`;
}
