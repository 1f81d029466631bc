/** A group location can be nothing else besides. Nchan's words, whichever directive comes first. */
import { findDirective } from './directives/index.ts';
import type { Endpoint } from './directives/row.ts';
import type { ProblemList } from './errors.ts';
import type { Directive } from './parser.ts';
import type { Scope } from './scopes.ts';

/** Adds a problem for every level that makes a location a group location and something else, with outer levels or not. */
export function reportGroupConflicts(scope: Scope, problems: ProblemList): void {
  const { own, values } = scope;
  const conflict = own.endpoint && values.endpoint && conflictOf(values.endpoint);
  const last = scope.ours.findLast(isEndpoint);
  if (conflict && last) problems.add(last.file, last.endLine, conflict);
  for (const child of scope.children) reportGroupConflicts(child, problems);
}

function conflictOf({ publisher, subscriber, redisStats, group }: Endpoint): string | undefined {
  if (!group || group.words.size === 0) return undefined;
  if (redisStats) {
    return "Can't have a redis stats location and also be a group access location (nchan_group + nchan_subscriber)";
  }
  if (publisher.size > 0 && subscriber.size > 0) {
    return "Can't have a publisher and subscriber location and also be a group access location (nchan_group + nchan_publisher, nchan_subscriber or nchan_pubsub)";
  }
  if (publisher.size === 0 && subscriber.size === 0) return undefined;
  const [kind, directive] =
    publisher.size > 0 ? ['publisher', 'nchan_publisher'] : ['subscriber', 'nchan_subscriber'];
  return `Can't have a ${kind} location and also be a group access location (nchan_group + ${directive})`;
}

function isEndpoint({ name }: Directive): boolean {
  const row = findDirective(name);
  return typeof row === 'object' && row.slot === 'endpoint';
}
