/** Requests to an application about publishers and subscribers (spec/hooks.md §§1–3). */
import { quote } from '../quote.ts';
import { expressions, onlyArgument, row } from './row.ts';

export const HOOKS = [
  row({
    slot: 'authorizeRequest',
    names: ['nchan_authorize_request'],
    contexts: 'SLI',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: 'none: everybody may',
    doc:
      'Asks this location, usually one with a `proxy_pass`, about every publisher and subscriber before it is served: ' +
      'a status of 200 to 298 lets it in. May have variables, and a query, to which the client’s own is added. See ' +
      '[hooks.md](hooks.md#authorization).',
    parse: ({ args }) => {
      const { text } = onlyArgument(args);
      const at = text.indexOf('?');
      if (at < 0) return expressions(args);
      // Cut here, so that a question mark in a variable is never taken for this one.
      return { expressions: [text.slice(0, at), text.slice(at + 1)].map(quote) };
    },
  }),
];
