/** Figures of the sidecar's process, under the names that Prometheus's own libraries have for them. */
import { readdir, readFile } from 'node:fs/promises';
import type { Metric, Sample } from './metrics-table.ts';

const MICRO = 1e6;

/** A value from /proc, or none where there is no such file. */
async function fromProc(read: () => Promise<number>): Promise<readonly Sample[]> {
  try {
    return [{ value: await read() }];
  } catch {
    return [];
  }
}

async function openFileLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'latin1');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.NaN);
}

const STARTED_AT_SECONDS = Math.round(Date.now() / 1000 - process.uptime());

export const PROCESS_METRICS: readonly Metric[] = [
  {
    name: 'njchan_build_info',
    type: 'gauge',
    help: 'Always 1; what runs is in the labels.',
    labels: '`version`, `node`',
    read: ({ version }) => [{ labels: { version, node: process.versions.node }, value: 1 }],
  },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the sidecar was started, in Unix time.',
    labels: '',
    read: () => [{ value: STARTED_AT_SECONDS }],
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'Processor time of the sidecar.',
    labels: '',
    read: () => {
      const { user, system } = process.cpuUsage();
      return [{ value: (user + system) / MICRO }];
    },
  },
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Memory of the sidecar.',
    labels: '',
    read: () => [{ value: process.memoryUsage.rss() }],
  },
  {
    name: 'nodejs_heap_size_used_bytes',
    type: 'gauge',
    help: 'Of that, objects of the program.',
    labels: '',
    read: () => [{ value: process.memoryUsage().heapUsed }],
  },
  {
    name: 'nodejs_external_memory_bytes',
    type: 'gauge',
    help: 'Of that, messages and what else is in buffers.',
    labels: '',
    read: () => [{ value: process.memoryUsage().external }],
  },
  {
    name: 'process_open_fds',
    type: 'gauge',
    help: 'Open file descriptors: each connection is one.',
    labels: '',
    read: () => fromProc(async () => (await readdir('/proc/self/fd')).length),
  },
  {
    name: 'process_max_fds',
    type: 'gauge',
    help: 'How many there may be (ulimit -n).',
    labels: '',
    read: () => fromProc(openFileLimit),
  },
];
