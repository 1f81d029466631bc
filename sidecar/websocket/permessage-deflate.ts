/**
 * Negotiation of compressed messages: permessage-deflate (RFC 7692 §7) and the deflate-frame that old WebKit browsers
 * offer instead. An offer that cannot be met is passed over, as RFC 7692 §5 has it, where Nchan refuses the handshake.
 */
import * as ws from 'ws';

/** Sizes of LZ77 windows, as log2 of bytes. The RFC's smallest, 8, is one that zlib cannot keep to when it deflates. */
export const MIN_WINDOW = 9;
export const MAX_WINDOW = 15;

/** What both sides have agreed on. */
export interface DeflateAgreement {
  /** The value of Sec-WebSocket-Extensions in the answer. */
  readonly answer: string;
  /** The window with which the client can inflate. */
  readonly serverWindow: number;
  /** The window that inflating the client's messages takes. */
  readonly clientWindow: number;
  /** True when the client compresses each message independently of those before. */
  readonly clientResets: boolean;
}

/** A parameter's values as they stand in an offer; true is one without a value. */
type Value = string | true;
type Offer = Readonly<Record<string, readonly Value[]>>;

/** The parser of Sec-WebSocket-Extensions in `ws`, which its type definitions leave out. */
const { extension } = ws as unknown as {
  /** Offers of each extension in the order of the header; throws SyntaxError. */
  extension: { parse(header: string): Readonly<Record<string, readonly Offer[]>> };
};

/** Reads a parameter; undefined refuses the offer. */
type Read = (value: Value) => number | true | undefined;

const flag: Read = (value) => (value === true ? true : undefined);
const windowBits: Read = (value) => (/^(?:9|1[0-5])$/.test(String(value)) ? Number(value) : undefined);
const optionalWindowBits: Read = (value) => (value === true ? true : windowBits(value));

interface Extension {
  readonly name: string;
  readonly parameters: Readonly<Record<string, Read>>;
  /**
   * Accepts an offer.
   * @param window the window of the server's messages.
   * @returns undefined when the client could not inflate them.
   */
  accept(given: ReadonlyMap<string, number | true>, window: number): DeflateAgreement | undefined;
}

function joined(name: string, parameters: readonly (string | false)[]): string {
  return [name, ...parameters.filter((parameter) => parameter !== false)].join('; ');
}

/**
 * The answer names what the client asked for and no more. Messages to it are compressed independently of each other
 * whether it asked or not, and server_max_window_bits tells it how little memory that takes.
 */
const PERMESSAGE_DEFLATE: Extension = {
  name: 'permessage-deflate',
  parameters: {
    server_no_context_takeover: flag,
    client_no_context_takeover: flag,
    server_max_window_bits: windowBits,
    client_max_window_bits: optionalWindowBits,
  },
  accept(given, window) {
    const limit = given.get('server_max_window_bits');
    if (limit !== undefined && Number(limit) < window) return undefined;
    const clientWindow = given.get('client_max_window_bits');
    const clientResets = given.has('client_no_context_takeover');
    return {
      answer: joined('permessage-deflate', [
        given.has('server_no_context_takeover') && 'server_no_context_takeover',
        clientResets && 'client_no_context_takeover',
        limit !== undefined && `server_max_window_bits=${window}`,
        typeof clientWindow === 'number' && `client_max_window_bits=${clientWindow}`,
      ]),
      serverWindow: limit === undefined ? MAX_WINDOW : window,
      clientWindow: typeof clientWindow === 'number' ? clientWindow : MAX_WINDOW,
      clientResets,
    };
  },
};

/** Its parameters are about the server's messages alone. */
function deflateFrame(name: string): Extension {
  return {
    name,
    parameters: { no_context_takeover: flag, max_window_bits: windowBits },
    accept(given, window) {
      const limit = given.get('max_window_bits');
      if (limit !== undefined && Number(limit) < window) return undefined;
      return {
        answer: joined(name, [limit !== undefined && `max_window_bits=${window}`]),
        serverWindow: limit === undefined ? MAX_WINDOW : window,
        clientWindow: MAX_WINDOW,
        clientResets: false,
      };
    },
  };
}

/** The first that is offered and can be met is taken. */
const EXTENSIONS: readonly Extension[] = [
  PERMESSAGE_DEFLATE,
  deflateFrame('x-webkit-deflate-frame'),
  deflateFrame('deflate-frame'),
];

/** An offer's parameters; undefined when one is unknown, repeated or has a wrong value (RFC 7692 §7). */
function readOffer(offer: Offer, { parameters }: Extension): Map<string, number | true> | undefined {
  const given = new Map<string, number | true>();
  for (const [name, values] of Object.entries(offer)) {
    const read = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    const value = values.length === 1 ? read?.(values[0] as Value) : undefined;
    if (value === undefined) return undefined;
    given.set(name, value);
  }
  return given;
}

/**
 * Chooses among a client's offers.
 * @param header its Sec-WebSocket-Extensions.
 * @param window the window with which this location's messages are deflated, 9 to 15.
 * @returns undefined when it offers nothing that can be met, or nothing that can be read.
 */
export function negotiateDeflate(header: string | undefined, window: number): DeflateAgreement | undefined {
  if (header === undefined || header === '') return undefined;
  let offers: Readonly<Record<string, readonly Offer[]>>;
  try {
    offers = extension.parse(header);
  } catch {
    return undefined; // an extension is never necessary
  }
  for (const candidate of EXTENSIONS) {
    for (const offer of offers[candidate.name] ?? []) {
      const given = readOffer(offer, candidate);
      const agreement = given && candidate.accept(given, window);
      if (agreement) return agreement;
    }
  }
  return undefined;
}
