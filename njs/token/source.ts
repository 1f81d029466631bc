/** Where a request has its token. */
import { TOKEN_SUBPROTOCOL } from '../../handoff/token.ts';

type Finder = (r: NginxHTTPRequest, name: string) => string | undefined;

/** By the word of njchan_token_from before the colon; `name` is what comes after it. */
const FINDERS: Readonly<Record<string, Finder>> = {
  header: (r) => captured(/^bearer +([^ ]+) *$(?!\n)/i, r.headersIn.Authorization),
  subprotocol: fromSubprotocol,
  cookie: (r, name) => r.variables[`cookie_${name}`],
  argument: (r, name) => r.variables[`arg_${name}`],
};

function captured(regex: RegExp, text: string | undefined): string | undefined {
  const match = regex.exec(text || '');
  return match ? match[1] : undefined;
}

/** Browsers let a page choose subprotocols of a WebSocket, but no headers. */
function fromSubprotocol(r: NginxHTTPRequest): string | undefined {
  const offers = (r.headersIn['Sec-WebSocket-Protocol'] || '').split(',');
  for (let i = 0; i < offers.length; i++) {
    const offer = (offers[i] as string).trim();
    if (offer.indexOf(TOKEN_SUBPROTOCOL) === 0) return offer.slice(TOKEN_SUBPROTOCOL.length);
  }
  return undefined;
}

/**
 * Looks for the token.
 * @param sources see TokenSettings.tokenFrom
 * @returns that of the first source that has one; undefined when none has
 */
export function findToken(r: NginxHTTPRequest, sources: readonly string[]): string | undefined {
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i] as string;
    const colon = source.indexOf(':');
    const kind = colon < 0 ? source : source.slice(0, colon);
    const token = (FINDERS[kind] as Finder)(r, source.slice(kind.length + 1));
    if (token) return token;
  }
  return undefined;
}
