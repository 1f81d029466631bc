/** Answers that nginx gives itself, for requests that get no further. */

/** The statuses for which `r.return` takes a text for a Location. */
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** What njs makes of bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd';

export interface Answer {
  readonly status: number;
  /** `page` is nginx's own page for the status, or what error_page says. */
  readonly body: Buffer | 'page';
  /** Values by name; without Content-Length. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

/** Nothing but a page of nginx. */
export function page(status: number): Answer {
  return { status, body: 'page', headers: {} };
}

/** Sends it. */
export function sendAnswer(r: NginxHTTPRequest, { status, body, headers }: Answer): void {
  const names = Object.keys(headers);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const values = headers[name] as string[];
    (r.headersOut as Record<string, string | string[]>)[name] =
      values.length === 1 ? (values[0] as string) : values;
  }
  if (body === 'page') {
    r.return(status);
    return;
  }
  const text = body.toString();
  // The one way to send bytes as they are, but nginx would put its own page in place of an empty body.
  if (text.indexOf(REPLACEMENT) >= 0 && REDIRECTS.indexOf(status) < 0) {
    r.return(status, body);
    return;
  }
  r.status = status;
  r.headersOut['Content-Length'] = String(body.length);
  r.sendHeader();
  if (body.length > 0) r.send(text);
  r.finish();
}
