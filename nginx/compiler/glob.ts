/** File name patterns as nginx's `include` takes them: those of glob(3), in the C locale. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** True for names that nginx looks up as a pattern. */
export function isPattern(path: string): boolean {
  return /[*?[]/.test(path);
}

/**
 * The files that match an absolute pattern, sorted by bytes. Directories that cannot be read count as empty, as they
 * do for glob(3).
 */
export function glob(pattern: string): string[] {
  let matches = ['/'];
  const segments = pattern.split('/').filter((segment) => segment !== '');
  for (const segment of segments) matches = matches.flatMap((directory) => matching(directory, segment));
  return matches.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function matching(directory: string, segment: string): string[] {
  if (!isPattern(segment)) {
    const path = join(directory, segment);
    return statSync(path, { throwIfNoEntry: false }) ? [path] : [];
  }
  const expression = segmentExpression(segment);
  return entries(directory)
    .filter((name) => expression.test(name) && (segment.startsWith('.') || !name.startsWith('.')))
    .map((name) => join(directory, name));
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** `a*.conf` as a regular expression for one path segment. */
function segmentExpression(segment: string): RegExp {
  const source = segment.replace(
    /\\(.)|\[([!^]?)(\]?[^\]]*)\]|[*?]|[^\\[*?]+|[\\[]/g,
    (part: string, escaped?: string, negated?: string, set?: string) => {
      if (escaped !== undefined) return literal(escaped);
      if (set !== undefined) return `[${negated ? '^' : ''}${set.replace(/[\\\]^[]/g, '\\$&')}]`;
      if (part === '*') return '.*';
      return part === '?' ? '.' : literal(part);
    },
  );
  return new RegExp(`^${source}$`, 's');
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
