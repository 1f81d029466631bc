/**
 * The language in which conformance cases are written: data, played by player.ts against njchan and against Nchan.
 *
 * Text in targets, headers, bodies and bytes may hold these, which are filled in while a case is played:
 *
 * | written | becomes |
 * |---|---|
 * | `{c}` | a channel name that no other case uses |
 * | `{NAME}` | the message id `time:tag` that a step remembered `as: 'NAME'` |
 * | `{NAME.time}`, `{NAME.tag}`, `{NAME.date}` | its parts; the last one is the time as an HTTP date |
 * | `{NAME.time+1}`, `{NAME.tag-1}`, `{NAME.date+1}` | the same, one second or tag later or earlier |
 * | `{NAME.encoded}` | the id, URL-encoded |
 */

/** A request on a connection of its own, or on an open one; its whole answer is compared. */
export interface RequestStep {
  readonly do: 'request';
  readonly method: string;
  readonly target: string;
  /** Lines as they are sent. Host and `Connection: close` are added unless they are there. */
  readonly headers: readonly string[];
  /** Content-Length is added with it, unless the headers have Transfer-Encoding. */
  readonly body?: string | undefined;
  /** Remembers the message id in the answer under this name. */
  readonly as?: string | undefined;
  /** The answer is not compared, because the case is about something else. */
  readonly unseen?: boolean | undefined;
  /** The HTTP version; 1.1 if not given. */
  readonly version?: '1.0' | undefined;
}

/** Bytes (latin1) on the connection called `on`, which is opened if it is not yet. Nothing is read. */
export interface SendStep {
  readonly do: 'send';
  readonly on: string;
  readonly bytes: string;
}

/** What to read next: one response, a head, everything up to a text, a WebSocket frame, all until the end. */
export type Piece = 'response' | 'head' | 'frame' | 'end' | { readonly through: string };

/** Reads from a connection and compares what was read. */
export interface ReadStep {
  readonly do: 'read';
  readonly on: string;
  readonly piece: Piece;
  readonly as?: string | undefined;
}

/** One WebSocket frame from the client. */
export interface FrameStep {
  readonly do: 'frame';
  readonly on: string;
  /** FIN, the reserved bits and the opcode. */
  readonly first: number;
  readonly payload: string | Uint8Array;
  readonly masked: boolean;
}

/** Waits until the channel information at `target` shows so many subscribers. Compares nothing. */
export interface SubscribersStep {
  readonly do: 'subscribers';
  readonly target: string;
  readonly count: number;
}

/** Waits for the next second of the clock, so that the messages to come have another time than those before. */
export interface NextSecondStep {
  readonly do: 'next second';
}

/** Waits, for what only time brings about. */
export interface PauseStep {
  readonly do: 'pause';
  readonly ms: number;
}

/** Waits until the application got so many requests about the case's channel, and compares all that it got. */
export interface ApplicationStep {
  readonly do: 'application';
  readonly count: number;
}

/** Drops a connection. */
export interface CloseStep {
  readonly do: 'close';
  readonly on: string;
}

export type Step =
  | RequestStep
  | SendStep
  | ReadStep
  | FrameStep
  | SubscribersStep
  | NextSecondStep
  | PauseStep
  | ApplicationStep
  | CloseStep;

export interface Case {
  /** The behaviour, as a sentence. */
  readonly name: string;
  readonly steps: readonly Step[];
  /** The id of the row of docs/differences.md which says that and why njchan answers something else. */
  readonly differs?: string;
  /** Compare the headers too that every answer of its kind has otherwise (see UNIVERSAL in transcript.ts). */
  readonly everyHeader?: boolean;
}

/** The cases of one area of the protocol, with the locations that they use. */
export interface Area {
  readonly title: string;
  /** By name: location `~ ^/NAME/(.*)$`, so that `$1` is the rest of the path. */
  readonly locations: Readonly<Record<string, string>>;
  /** Locations that are no endpoints of Nchan, by what stands before their block: `location /auth/`. */
  readonly plainLocations?: Readonly<Record<string, string>>;
  /** What the locations need in the `http` block. `application` is an upstream there (application.ts). */
  readonly http?: string;
  readonly cases: readonly Case[];
}
