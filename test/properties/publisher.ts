/** Bursts of messages: all of them are sent before the first answer is looked at. */
import { request } from '../support/raw-http.ts';
import { clientFrame, FIN, frameData, OPCODE, readFrame, shakeHands } from '../support/raw-websocket.ts';
import type { Draft, Ledger } from './ledger.ts';

export interface Burst extends Draft {
  /** Over HTTP each message has a connection of its own; over a WebSocket all are one write. */
  readonly over: 'http' | 'websocket';
  /** Characters that make each message of the burst longer. */
  readonly paddings: readonly number[];
}

const target = ({ channel, length, timeoutSeconds }: Draft): string =>
  `/pub/${channel}?length=${length}&timeout=${timeoutSeconds}s`;

const SENDERS: Record<Burst['over'], (port: number, ledger: Ledger, burst: Burst) => Promise<void>> = {
  async http(port, ledger, burst) {
    await Promise.all(
      burst.paddings.map(async (padding) => {
        const pending = ledger.begin(burst, padding);
        const { status, body } = await request(port, 'POST', target(burst), { body: pending.body });
        ledger.answer(pending, `${status} ${body}`);
      }),
    );
  },

  async websocket(port, ledger, burst) {
    const { connection } = await shakeHands(port, target(burst));
    const pending = burst.paddings.map((padding) => ledger.begin(burst, padding));
    connection.send(Buffer.concat(pending.map(({ body }) => clientFrame(FIN | OPCODE.text, body))));
    for (const one of pending) ledger.answer(one, frameData(await readFrame(connection)).toString('latin1'));
    connection.destroy();
  },
};

/** Publishes the messages of a burst; resolves when all are answered. */
export function publish(port: number, ledger: Ledger, burst: Burst): Promise<void> {
  return SENDERS[burst.over](port, ledger, burst);
}
