// The application of a chat: sessions in cookies, who is in which room, and what may be said there.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const PORT = Number(process.env.PORT ?? 3000);
const NJCHAN = process.env.NJCHAN ?? 'http://127.0.0.1:8081';
const PAGE = readFileSync(new URL('page.html', import.meta.url));

/** Rooms that only some may enter. */
const MEMBERS = { staff: ['anna'] };
const MAX_TEXT_LENGTH = 500;
const MAX_BODY_BYTES = 64 * 1024;

/** Names by session. */
const sessions = new Map();
/** Who is in a room: names by tab, so that being told of one twice does no harm. */
const rooms = new Map();

function userOf({ headers }) {
  const session = /(?:^|; )session=([\w-]+)/.exec(headers.cookie ?? '')?.[1];
  return session && sessions.get(session);
}

async function bodyOf(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > MAX_BODY_BYTES) throw new Error('too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

async function publish(room, message) {
  await fetch(`${NJCHAN}/rooms/${room}`, { method: 'POST', body: JSON.stringify(message) });
}

/** Tells a room who is there. */
async function tellPresence(room) {
  const names = [...new Set(rooms.get(room)?.values() ?? [])].sort();
  await publish(room, { type: 'present', names });
}

const ROUTES = {
  'GET /': (_request, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(PAGE);
  },

  'POST /login': async (request, response) => {
    const name = new URLSearchParams(await bodyOf(request)).get('name') ?? '';
    if (!/^\w{1,20}$/.test(name)) {
      response.statusCode = 400;
      response.end('A name has letters and digits, 20 at most.\n');
      return;
    }
    const session = randomUUID();
    sessions.set(session, name);
    response.setHeader('Set-Cookie', `session=${session}; Path=/; HttpOnly; SameSite=Strict`);
    response.end('welcome\n');
  },

  'POST /logout': (request, response) => {
    const session = /session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
    sessions.delete(session);
    response.end('bye\n');
  },

  // nchan_authorize_request: only 200 to 298 let anybody in.
  'GET /ask/may-enter': (request, response) => {
    const user = userOf(request);
    const room = request.headers['x-room'];
    const members = Object.hasOwn(MEMBERS, room) ? MEMBERS[room] : undefined;
    if (!user) response.statusCode = 401;
    else if (members && !members.includes(user)) response.statusCode = 403;
    response.end();
  },

  // nchan_subscribe_request and nchan_unsubscribe_request: the answer does not matter.
  'GET /ask/entered': async (request, response, tab) => {
    const room = request.headers['x-room'];
    if (!rooms.has(room)) rooms.set(room, new Map());
    rooms.get(room).set(tab, userOf(request) ?? 'somebody');
    response.end();
    await tellPresence(room);
  },

  'GET /ask/left': async (request, response, tab) => {
    const room = request.headers['x-room'];
    rooms.get(room)?.delete(tab);
    response.end();
    await tellPresence(room);
  },

  // nchan_publisher_upstream_request: what is answered here is what the room gets.
  'POST /ask/check': async (request, response) => {
    const user = userOf(request);
    const text = (await bodyOf(request)).trim();
    if (!user || text.length > MAX_TEXT_LENGTH) {
      response.statusCode = 403;
      response.end();
      return;
    }
    if (text === '') {
      response.statusCode = 204;
      response.end();
      return;
    }
    response.end(JSON.stringify({ type: 'said', by: user, text: text.replace(/\bdarn\b/gi, '****') }));
  },
};

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://application');
  const key = `${request.method} ${pathname}`;
  const route = Object.hasOwn(ROUTES, key) ? ROUTES[key] : undefined;
  if (!route) {
    response.statusCode = 404;
    response.end();
    return;
  }
  Promise.resolve(route(request, response, searchParams.get('tab') ?? '')).catch((error) => {
    console.error(`${key}: ${error.message}`);
    if (!response.headersSent) response.statusCode = 500;
    response.end();
  });
});
server.listen(PORT, '127.0.0.1', () => console.log(`the application listens on ${PORT}`));
