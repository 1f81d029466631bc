/**
 * Tokens at the edge (docs/tokens.md): what the compiler, the gateway and the sidecar have to agree on. A token is a JWT
 * (RFC 7519) signed by the application; the gateway verifies it without asking anybody.
 */

/** For which requests of a location a token is needed; with `optional` one that is sent must be good. */
export type TokenMode = 'off' | 'optional' | 'required' | 'publish' | 'subscribe';

/** What a token may give the right to. */
export type TokenRight = 'publish' | 'subscribe' | 'delete';

/** The part of a location's settings that is about tokens; without tokens all of it is defaults. */
export interface TokenSettings {
  tokenMode: TokenMode;
  /** The key set in the file of keys (TokenKeySets); '' for none. */
  tokenKeys: string;
  /** Where to look for the token, in this order: `header`, `subprotocol`, `cookie:NAME`, `argument:NAME`. */
  tokenFrom: readonly string[];
  /** What `iss` must be; '' for anything. */
  tokenIssuer: string;
  /** Of which one must be in `aud`; empty: there must be no `aud`. */
  tokenAudience: readonly string[];
  /** Seconds by which the clocks of who makes tokens and who verifies them may differ. */
  tokenLeeway: number;
  /** The claim that holds the rights. */
  tokenClaim: string;
}

export const DEFAULT_TOKEN_SETTINGS: Readonly<TokenSettings> = {
  tokenMode: 'off',
  tokenKeys: '',
  tokenFrom: ['header', 'subprotocol'],
  tokenIssuer: '',
  tokenAudience: [],
  tokenLeeway: 30,
  tokenClaim: 'njchan',
};

export type TokenAlgorithm = 'HS256' | 'HS384' | 'HS512' | 'RS256' | 'ES256';

/** How each algorithm is computed (RFC 7518 §3.1); `none` is none of them. */
export const TOKEN_ALGORITHMS: Readonly<
  Record<TokenAlgorithm, { readonly type: TokenKeyType; readonly hash: string; readonly hashBytes: number }>
> = {
  HS256: { type: 'secret', hash: 'SHA-256', hashBytes: 32 },
  HS384: { type: 'secret', hash: 'SHA-384', hashBytes: 48 },
  HS512: { type: 'secret', hash: 'SHA-512', hashBytes: 64 },
  RS256: { type: 'RSA', hash: 'SHA-256', hashBytes: 32 },
  ES256: { type: 'EC', hash: 'SHA-256', hashBytes: 32 },
};

export type TokenKeyType = 'secret' | 'RSA' | 'EC';

/** One key, bound to the algorithms that it may be used with: a token only chooses among keys that allow its own. */
export interface TokenKey {
  /** '' for a key that has none. */
  readonly kid: string;
  readonly algorithms: readonly TokenAlgorithm[];
  /** In base64: the bytes of a secret, a public key as SubjectPublicKeyInfo. */
  readonly data: string;
}

/** The file of keys that nginx loads: the keys of each set by the name that locations' settings have. */
export type TokenKeySets = Readonly<Record<string, readonly TokenKey[]>>;

/** The global object in njs that holds the file of keys. */
export const TOKEN_KEYS_OBJECT = 'njchan_token_keys';

/** What comes before the token in `new WebSocket(url, ['ws+meta.nchan', 'njchan.token.' + token])`. */
export const TOKEN_SUBPROTOCOL = 'njchan.token.';

/** The variable with the token's `sub`, for logs and for requests to the application; '' without a token. */
export const TOKEN_SUB_VARIABLE = 'njchan_token_sub';
