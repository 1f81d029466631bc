/** What every store promises (sidecar/store/store.ts), as one suite that each store's test file runs. */
import { describe } from 'vitest';
import type { Store } from '../../sidecar/store/store.ts';
import { channels } from './contract/channels.ts';
import { comingAndGoing } from './contract/coming-and-going.ts';
import { comingBack } from './contract/coming-back.ts';
import { delivery } from './contract/delivery.ts';
import { type Fixture, type Traits, useStore } from './contract/fixture.ts';
import { multiplexing } from './contract/multiplexing.ts';
import { publishing } from './contract/publishing.ts';
import { slowClients } from './contract/slow-clients.ts';
import { starts } from './contract/starts.ts';

const TOPICS: readonly ((on: Fixture) => void)[] = [
  publishing,
  channels,
  starts,
  delivery,
  slowClients,
  multiplexing,
  comingBack,
  comingAndGoing,
];

/** Runs the suite against stores that `create` makes; each is closed after its test. */
export function storeContract(
  name: string,
  create: () => Promise<Store>,
  traits: Traits = { unbufferedEmptiesBuffer: true },
): void {
  describe(`the ${name} store`, () => {
    const on = useStore(create, traits);
    for (const topic of TOPICS) topic(on);
  });
}
