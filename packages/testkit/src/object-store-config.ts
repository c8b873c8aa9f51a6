/** Where a store listens: an address of the loopback network that no other store has, so its ports are always free. */
export const PORTS = { http: 9000, https: 9443, monitor: 3300, monitorV1: 6789 } as const;

/** Key of `aws:kms` encryption that the store has; it takes it over HTTP too. */
export const KMS_KEY = "test-key";

export interface ClusterPlace {
  /** Directory of everything that the cluster writes. */
  readonly dir: string;
  /** An address in 127.0.0.0/8. */
  readonly address: string;
  readonly fsid: string;
  /** Bytes that the store holds at most; they are memory. */
  readonly capacity: number;
  /** Whether it gives tokens of roles; then it tells less of wrong keys. */
  readonly tokens: boolean;
}

/** ceph.conf of a cluster of one monitor, one OSD in memory and one gateway, without authentication inside. */
export function clusterConfig({ dir, address, fsid, capacity, tokens }: ClusterPlace): string {
  return `[global]
fsid = ${fsid}
mon host = [v2:${address}:${PORTS.monitor}/0,v1:${address}:${PORTS.monitorV1}/0]
public addr = ${address}
cluster addr = ${address}
ms bind ipv6 = false
ms mon client mode = crc
auth cluster required = none
auth service required = none
auth client required = none
run dir = ${dir}
admin socket = ${dir}/$name.asok
log file =
log to stderr = true
err to stderr = true
debug default = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
[mon]
mon data = ${dir}/mon
# Full disks of the machine that runs the tests are no matter of a store in memory.
mon data avail crit = 1
mon data avail warn = 1
mon osd full ratio = 0.97
mon osd backfillfull ratio = 0.96
mon osd nearfull ratio = 0.95
mon cluster log to stderr = false
paxos propose interval = 0.05
paxos min wait = 0.01
[osd]
osd data = ${dir}/osd
osd objectstore = memstore
memstore device bytes = ${capacity}
osd op num shards = 2
osd op num threads per shard = 1
osd scrub begin hour = 0
osd scrub end hour = 0
# So that what changes users and quotas does not wait long for a gateway that was killed.
osd client watch timeout = 3
[client]
rgw data = ${dir}/rgw
rgw frontends = beast endpoint=${address}:${PORTS.http} ssl_endpoint=${address}:${PORTS.https} ssl_certificate=${dir}/cert.pem ssl_private_key=${dir}/key.pem
# So that the first request finds a new OSD soon.
objecter tick interval = 0.3
rgw thread pool size = 64
rgw crypt s3 kms encryption keys = ${KMS_KEY}=${Buffer.alloc(32, "k").toString("base64")}
rgw crypt s3 kms backend = testing
rgw crypt require ssl = false
rgw sts key = sluice-test-sts0
rgw s3 auth use sts = ${tokens}
rgw enable usage log = false
rgw enable ops log = false
# So that quotas and limits can be changed while it runs and hold at once.
rgw scheduler type = throttler
rgw bucket quota ttl = 0
rgw user quota bucket sync interval = 1
rgw gc max objs = 8
rgw gc obj min wait = 20
rgw gc processor period = 20
rgw override bucket index max shards = 1
rgw lc max objs = 4
rgw usage max shards = 1
rgw num rados handles = 1
`;
}
