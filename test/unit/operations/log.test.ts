/** Lines of the log: one a fault, with its code and what to do, and nothing in it that a client could forge. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel, logFault } from '../../../sidecar/log.ts';
import { LOG_CODES, type LogCode } from '../../../sidecar/log-codes.ts';
import { threat } from '../../security/threats.ts';
import { REPOSITORY } from '../../support/files.ts';

/** A logger, and what it wrote. */
function logTo(format: 'human' | 'json', level?: LogLevel) {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { log: createLogger('sidecar', format, level, stream), lines };
}

const FORGED = 'x\n2026-11-21 00:00:00 error sidecar: forged \u001b[31m\u007f\u009b31m\u2028';

/** As clients of Redis throw them: with the command that failed. */
function replyError(): Error {
  const error = new Error('OOM command not allowed', { cause: new Error('used memory') });
  return Object.assign(error, { command: { name: 'evalsha', args: ['a message body'] }, token: 'a.b.c' });
}

describe.each(['human', 'json'] as const)('a fault in the %s format', (format) => {
  it('is one line with its code and the cure', () => {
    const { log, lines } = logTo(format);
    logFault(log, 'NJ-REDIS-FULL', 'a request was refused', { location: 'nginx.conf:3', err: replyError() });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.match(/\n/g)).toHaveLength(1);
    for (const part of ['NJ-REDIS-FULL', LOG_CODES['NJ-REDIS-FULL'].cure, 'nginx.conf:3', 'used memory']) {
      expect(lines[0]).toContain(part);
    }
    expect(lines[0]).toContain('log.test.ts');
  });

  it('has no control characters of what clients send', () => {
    threat('log-forgery');
    const { log, lines } = logTo(format);
    const error = new Error(FORGED);
    logFault(log, 'NJ-REQUEST-FAILED', FORGED, { location: FORGED, err: error });
    expect(lines.join('').slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028]/);
    if (format === 'json')
      expect(JSON.parse(lines[0] as string)).toMatchObject({ msg: FORGED, location: FORGED });
  });

  it('has nothing of an error but what it says, and where', () => {
    const { log, lines } = logTo(format);
    logFault(log, 'NJ-REQUEST-FAILED', 'a request failed', { err: replyError() });
    expect(lines.join('')).not.toMatch(/a message body|a\.b\.c|evalsha/);
  });

  it.each([
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
  ] as const)('is written with the level %s if it is grave enough', (level, written) => {
    const { log, lines } = logTo(format, level);
    log.info('info');
    logFault(log, 'NJ-REDIS-AWAY', 'warn');
    logFault(log, 'NJ-SIDECAR-ENDED', 'error');
    expect(lines).toHaveLength(written.length);
    written.forEach((text, i) => {
      expect(lines[i]).toContain(text);
    });
  });
});

it('a line for people reads as one', () => {
  const { log, lines } = logTo('human');
  logFault(log, 'NJ-MEMORY-FULL', 'a message was refused', { location: 'nginx.conf:3', request: 'ab' });
  expect(lines[0]).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d warn sidecar: a message was refused \[NJ-MEMORY-FULL: raise .*\] location=nginx\.conf:3 request=ab\n$/,
  );
});

describe('the codes', () => {
  const files = ['sidecar', 'cli'].flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(REPOSITORY, folder, name)),
  );
  const sources = files.map((file) => [file, readFileSync(file, 'utf8')] as const);

  it.each(Object.keys(LOG_CODES))('%s is used, and written as the others', (code) => {
    expect(code).toMatch(/^NJ(-[A-Z]+)+$/);
    const users = sources.filter(
      ([file, text]) => !file.endsWith('log-codes.ts') && text.includes(`'${code}'`),
    );
    expect(users.length).toBeGreaterThan(0);
    const { cure, meaning }: LogCode = LOG_CODES[code as keyof typeof LOG_CODES];
    expect(cure).toMatch(/^[a-z$].*[^.]$/);
    expect(meaning).toMatch(/\.$/);
  });

  it('are in every warning and error', () => {
    for (const [file, text] of sources) {
      expect(text, file).not.toMatch(/\blog\.(?:warn|error|fatal)\(/);
      expect(text, file).not.toMatch(/console\./);
    }
  });
});
