/** Tokens at the edge (docs/tokens.md). Nchan has none of this, so the words in which faults are told are ours. */
import { TOKEN_ALGORITHMS, type TokenAlgorithm, type TokenMode } from '../../../handoff/token.ts';
import { ValueError } from '../errors.ts';
import type { Token } from '../lexer.ts';
import { hasVariables, onlyArgument, row } from './row.ts';
import { seconds } from './values.ts';

/** One `njchan_token_key` as it is written; the file is read later (token-keys.ts). */
export interface TokenKeySource {
  readonly file: string;
  /** '' when it is not given. */
  readonly kid: string;
  /** Empty when not given: what fits the key. */
  readonly algorithms: readonly TokenAlgorithm[];
  /** The file has a secret in base64. */
  readonly isBase64: boolean;
}

/** What the directives about tokens set. */
export interface TokenSlots {
  tokenMode: TokenMode;
  tokenKeySources: readonly TokenKeySource[];
  tokenFrom: readonly string[];
  tokenIssuer: string;
  tokenAudience: readonly string[];
  tokenLeeway: number;
  tokenClaim: string;
}

const MODES: readonly TokenMode[] = ['required', 'optional', 'publish', 'subscribe', 'off'];

/** Longer than this no clock is wrong, and an expired token would be good for ever. */
const MAX_LEEWAY_SECONDS = 3600;

/** Characters of the name of a cookie or an argument; nginx knows no others in `$arg_…`. */
const SOURCE = /^(?:header|subprotocol|(?:cookie|argument):[A-Za-z0-9_.-]+)$/;

/** The text of an argument in which variables would be taken for plain text. */
function constant(name: string, { text }: Token): string {
  if (hasVariables(text)) throw new ValueError(`${name}: variables are not possible here: "${text}"`);
  if (text === '') throw new ValueError(`${name}: a value is empty`);
  return text;
}

function algorithmsOf(name: string, text: string): readonly TokenAlgorithm[] {
  return text.split(',').map((word) => {
    if (Object.hasOwn(TOKEN_ALGORITHMS, word)) return word as TokenAlgorithm;
    const known = Object.keys(TOKEN_ALGORITHMS).join(', ');
    throw new ValueError(`${name}: "${word}" is none of the algorithms ${known}`);
  });
}

/** Reads the words after the file. */
function keySource(name: string, [file, ...words]: readonly Token[]): TokenKeySource {
  let source: TokenKeySource = {
    file: constant(name, file as Token),
    kid: '',
    algorithms: [],
    isBase64: false,
  };
  for (const word of words) {
    const text = constant(name, word);
    const [, key, value = ''] = /^(kid|alg)=(.+)$/s.exec(text) ?? [];
    if (key === 'kid') source = { ...source, kid: value };
    else if (key === 'alg')
      source = { ...source, algorithms: [...source.algorithms, ...algorithmsOf(name, value)] };
    else if (text === 'base64') source = { ...source, isBase64: true };
    else throw new ValueError(`${name}: "${text}" is none of kid=ID, alg=ALGORITHM and base64`);
  }
  return source;
}

const COMMON = { contexts: 'HSLI', onDuplicate: 'error', inherit: 'nearest' } as const;

export const TOKENS = [
  row({
    ...COMMON,
    slot: 'tokenMode',
    names: ['njchan_token'],
    args: [1, 1],
    default: '`required` where an `njchan_token_key` is in force, else `off`',
    doc:
      'Which requests need a token: `required` all, `publish` and `subscribe` only those, `off` none. With `optional` ' +
      'whoever sends none may do everything, but one that is sent must be valid; its rights do not matter.',
    parse({ name, args }) {
      const { text } = onlyArgument(args);
      const mode = MODES.find((word) => word === text);
      if (mode === undefined) throw new ValueError(`${name}: "${text}" is none of ${MODES.join(', ')}`);
      return mode;
    },
  }),
  row({
    ...COMMON,
    onDuplicate: 'add',
    slot: 'tokenKeySources',
    names: ['njchan_token_key'],
    args: [1, 4],
    default: 'none',
    doc:
      'A file with a key that tokens are signed by: a public key or certificate in PEM, a JWK or JWK set (`RS256` and ' +
      '`ES256`), or a secret, which takes `alg=` (`HS256`, `HS384`, `HS512`; with `base64` the file has it in that). ' +
      '`kid=ID` names the key as tokens do. May be given several times; those of a nested level replace all.',
    parse({ name, args, current = [] }) {
      return [...current, keySource(name, args)];
    },
  }),
  row({
    ...COMMON,
    slot: 'tokenFrom',
    names: ['njchan_token_from'],
    args: [1, 8],
    default: '`header subprotocol`',
    doc:
      'Where to look for the token, in this order: `header` (`Authorization: Bearer TOKEN`), `subprotocol` ' +
      '(`njchan.token.TOKEN` among the subprotocols of a WebSocket), `cookie:NAME`, `argument:NAME`.',
    parse: ({ name, args }) =>
      args.map((word) => {
        const text = constant(name, word);
        if (SOURCE.test(text)) return text;
        throw new ValueError(
          `${name}: "${text}" is none of header, subprotocol, cookie:NAME and argument:NAME`,
        );
      }),
  }),
  row({
    ...COMMON,
    slot: 'tokenIssuer',
    names: ['njchan_token_issuer'],
    args: [1, 1],
    default: 'any or none',
    doc: 'What `iss` in tokens must be.',
    parse: ({ name, args }) => constant(name, onlyArgument(args)),
  }),
  row({
    ...COMMON,
    slot: 'tokenAudience',
    names: ['njchan_token_audience'],
    args: [1, 8],
    default: 'tokens may have no `aud`',
    doc: 'Names of this server, of which one must be in `aud` of tokens.',
    parse: ({ name, args }) => args.map((word) => constant(name, word)),
  }),
  row({
    ...COMMON,
    slot: 'tokenLeeway',
    names: ['njchan_token_leeway'],
    args: [1, 1],
    default: '`30s`',
    doc: 'How far the clock of whoever makes the tokens may be off; up to 1h.',
    parse(call) {
      const leeway = seconds(call);
      if (leeway > MAX_LEEWAY_SECONDS) throw new ValueError(`${call.name}: must not be more than 1h`);
      return leeway;
    },
  }),
  row({
    ...COMMON,
    slot: 'tokenClaim',
    names: ['njchan_token_claim'],
    args: [1, 1],
    default: '`njchan`',
    doc: 'The claim with the rights: `{"subscribe": ["news", "room-*"], "publish": […], "delete": […]}`.',
    parse: ({ name, args }) => constant(name, onlyArgument(args)),
  }),
];
