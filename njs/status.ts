/**
 * Gives Nchan's status variables their values (spec/hooks.md §10), for `js_set`. A module of its own: what it takes of
 * memory only those configurations pay for that use such a variable.
 */
// biome-ignore lint/style/useNodejsImportProtocol: njs 0.7.9 knows it by no other name.
import fs from 'fs';
import {
  noStubFigure,
  STUB_FILE_VARIABLE,
  type StubFigure,
  type StubFigures,
} from '../handoff/nchan-variables.ts';

/** What the file says; read once for a request, whose variables are then of one moment. */
let figures: Partial<StubFigures> | undefined;

function figure(r: NginxHTTPRequest, name: StubFigure): string {
  if (figures === undefined) figures = readFigures(r);
  const value = figures[name];
  return value === undefined ? noStubFigure(name) : String(value);
}

function readFigures(r: NginxHTTPRequest): Partial<StubFigures> {
  try {
    return JSON.parse(fs.readFileSync(r.variables[STUB_FILE_VARIABLE] || '', 'utf8'));
  } catch {
    return {}; // no sidecar runs, so nothing is counted
  }
}

export default {
  channels: (r: NginxHTTPRequest) => figure(r, 'channels'),
  subscribers: (r: NginxHTTPRequest) => figure(r, 'subscribers'),
  stored_messages: (r: NginxHTTPRequest) => figure(r, 'stored_messages'),
  redis_pending_commands: (r: NginxHTTPRequest) => figure(r, 'redis_pending_commands'),
  redis_connected_servers: (r: NginxHTTPRequest) => figure(r, 'redis_connected_servers'),
  redis_unhealthy_upstreams: (r: NginxHTTPRequest) => figure(r, 'redis_unhealthy_upstreams'),
  ipc_queued_alerts: (r: NginxHTTPRequest) => figure(r, 'ipc_queued_alerts'),
  total_published_messages: (r: NginxHTTPRequest) => figure(r, 'total_published_messages'),
  total_ipc_alerts_sent: (r: NginxHTTPRequest) => figure(r, 'total_ipc_alerts_sent'),
  total_ipc_alerts_received: (r: NginxHTTPRequest) => figure(r, 'total_ipc_alerts_received'),
  total_ipc_send_delay: (r: NginxHTTPRequest) => figure(r, 'total_ipc_send_delay'),
  total_ipc_receive_delay: (r: NginxHTTPRequest) => figure(r, 'total_ipc_receive_delay'),
  total_redis_commands_sent: (r: NginxHTTPRequest) => figure(r, 'total_redis_commands_sent'),
  shared_memory_used: (r: NginxHTTPRequest) => figure(r, 'shared_memory_used'),
  ipc_alerts_in_transit: (r: NginxHTTPRequest) => figure(r, 'ipc_alerts_in_transit'),
} satisfies Record<StubFigure, (r: NginxHTTPRequest) => string>;
