/** The scripts on a real Redis: as they are, and with the probes by which their coverage is measured. */
import { beforeEach, describe, expect, test } from 'vitest';
import { startRedis } from '../support/redis.ts';
import { shippedScripts } from '../support/shipped-scripts.ts';
import { coverageText, LuaCoverage, ratio } from './probes/coverage.ts';
import {
  describeGetSubscriberInfoId,
  describePublishNostore,
  describeRequestSubscriberInfo,
} from './scripts/alerts.ts';
import { describeChannelLife } from './scripts/channel-life.ts';
import { describeDelete } from './scripts/delete.ts';
import { describeFindChannel } from './scripts/find-channel.ts';
import { describeForgetWorkers } from './scripts/forget-workers.ts';
import { describeGetMessage, describeGetMessageFromKey } from './scripts/get-message.ts';
import { describeGetMessages } from './scripts/get-messages.ts';
import { describeFindHooks, describeKeepHooks } from './scripts/hooks.ts';
import { describeNthMessage } from './scripts/nth-message.ts';
import { describePublish } from './scripts/publish.ts';
import { describeRsck } from './scripts/rsck.ts';
import {
  describeAddFakesub,
  describeChannelKeepalive,
  describeSubscriberRegister,
  describeSubscriberUnregister,
} from './scripts/subscribers.ts';
import type { Lua } from './scripts/suite.ts';
import { Announcements } from './support/announcements.ts';
import { loadScripts } from './support/scripts.ts';

/** Part of the lines that tests must run, of each file and of all. */
const LEAST_COVERAGE = 0.95;

const SUITES: Record<string, (lua: Lua) => void> = {
  add_fakesub: describeAddFakesub,
  channel_keepalive: describeChannelKeepalive,
  channel_life: describeChannelLife,
  delete: describeDelete,
  find_channel: describeFindChannel,
  find_hooks: describeFindHooks,
  forget_workers: describeForgetWorkers,
  get_message: describeGetMessage,
  get_message_from_key: describeGetMessageFromKey,
  get_messages: describeGetMessages,
  get_subscriber_info_id: describeGetSubscriberInfoId,
  keep_hooks: describeKeepHooks,
  nth_message: describeNthMessage,
  publish: describePublish,
  publish_nostore: describePublishNostore,
  request_subscriber_info: describeRequestSubscriberInfo,
  rsck: describeRsck,
  subscriber_register: describeSubscriberRegister,
  subscriber_unregister: describeSubscriberUnregister,
};

const coverage = new LuaCoverage(shippedScripts());
const servers = { 'as they are': await startRedis(), 'with probes': await startRedis() };

for (const [how, server] of Object.entries(servers)) {
  const redis = await server.connect();
  const scripts = await loadScripts(redis, how === 'with probes' ? coverage.scripts : shippedScripts());
  const lua = { redis, scripts, announcements: await Announcements.listen(server) };

  describe(how, () => {
    beforeEach(async () => {
      await redis.flushall();
      await lua.announcements.take();
    });
    for (const [script, suite] of Object.entries(SUITES)) describe(script, () => suite(lua));
  });
}

test('every script has a suite', () => {
  expect(Object.keys(SUITES)).toEqual(shippedScripts().map(({ name }) => name));
});

test('the suites run nearly every line of every script', ({ task }) => {
  const files = coverage.report(servers['with probes'].log());
  const text = coverageText(files);
  // The reporter prints it, when everything is over.
  task.meta.luaCoverage = text;
  for (const file of files)
    expect(ratio([file]), `${file.file}\n${text}`).toBeGreaterThanOrEqual(LEAST_COVERAGE);
  expect(ratio(files), text).toBeGreaterThanOrEqual(LEAST_COVERAGE);
});
