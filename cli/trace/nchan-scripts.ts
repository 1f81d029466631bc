/**
 * The scripts of Nchan 1.3.6 and 1.3.7 by their hashes, for Redis servers that njchan and Nchan share. The arguments are
 * in the order in which Nchan sends them, as far as their meaning is known.
 */

export interface NchanScript {
  readonly name: string;
  /** Several where the versions differ. */
  readonly sha1s: readonly string[];
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** Nchan passes namespace and channel as arguments instead of keys. */
const CHANNEL = ['ns', 'id'] as const;

export const NCHAN_SCRIPTS: readonly NchanScript[] = [
  {
    name: 'add_fakesub',
    sha1s: ['f3b5cc02b9902e94db37949cf0eba6b3fb30376f'],
    keys: [],
    args: [...CHANNEL, 'delta', 'time', 'worker_id'],
  },
  {
    name: 'channel_keepalive',
    sha1s: ['7bfe076302b20eeb2e5b0a325599325c96fabc80'],
    keys: [],
    args: [...CHANNEL, 'ttl_ms', 'margin_ms'],
  },
  {
    name: 'delete',
    sha1s: ['a928e8b91abe4c7be327b4ed79a7e0b4a6a13236'],
    keys: [],
    args: [...CHANNEL, 'publish_command', 'accurate'],
  },
  {
    name: 'find_channel',
    sha1s: ['0c5d0e0663393ed714801cbe68940d4c8f81e076', 'a2c935167edd17b4a9c850f31dd8d2beb706b1c5'],
    keys: [],
    args: [...CHANNEL, 'accurate'],
  },
  {
    name: 'get_message',
    sha1s: ['fb9c46d33b3798a11d4eca6e0f7a3f92beba8685'],
    keys: [],
    args: [...CHANNEL, 'time', 'tag', 'order'],
  },
  {
    name: 'get_message_from_key',
    sha1s: ['304efcd42590f99e0016686572530defd3de1383'],
    keys: ['message'],
    args: [],
  },
  {
    name: 'get_subscriber_info_id',
    sha1s: ['3490d5bc3fdc7ed065d9d54b4a0cb8ad6b62c180'],
    keys: ['counter'],
    args: [],
  },
  {
    name: 'nostore_publish_multiexec_channel_info',
    sha1s: ['35696def4f2ec62f9b91a72fa17bba7a4e4cb6cf'],
    keys: [],
    args: [...CHANNEL, 'accurate'],
  },
  {
    name: 'publish',
    sha1s: ['1c68d9e05fe55e2992a917c41255f23e1330b255'],
    keys: [],
    args: [
      ...CHANNEL,
      'data',
      'content_type',
      'eventsource_event',
      'compression',
      'ttl',
      'max_messages',
      'cutoff',
      'publish_command',
      'accurate',
    ],
  },
  {
    name: 'request_subscriber_info',
    sha1s: ['93c500e094dfc5364251854eeac8d4331a0223c0'],
    keys: [],
    args: [...CHANNEL, 'request'],
  },
  { name: 'rsck', sha1s: ['2fca046fa783d6cc25e493c993c407e59998e6e8'], keys: [], args: [] },
  {
    name: 'subscriber_register',
    sha1s: ['24643f71942769759df94b4ddfea15925612f595'],
    keys: [],
    args: [...CHANNEL, 'subscriber_id', 'ttl_ms', 'margin_ms', 'time'],
  },
  {
    name: 'subscriber_unregister',
    sha1s: ['51f4b6919ec97d42f5a9a7a10ee7742579b6a8f4'],
    keys: [],
    args: [...CHANNEL, 'subscriber_id', 'empty_ttl'],
  },
];
