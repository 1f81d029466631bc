/** Locations that tell about the sidecar as a whole (spec/hooks.md §8, docs/operations.md). */
import type { FiguresName } from '../../../handoff/settings.ts';
import { ValueError } from '../errors.ts';
import { endpointRow, NO_CHANNELS } from './endpoints.ts';
import type { Call, Endpoint } from './row.ts';

function serving({ current }: Call<'endpoint'>, serves: FiguresName): Endpoint {
  return { ...NO_CHANNELS, ...current, serves };
}

const HEALTH: Readonly<Record<string, FiguresName>> = { live: 'live', ready: 'ready' };

export const FIGURES = [
  endpointRow({
    names: ['nchan_stub_status'],
    contexts: 'L',
    args: [0, 0],
    default: 'none',
    doc:
      'Makes the location answer every request with Nchan’s figures, as text; as JSON if the `Accept` header asks for it. ' +
      'See [operations.md](operations.md#nchan_stub_status).',
    parse: (call) => serving(call, 'stub_status'),
  }),
  endpointRow({
    names: ['njchan_metrics'],
    contexts: 'L',
    args: [0, 0],
    default: 'none',
    doc:
      'Makes the location answer every request with metrics for Prometheus, and do nothing else: ' +
      '[operations.md](operations.md#metrics).',
    parse: (call) => serving(call, 'metrics'),
  }),
  endpointRow({
    names: ['njchan_health'],
    contexts: 'L',
    args: [0, 1],
    default: 'without words: `ready`',
    doc:
      'Makes the location answer every request with 200 or 503. `live`: the sidecar answers. `ready`: moreover it is not ' +
      'stopping, and its Redis upstreams can be used. The location does nothing else. See ' +
      '[operations.md](operations.md#health).',
    parse(call) {
      const word = call.args[0]?.text ?? 'ready';
      if (!Object.hasOwn(HEALTH, word)) {
        throw new ValueError(
          `invalid value "${word}" in "${call.name}" directive, it must be "live" or "ready"`,
        );
      }
      return serving(call, HEALTH[word] as FiguresName);
    },
  }),
];
