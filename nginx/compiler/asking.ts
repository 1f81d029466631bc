/** What a configuration needs beside its endpoints, where the gateway asks an application and passes on its answer. */
import type { Scope } from './scopes.ts';

/**
 * How long an answer may be whose length is not known beforehand: nginx keeps room for all of it in memory. By its own
 * default of a page an application's error page would break the connection instead of being sent.
 */
const ANSWER_BUFFER = '64k';

/** For the http level, unless it has its own. */
export function answerBufferLines(http: Scope): string[] {
  return hasOwn(http, 'subrequest_output_buffer_size')
    ? []
    : [`subrequest_output_buffer_size ${ANSWER_BUFFER};`];
}

/**
 * Keeps nginx from giving a type to an answer that the application gave none. Not where nested locations would inherit
 * that, for what they return.
 * @param location a new one if not given
 */
export function untypedLines(location?: Scope): string[] {
  if (location && (location.context !== 'location' || location.children.some(isLocation))) return [];
  return [
    ...(location && hasOwn(location, 'types') ? [] : ['types {', '}']),
    ...(location && hasOwn(location, 'default_type') ? [] : ['default_type "";']),
  ];
}

function isLocation({ context }: Scope): boolean {
  return context === 'location';
}

function hasOwn({ others }: Scope, directive: string): boolean {
  return others.some(({ name }) => name === directive);
}
