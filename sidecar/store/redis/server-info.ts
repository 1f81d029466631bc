/** What a server says about itself in reply to INFO. */

export type Role = 'master' | 'slave';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface ServerInfo {
  readonly version: string;
  /** Changes whenever the server starts. */
  readonly runId: string;
  readonly role: Role;
  /** Milliseconds of its clock until it has been up for a second or the next one begins; 0 when it has been. */
  readonly firstSecondMs: number;
  /** It reads its data from disk or from its master, and refuses commands until it has. */
  readonly loading: boolean;
  readonly cluster: boolean;
  /** Of a replica: whom it follows, and whether it hears from there. */
  readonly master: HostPort | undefined;
  readonly followsMaster: boolean;
  /** Of a master: the replicas that hear from it. */
  readonly replicas: readonly HostPort[];
}

/** What answered is no Redis, or one that njchan cannot work with. */
export class ServerInfoError extends Error {}

/** The first major version in which scripts may write after they read the clock. */
const OLDEST_MAJOR_VERSION = 5;

/** `slave0:ip=127.0.0.1,port=6380,state=online,offset=14,lag=0` */
const REPLICA = /^ip=(?<host>[^,]+),port=(?<port>\d+),state=online,/;

/**
 * Reads the reply to INFO.
 * @throws ServerInfoError
 */
export function parseServerInfo(text: string): ServerInfo {
  const fields = new Map(
    text.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)] as const;
    }),
  );
  const version = fields.get('redis_version');
  if (version === undefined) throw new ServerInfoError('it answers INFO without redis_version: no Redis');
  if (Number.parseInt(version, 10) < OLDEST_MAJOR_VERSION) {
    throw new ServerInfoError(`Redis ${version} is too old, ${OLDEST_MAJOR_VERSION} is needed at least`);
  }
  const role: Role = fields.get('role') === 'slave' ? 'slave' : 'master';
  return {
    version,
    runId: fields.get('run_id') ?? '',
    role,
    firstSecondMs: firstSecondMs(fields),
    loading: fields.get('loading') === '1',
    cluster: fields.get('cluster_enabled') === '1',
    master: role === 'slave' ? masterOf(fields) : undefined,
    followsMaster: fields.get('master_link_status') === 'up',
    replicas: replicasOf(fields),
  };
}

/** It rounds all times down to seconds: uptime 0 means that it started in this one. */
function firstSecondMs(fields: ReadonlyMap<string, string>): number {
  if (fields.get('uptime_in_seconds') !== '0') return 0;
  const ms = Math.floor(Number(fields.get('server_time_usec') ?? 0) / 1000);
  return 1000 - (ms % 1000);
}

function masterOf(fields: ReadonlyMap<string, string>): HostPort | undefined {
  const host = fields.get('master_host');
  const port = Number(fields.get('master_port'));
  return host !== undefined && port > 0 ? { host, port } : undefined;
}

function replicasOf(fields: ReadonlyMap<string, string>): HostPort[] {
  const replicas: HostPort[] = [];
  for (let i = 0; ; i++) {
    const line = fields.get(`slave${i}`);
    if (line === undefined) return replicas;
    const groups = REPLICA.exec(line)?.groups;
    if (groups) replicas.push({ host: groups.host!, port: Number(groups.port) });
  }
}
