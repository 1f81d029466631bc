/**
 * Every fault that njchan logs, by its code: what it means for those who use it, and what to do about it. The lines of
 * the log name the code and the cure, docs/operations.md lists them.
 */
export interface LogCode {
  readonly level: 'warn' | 'error';
  readonly meaning: string;
  readonly cure: string;
}

export const LOG_CODES = {
  'NJ-REDIS-AWAY': {
    level: 'warn',
    meaning: 'An upstream cannot be used: publishers and new subscribers get 503; who is subscribed waits.',
    cure: 'see why Redis is down or cannot be reached; nothing is to be done here once it is back',
  },
  'NJ-REDIS-CONNECTION': {
    level: 'warn',
    meaning: 'A connection to a server of Redis was lost or could not be made. It is tried again.',
    cure: 'look at that server, at its log, and at what is between here and there',
  },
  'NJ-REDIS-SENTINEL': {
    level: 'warn',
    meaning: 'A Sentinel does not name the master. The others are asked, and the last known master is used.',
    cure: 'look at the Sentinels, and at the name of the master in the URL',
  },
  'NJ-REDIS-RIVALS': {
    level: 'warn',
    meaning: 'More than one server of an upstream says that it is the master. Only one is written to.',
    cure: 'make the others replicas, or take them out of the upstream',
  },
  'NJ-REDIS-SUBSCRIPTION': {
    level: 'warn',
    meaning:
      'Redis refuses to announce the messages of a channel here: its subscribers get none. It is tried again.',
    cure: "give the user of Redis the right to the channels' PUBSUB channels (docs/redis.md)",
  },
  'NJ-REDIS-SCRIPTS': {
    level: 'warn',
    meaning: 'Somebody removed the scripts from Redis (SCRIPT FLUSH). They were loaded again.',
    cure: 'nothing, if it was meant; else find out who does that',
  },
  'NJ-REDIS-ANEW': {
    level: 'warn',
    meaning:
      'A cluster failed for too long: all connections are made anew from the servers of the configuration.',
    cure: 'look at the cluster; see nchan_redis_cluster_max_failing_time',
  },
  'NJ-REDIS-FULL': {
    level: 'warn',
    meaning: 'Redis has no room for messages: publishers get 503.',
    cure: "raise Redis's maxmemory, or keep fewer messages (nchan_message_buffer_length, nchan_message_timeout)",
  },
  'NJ-REDIS-FORBIDDEN': {
    level: 'error',
    meaning: 'The user of Redis may not do what a channel needs: publishers get 503, subscribers may wait.',
    cure: 'give it the rights that docs/redis.md lists',
  },
  'NJ-REDIS-CHANNEL': {
    level: 'error',
    meaning:
      'A script failed for a channel, or it was not read as it should. Other channels are not concerned.',
    cure: 'the line names the script and its line; njchan redis-check looks for keys that are not as they should be',
  },
  'NJ-REDIS-COPIES': {
    level: 'warn',
    meaning:
      'There is no room to keep copies of messages from Redis. The line says what becomes of them; none is lost where Redis stores messages for all servers.',
    cure: 'raise nchan_shared_memory_size',
  },
  'NJ-REDIS-CONFIG': {
    level: 'error',
    meaning: 'After a reload the connections to Redis are not as the configuration says.',
    cure: 'the line says why; correct the upstream and reload',
  },
  'NJ-REDIS-FAREWELL': {
    level: 'error',
    meaning:
      'The thread that takes leave of Redis when this process is killed has failed. It is started again.',
    cure: 'report it, with the line',
  },
  'NJ-MEMORY-FULL': {
    level: 'warn',
    meaning: 'There is no room for a message: its publisher got 507.',
    cure: 'raise nchan_shared_memory_size, or keep fewer messages (nchan_message_buffer_length, nchan_message_timeout)',
  },
  'NJ-GROUP-FORGOTTEN': {
    level: 'warn',
    meaning: 'Too many groups have limits and no channels: the limits of one were forgotten.',
    cure: 'set limits by the locations of publishers and subscribers, or fewer at a group location; see docs/groups.md',
  },
  'NJ-REQUEST-FAILED': {
    level: 'error',
    meaning: 'Something unexpected happened with a request: it was answered 500.',
    cure: 'report it, with the line',
  },
  'NJ-ANSWER-FAILED': {
    level: 'error',
    meaning: 'An answer could not be written: the connection was closed.',
    cure: 'report it, with the line',
  },
  'NJ-SUBSCRIBER-FAULT': {
    level: 'error',
    meaning: 'Something unexpected happened with a subscriber: it was closed, and can come back.',
    cure: 'report it, with the line',
  },
  'NJ-SERVER-SOCKET': {
    level: 'error',
    meaning: "The sidecar's socket has failed: nginx cannot be answered.",
    cure: 'often there are too few file descriptors: raise ulimit -n',
  },
  'NJ-NGINX-CONNECTION': {
    level: 'warn',
    meaning: 'A connection from nginx brought something that nginx does not send, and was closed.',
    cure: "see whether somebody else uses the sidecar's socket or address",
  },
  'NJ-NOT-A-HANDOFF': {
    level: 'warn',
    meaning: 'A request came that the gateway did not make, or one of another version: it was answered 400.',
    cure: 'run the same version of njchan in nginx and the sidecar, with the same secret; reload nginx after an update',
  },
  'NJ-EVENT-LOST': {
    level: 'warn',
    meaning: 'A channel event was not published: too many waited, or the store did not take it.',
    cure: 'if Redis is away or full, see to it; else events are more than it takes: have fewer locations tell of them',
  },
  'NJ-INFO-FAILED': {
    level: 'warn',
    meaning: 'Somebody who asked who subscribes to a channel was not told, or not of all.',
    cure: 'if Redis is away or full, see to it; else let fewer ask at a time, and not clients',
  },
  'NJ-HOOK-RETRIED': {
    level: 'warn',
    meaning:
      'An application was not there, or not ready, when it was to be told of a subscriber. It is tried again for five minutes.',
    cure: "look at the application and at nginx's error log",
  },
  'NJ-HOOK-FAILED': {
    level: 'warn',
    meaning:
      'An application was not told of a subscriber, though it was tried for five minutes, or nginx refused.',
    cure: "look at the application and at nginx's error log",
  },
  'NJ-HOOK-DROPPED': {
    level: 'warn',
    meaning: 'An application was not told of a subscriber, because too many wait to be told of.',
    cure: 'the application is too slow: make it faster, or ask it less',
  },
  'NJ-HOOK-PUBLISH': {
    level: 'warn',
    meaning: 'An application did not say what becomes of a message: its publisher got an error.',
    cure: "look at the application and at nginx's error log",
  },
  'NJ-HOOK-UNTOLD': {
    level: 'warn',
    meaning: 'When the sidecar stopped, an application had not answered for all subscribers.',
    cure: 'look at the application; what is kept in Redis is told after the next start',
  },
  'NJ-HOOK-KEEPING': {
    level: 'warn',
    meaning: 'Redis does not keep who subscribes: after a crash an application is not told of them.',
    cure: 'the line says why; see docs/hooks.md',
  },
  'NJ-HOOK-RECORD': {
    level: 'warn',
    meaning: 'Redis has something that is no unsubscribe request, where these are kept. It is dropped.',
    cure: 'see who else writes there: another version of njchan, or another program',
  },
  'NJ-CONFIG-UNREAD': {
    level: 'error',
    meaning: "The sidecar's configuration was not read again: the old one stays in force.",
    cure: 'the line says why',
  },
  'NJ-CONFIG-NOTICE': {
    level: 'warn',
    meaning: 'The compiler has accepted a line of the configuration, but it may not do what it looks like.',
    cure: 'look at the file and line that it names',
  },
  'NJ-FIGURES-FILE': {
    level: 'warn',
    meaning: 'The figures for $nchan_stub_status_… were not written: these variables stay as they were.',
    cure: 'the line says why; see that there is room where the run directory is',
  },
  'NJ-RUN-DIR-CLOSED': {
    level: 'warn',
    meaning: "nginx's workers may not enter the run directory: every request will be answered 502.",
    cure: 'the line names the directory and the command',
  },
  'NJ-RELOAD-REFUSED': {
    level: 'error',
    meaning: 'A reload was refused: the old configuration stays in force.',
    cure: 'correct what the line names; njchan check tries without reloading',
  },
  'NJ-RELOAD-FAILED': {
    level: 'error',
    meaning: 'A reload failed for a reason that is not the configuration.',
    cure: 'report it, with the line',
  },
  'NJ-SIDECAR-FAULT': {
    level: 'error',
    meaning: 'Something unexpected happened outside of any request: the sidecar ends.',
    cure: 'report it, with the line',
  },
  'NJ-SIDECAR-ENDED': {
    level: 'error',
    meaning:
      'The sidecar has died and is started again: subscribers come back, messages of the memory store are gone.',
    cure: 'the lines before it say why; SIGKILL is often the kernel, for want of memory',
  },
  'NJ-SIDECAR-START': {
    level: 'error',
    meaning: 'The sidecar could not be started again. It is tried again.',
    cure: 'the lines before it say why',
  },
  'NJ-NGINX-ENDED': {
    level: 'error',
    meaning: 'nginx has died, and so njchan up stops.',
    cure: "look at nginx's lines before it; let systemd or the containers' engine start njchan up again",
  },
  'NJ-NGINX-LEFTOVER': {
    level: 'warn',
    meaning: 'A killed njchan up left an nginx behind, which is stopped.',
    cure: 'nothing; stop njchan up with SIGTERM',
  },
  'NJ-STOP-SLOW': {
    level: 'warn',
    meaning: 'Requests or subscribers did not end in time, and were cut off.',
    cure: 'nothing, unless it happens with each stop: then a client or an application does not answer',
  },
} as const satisfies Record<string, LogCode>;

export type LogCodeName = keyof typeof LOG_CODES;
