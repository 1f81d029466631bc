/** Takes requests that the sidecar repeats, and asks the hook in their context. Only our own socket leads here. */
import {
  ANSWER_FAILED_HEADER,
  ANSWER_STATUS_HEADER,
  ANSWER_TYPE_HEADER,
  ASK_HEADER,
  type AskField,
  DOOR_VARIABLE,
  decodedBytes,
  ENTERED_VARIABLE,
  fieldsOf,
  TLS_DOOR_VARIABLE,
} from '../handoff/hooks.ts';
import { encodedQuery } from './query.ts';

/** What an upstream says about a header that never came. */
const NO_HEADER_TIME = '-';

/**
 * The status of every answer. nginx would put a page in the place of an error, and may find that a 200 does not meet
 * the client's conditions (If-Match).
 */
const ANSWERED = 202;

/** Asks what the header says and answers with what came. */
export function enter(r: NginxHTTPRequest): void {
  const at = r.variables.server_addr;
  if (at !== r.variables[DOOR_VARIABLE] && at !== r.variables[TLS_DOOR_VARIABLE]) {
    r.return(404);
    return;
  }
  const fields = fieldsOf(askOf(r));
  const ask: Partial<Record<AskField, Buffer>> = {};
  r.variables[ENTERED_VARIABLE] = '1';
  for (let i = 0; i < fields.length; i++) {
    const name = (fields[i] as [string, string])[0];
    const bytes = Buffer.from(decodedBytes((fields[i] as [string, string])[1]));
    if (name.charAt(0) === '$') setVariable(r, name.slice(1), bytes);
    else ask[name as AskField] = bytes;
  }
  const uri = ask.uri;
  if (!uri || uri.length === 0) {
    r.return(400, 'nothing to ask\n');
    return;
  }
  const options: NginxSubrequestOptions & { detached?: false } = {
    method: text(ask.method) as NginxSubrequestOptions['method'] & string,
    // The query of the configuration comes first, so that a client's arguments are not taken for those in it.
    args: [ask.query, ask.args === undefined ? r.rawVariables.args : ask.args]
      .map(encodedQuery)
      .filter((query) => query !== '')
      .join('&'),
  };
  // The body is the request's own, and never comes into njs.
  if (text(ask.body) === '0') options.body = '';
  r.subrequest(uri, options).then(
    (reply) => answer(r, reply, text(ask.answer) === '1'),
    (error: Error) => r.return(500, `${error.message}\n`),
  );
}

function text(bytes: Buffer | undefined): string | undefined {
  return bytes === undefined ? undefined : bytes.toString();
}

/** The lines of the header in their order. nginx itself knows but one of this name. */
function askOf(r: NginxHTTPRequest): string {
  const headers = r.rawHeadersIn;
  let ask = '';
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] as [string, string];
    if (header[0] === ASK_HEADER) ask += header[1];
  }
  return ask;
}

/** @param whole the body and its type are wanted too */
function answer(r: NginxHTTPRequest, reply: NginxHTTPRequest, whole: boolean): void {
  r.headersOut[ANSWER_STATUS_HEADER] = String(reply.status);
  if (isFailure(reply)) r.headersOut[ANSWER_FAILED_HEADER] = '1';
  if (!whole) {
    r.return(ANSWERED, '');
    return;
  }
  const type = reply.headersOut['Content-Type'];
  if (type) r.headersOut[ANSWER_TYPE_HEADER] = type;
  r.headersOut['Content-Type'] = 'application/octet-stream';
  r.return(ANSWERED, reply.responseBuffer || '');
}

/** Nchan's variables and ours for them, which are there only where something uses them. */
const NCHAN_VARIABLE = /^n(?:j)?chan_/;

function setVariable(r: NginxHTTPRequest, name: string, value: Buffer): void {
  if (NCHAN_VARIABLE.test(name) && r.variables[name] === undefined) return;
  try {
    r.variables[name] = value as unknown as string;
  } catch (error) {
    r.log(`hook: $${name} stays as it is: ${(error as Error).message}`);
  }
}

/** True for an answer that is nginx's own, because a backend gave none. */
function isFailure(reply: NginxHTTPRequest): boolean {
  const times = reply.variables.upstream_header_time;
  if (!times) return false;
  const last = times.slice(times.lastIndexOf(' ') + 1);
  return last === NO_HEADER_TIME;
}
