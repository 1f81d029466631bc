import type { IncomingHttpHeaders } from 'node:http';
import { REQUEST_ID_HEADER } from '../handoff/headers.ts';

const REQUEST_ID_NAME = REQUEST_ID_HEADER.toLowerCase();

/** `$request_id` is 16 bytes in hexadecimal. */
const REQUEST_ID = /^[0-9a-f]{32}$(?!\n)/;

/** nginx's id for a request, for lines of the log; '' where it told none. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const id = (headers[REQUEST_ID_NAME] as string | undefined) ?? '';
  return REQUEST_ID.test(id) ? id : '';
}
